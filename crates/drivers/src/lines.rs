//! Bytes cut into lines, none longer than a bound.

use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest line that is kept whole: the longest log event of CloudWatch Logs (256 KB), less its 26 bytes of overhead.
pub const MAX_LINE: usize = 256 * 1024 - 26;

/// Collects bytes until a line is complete.
#[derive(Debug, Default)]
pub struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes the next bytes and gives each line that they complete, without its end. A longer line than [`MAX_LINE`] is
    /// given in pieces. What is not UTF-8 is replaced by U+FFFD.
    pub fn push(&mut self, mut bytes: &[u8], give: &mut dyn FnMut(&str)) {
        while let Some(end) = bytes.iter().position(|it| *it == b'\n') {
            if self.partial.is_empty() && end <= MAX_LINE {
                give(&text(&bytes[..end]));
            } else {
                self.keep(&bytes[..end], give);
                give(&text(&self.partial));
                self.partial.clear();
            }
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes, give);
    }

    /// At the end of the stream, a last line needs no end of its own.
    pub fn finish(&mut self, give: &mut dyn FnMut(&str)) {
        if !self.partial.is_empty() {
            give(&text(&self.partial));
            self.partial.clear();
        }
    }

    fn keep(&mut self, bytes: &[u8], give: &mut dyn FnMut(&str)) {
        let mut bytes = bytes;
        while self.partial.len() + bytes.len() > MAX_LINE {
            let (now, later) = bytes.split_at(MAX_LINE - self.partial.len());
            self.partial.extend_from_slice(now);
            give(&text(&self.partial));
            self.partial.clear();
            bytes = later;
        }
        self.partial.extend_from_slice(bytes);
    }
}

/// Reads a stream to its end, line by line.
pub async fn pump(mut stream: impl AsyncRead + Unpin, mut give: impl FnMut(&str)) {
    let (mut lines, mut buffer) = (Lines::default(), vec![0; 16 * 1024]);
    while let Ok(n) = stream.read(&mut buffer).await {
        if n == 0 {
            break;
        }
        lines.push(&buffer[..n], &mut give);
    }
    lines.finish(&mut give);
}

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes.strip_suffix(b"\r").unwrap_or(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&[u8]], expected: &[&str]) {
        let (mut lines, mut given) = (Lines::default(), Vec::new());
        for it in pieces {
            lines.push(it, &mut |it| given.push(it.to_owned()));
        }
        lines.finish(&mut |it| given.push(it.to_owned()));
        assert_eq!(given, expected);
    }

    #[test]
    fn lines_are_cut_wherever_the_pieces_end() {
        check(&[b"a\nb", b"c\n\nd"], &["a", "bc", "", "d"]);
        check(&[b"a\r\n"], &["a"]);
        check(&[b"\xff\n"], &["\u{fffd}"]);
        check(&[], &[]);
    }

    #[test]
    fn an_endless_line_is_given_in_pieces() {
        let long = vec![b'x'; MAX_LINE * 2 + 1];
        let whole = "x".repeat(MAX_LINE);
        check(&[&long, b"\n"], &[&whole, &whole, "x"]);
    }
}
