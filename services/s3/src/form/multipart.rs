//! `multipart/form-data` as it comes: fields first, then a file that is handed on piece by piece.
//!
//! Source: RFC 7578, RFC 2046.

use super::malformed;
use bytes::{Buf, Bytes, BytesMut};
use kernel::{Body, Pieces};
use memchr::memmem::Finder;
use model::Result;
use std::task::{Context, Poll, ready};

/// A form whose parts are read one after the other.
pub struct Form {
    body: Body,
    /// What was read and not yet used. It looks as if a line break stood before the first delimiter.
    buffer: BytesMut,
    delimiter: Finder<'static>,
}

/// What is said of a part before its content.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    pub name: String,
    pub filename: Option<String>,
}

/// "Boundary delimiters must not be longer than 70 characters" (RFC 2046).
const LONGEST_BOUNDARY: usize = 70;
const LONGEST_HEAD: usize = 8 * 1024;
const LINE: &[u8] = b"\r\n";
const EMPTY_LINE: &[u8] = b"\r\n\r\n";

impl Form {
    /// `content_type` names the boundary.
    pub fn new(body: Body, content_type: &str) -> Result<Self> {
        let boundary = parameter(content_type, "boundary").filter(|it| (1..=LONGEST_BOUNDARY).contains(&it.len()));
        let boundary = boundary.ok_or_else(malformed)?;
        let delimiter = Finder::new(format!("\r\n--{boundary}").as_bytes()).into_owned();
        Ok(Self { body, buffer: BytesMut::from(LINE), delimiter })
    }

    /// The head of the next part; none at the form's end. What stood before it must have been read.
    pub async fn next(&mut self) -> Result<Option<Head>> {
        self.until(&self.delimiter.clone(), LONGEST_HEAD).await?;
        while self.buffer.len() < LINE.len() {
            self.read().await?;
        }
        if self.buffer.starts_with(b"--") {
            return Ok(None);
        }
        let head = self.until(&Finder::new(EMPTY_LINE), LONGEST_HEAD).await?;
        read_head(&head).map(Some).ok_or_else(malformed)
    }

    /// The content of a small part, of at most so many bytes.
    pub async fn value(&mut self, most: usize) -> Result<Bytes> {
        let delimiter = self.delimiter.clone();
        let value = self.until(&delimiter, most).await?;
        // The delimiter is looked for again where the next part begins.
        let mut rest = BytesMut::from(delimiter.needle());
        rest.extend_from_slice(&self.buffer);
        self.buffer = rest;
        Ok(value)
    }

    /// The content of the part whose head was read last. What follows it is nobody's.
    pub fn file(self) -> File {
        File { form: self, ended: false }
    }

    /// Takes everything up to a mark, and the mark.
    async fn until(&mut self, mark: &Finder<'_>, most: usize) -> Result<Bytes> {
        let mut seen = 0;
        loop {
            if let Some(at) = mark.find(&self.buffer[seen..]) {
                let taken = self.buffer.split_to(seen + at).freeze();
                self.buffer.advance(mark.needle().len());
                return Ok(taken);
            }
            if self.buffer.len() > most + mark.needle().len() {
                return Err(super::too_much_before());
            }
            seen = (self.buffer.len() + 1).saturating_sub(mark.needle().len());
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<()> {
        let piece = self.body.next().await.ok_or_else(malformed)??;
        self.buffer.extend_from_slice(&piece);
        Ok(())
    }
}

pub struct File {
    form: Form,
    ended: bool,
}

impl Pieces for File {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let form = &mut self.form;
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            if let Some(at) = form.delimiter.find(&form.buffer) {
                self.ended = true;
                let last = form.buffer.split_to(at).freeze();
                return Poll::Ready((!last.is_empty()).then_some(Ok(last)));
            }
            // The end may hold the beginning of a delimiter.
            let safe = (form.buffer.len() + 1).saturating_sub(form.delimiter.needle().len());
            if safe > 0 {
                return Poll::Ready(Some(Ok(form.buffer.split_to(safe).freeze())));
            }
            match ready!(form.body.poll_next(cx)) {
                Some(Ok(piece)) => form.buffer.extend_from_slice(&piece),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(Some(Err(malformed()))),
            }
        }
    }
}

fn read_head(bytes: &[u8]) -> Option<Head> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = text.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    Some(Head { name: parameter(line, "name")?, filename: parameter(line, "filename") })
}

/// `…; name="value"`, of a header. Browsers write a quote within a value as `%22`, others as `\"`.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header;
    while let Some(at) = rest.find(';') {
        rest = rest[at + 1..].trim_start();
        let (found, value) = rest.split_once('=')?;
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = value.find(';').unwrap_or(value.len());
                (value[..end].trim().to_owned(), &value[end..])
            }
        };
        if found.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = behind;
    }
    None
}

/// What stands before the closing quote, and what behind it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut characters) = (String::new(), text.char_indices());
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value.replace("%22", "\""), &text[at + 1..])),
            // Some browsers send paths of Windows as they are.
            '\\' if text[at + 1..].starts_with(['"', '\\']) => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::future::poll_fn;

    struct Sent(VecDeque<Bytes>);

    impl Pieces for Sent {
        fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
            Poll::Ready(self.0.pop_front().map(Ok))
        }
    }

    /// Name and content of each field, and those of the file, which is what is called so.
    fn read(sent: &[u8], cut: usize) -> Result<Vec<(String, Bytes)>> {
        let pieces = sent.chunks(cut).map(Bytes::copy_from_slice).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be made");
        runtime.block_on(async {
            let mut form = Form::new(Body::new(None, Sent(pieces)), "multipart/form-data; boundary=\"X-1\"")?;
            let mut found = Vec::new();
            while let Some(head) = form.next().await? {
                if head.name == "file" {
                    let mut file = form.file();
                    let mut whole = BytesMut::new();
                    while let Some(piece) = poll_fn(|cx| file.poll_next(cx)).await {
                        whole.extend_from_slice(&piece?);
                    }
                    found.push((head.filename.unwrap_or_default(), whole.freeze()));
                    return Ok(found);
                }
                found.push((head.name, form.value(1000).await?));
            }
            Ok(found)
        })
    }

    fn sent(file: &[u8]) -> Vec<u8> {
        let mut out = b"ignored\r\n--X-1\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na;b\r\n--X-1\r\n\
            content-disposition: form-data; name=empty\r\n\r\n\r\n--X-1\r\nContent-Disposition: form-data; name=\"file\"; \
            filename=\"C:\\a \\\"b\\\".txt\"\r\nContent-Type: text/plain\r\n\r\n"
            .to_vec();
        out.extend_from_slice(file);
        out.extend_from_slice(b"\r\n--X-1--\r\n");
        out
    }

    #[test]
    fn a_form_is_read_in_any_pieces() {
        let file = b"line\r\n--X-2\r\n--X-\r\nend\r\n";
        for cut in 1..60 {
            let found = read(&sent(file), cut).expect("it is well formed");
            let names: Vec<&str> = found.iter().map(|it| it.0.as_str()).collect();
            assert_eq!(names, ["key", "empty", "C:\\a \"b\".txt"], "{cut}");
            assert_eq!(
                (&found[0].1[..], &found[1].1[..], &found[2].1[..]),
                (&b"a;b"[..], &b""[..], &file[..]),
                "{cut}"
            );
        }
    }

    #[test]
    fn what_is_cut_off_is_malformed() {
        let whole = sent(b"content");
        for end in 0..whole.len() - 8 {
            let error = read(&whole[..end], 16).expect_err("there is no end");
            assert_eq!(error.code(), "MalformedPOSTRequest", "{end}");
        }
        let long = [b"\r\n--X-1\r\nContent-Disposition: form-data; name=a\r\n\r\n", &[b'x'; 3000][..]].concat();
        assert_eq!(read(&long, 100).expect_err("it is too long").code(), "MaxPostPreDataLengthExceededError");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, cut in 1usize..9) {
            let _ = read(&[b"--X-1\r\nContent-Disposition:".as_slice(), &bytes, b"\r\n\r\n", &bytes].concat(), cut);
        }

        #[test]
        fn files_come_out_as_they_went_in(file: Vec<u8>, cut in 1usize..50) {
            let found = read(&sent(&file), cut).expect("it is well formed");
            prop_assert_eq!(&found[2].1[..], &file[..]);
        }
    }
}
