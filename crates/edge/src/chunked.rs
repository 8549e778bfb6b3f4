//! `aws-chunked`: bodies that are sent in signed or unsigned chunks, with or without a trailer.
//!
//! Source: "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks" and
//! "Trailing Headers" in the S3 API Reference.
//!
//! The decoder takes bytes as they arrive. The data of a signed chunk is handed out before its signature can be
//! known to be right, so nothing may be kept of it until [`Progress::End`].

use crate::encoding::{hex, unhex};
use crate::sigv4;
use bytes::{Buf, Bytes, BytesMut};
use checksum::{Algorithm, Hasher};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// A chunk's size and signature, or a line of the trailer, is never longer.
const LONGEST_LINE: usize = 1024;
/// S3 knows a checksum and a signature; SDKs send no more.
const MOST_TRAILERS: usize = 16;
/// The SHA-256 of nothing.
const EMPTY_HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What `x-amz-content-sha256` says of a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub signed: bool,
    pub trailer: bool,
}

/// The signatures of a stream's chunks, each built on the one before.
#[derive(Clone, Debug)]
pub struct Chain {
    key: [u8; 32],
    /// Date and scope, which are the same for each.
    middle: String,
    previous: String,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    Data(Bytes),
    NeedsMore,
    /// All is verified. The trailer's headers, in lower case, without the signature.
    End(Vec<(String, String)>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// The sentence says what is wrong with the framing.
    Malformed(&'static str),
    /// The signature of a chunk or of the trailer is another one.
    WrongSignature,
    /// The checksum in the trailer is another one.
    WrongChecksum(Algorithm),
    /// `x-amz-decoded-content-length` says another number.
    WrongLength { declared: u64, received: u64 },
}

pub struct Decoder {
    chain: Option<Chain>,
    form: Form,
    /// What computes it, unless whoever takes the body does.
    checksum: Option<Hasher>,
    /// The trailer's header that holds the checksum.
    checksum_header: String,
    declared: Option<u64>,
    received: u64,
    state: State,
    trailers: Vec<(String, String)>,
}

enum State {
    Size,
    Data {
        left: u64,
        hasher: Sha256,
        signature: Option<[u8; 32]>,
    },
    /// The line break after the data of a chunk.
    Break {
        hash: String,
        signature: Option<[u8; 32]>,
    },
    Trailer,
    Ended,
}

impl Form {
    /// `None` for a hash or another form of body.
    pub fn of(content_sha256: &str) -> Option<Self> {
        let form = content_sha256.strip_prefix("STREAMING-")?;
        let (form, trailer) = form.strip_suffix("-TRAILER").map_or((form, false), |it| (it, true));
        match form {
            "UNSIGNED-PAYLOAD" => Some(Self { signed: false, trailer }),
            "AWS4-HMAC-SHA256-PAYLOAD" | "AWS4-ECDSA-P256-SHA256-PAYLOAD" => Some(Self { signed: true, trailer }),
            _ => None,
        }
    }
}

impl Chain {
    /// Begins with the signature of the request's head.
    pub fn new(claim: &sigv4::Claim, key: [u8; 32]) -> Self {
        let middle = format!("{}\n{}", sigv4::time(claim), sigv4::scope(claim));
        Self { key, middle, previous: claim.signature.to_string() }
    }

    fn accept_chunk(&mut self, hash: &str, signature: Option<[u8; 32]>) -> Result<(), ChunkError> {
        let (middle, previous) = (&self.middle, &self.previous);
        let text = format!("AWS4-HMAC-SHA256-PAYLOAD\n{middle}\n{previous}\n{EMPTY_HASH}\n{hash}");
        self.accept(&text, signature)
    }

    fn accept_trailer(&mut self, trailers: &[(String, String)], signature: Option<[u8; 32]>) -> Result<(), ChunkError> {
        let lines: String = trailers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let (middle, previous, hash) = (&self.middle, &self.previous, sigv4::hash(lines.as_bytes()));
        let text = format!("AWS4-HMAC-SHA256-TRAILER\n{middle}\n{previous}\n{hash}");
        self.accept(&text, signature)
    }

    fn accept(&mut self, text: &str, signature: Option<[u8; 32]>) -> Result<(), ChunkError> {
        let signature = signature.ok_or(ChunkError::WrongSignature)?;
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a MAC takes keys of any length");
        mac.chain_update(text.as_bytes()).verify_slice(&signature).map_err(|_| ChunkError::WrongSignature)?;
        self.previous = hex(&signature);
        Ok(())
    }
}

impl Decoder {
    /// `chain` is absent where signatures are not verified. `trailer` is the header `x-amz-trailer`, `declared` is
    /// `x-amz-decoded-content-length`.
    pub fn new(form: Form, chain: Option<Chain>, trailer: Option<&str>, declared: Option<u64>) -> Self {
        let checksum_header = announced(trailer).unwrap_or_default();
        Self {
            chain: chain.filter(|_| form.signed),
            form,
            checksum: Algorithm::of_header(&checksum_header).map(Hasher::new),
            checksum_header,
            declared,
            received: 0,
            state: State::Size,
            trailers: Vec::new(),
        }
    }

    /// The same for who verifies the checksum of the body anyhow, which the trailer has to have all the same.
    pub fn without_checksum(self) -> Self {
        Self { checksum: None, ..self }
    }

    /// Takes what it can from `input`.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Progress, ChunkError> {
        loop {
            match &mut self.state {
                State::Size => {
                    let Some(line) = take_line(input)? else { return Ok(Progress::NeedsMore) };
                    let (size, signature) = parse_size(&line)?;
                    self.begin_chunk(size, signature)?;
                }
                State::Data { left, hasher, signature } => {
                    if input.is_empty() {
                        return Ok(Progress::NeedsMore);
                    }
                    let taken = input.split_to(usize::try_from(*left).unwrap_or(usize::MAX).min(input.len())).freeze();
                    *left -= taken.len() as u64;
                    if self.chain.is_some() {
                        hasher.update(&taken);
                    }
                    if *left == 0 {
                        let hash = hex(&std::mem::take(hasher).finalize());
                        self.state = State::Break { hash, signature: *signature };
                    }
                    self.count(&taken)?;
                    return Ok(Progress::Data(taken));
                }
                State::Break { hash, signature } => {
                    let Some(line) = take_line(input)? else { return Ok(Progress::NeedsMore) };
                    if !line.is_empty() {
                        return Err(ChunkError::Malformed("a chunk is longer than its size says"));
                    }
                    if let Some(chain) = &mut self.chain {
                        chain.accept_chunk(hash, *signature)?;
                    }
                    self.state = State::Size;
                }
                State::Trailer => {
                    let Some(line) = take_line(input)? else { return Ok(Progress::NeedsMore) };
                    if line.is_empty() {
                        return self.end();
                    }
                    self.add_trailer(&line)?;
                }
                State::Ended => return Ok(Progress::NeedsMore),
            }
        }
    }

    /// What to do when the body is over: some senders leave out the last line break.
    pub fn finish(&mut self) -> Result<Progress, ChunkError> {
        match self.state {
            State::Trailer => self.end(),
            State::Ended => Ok(Progress::NeedsMore),
            State::Size | State::Data { .. } | State::Break { .. } => {
                Err(ChunkError::Malformed("the body ends before its last chunk"))
            }
        }
    }

    fn begin_chunk(&mut self, size: u64, signature: Option<[u8; 32]>) -> Result<(), ChunkError> {
        self.state = if size > 0 {
            State::Data { left: size, hasher: Sha256::new(), signature }
        } else {
            if let Some(chain) = &mut self.chain {
                chain.accept_chunk(EMPTY_HASH, signature)?;
            }
            State::Trailer
        };
        Ok(())
    }

    fn count(&mut self, data: &[u8]) -> Result<(), ChunkError> {
        self.received += data.len() as u64;
        if let Some(declared) = self.declared.filter(|it| self.received > *it) {
            return Err(ChunkError::WrongLength { declared, received: self.received });
        }
        if let Some(checksum) = &mut self.checksum {
            checksum.update(data);
        }
        Ok(())
    }

    fn add_trailer(&mut self, line: &[u8]) -> Result<(), ChunkError> {
        let text = std::str::from_utf8(line).map_err(|_| ChunkError::Malformed("the trailer is not UTF-8"))?;
        let (name, value) = text.split_once(':').ok_or(ChunkError::Malformed("a line of the trailer has no colon"))?;
        if self.trailers.len() >= MOST_TRAILERS {
            return Err(ChunkError::Malformed("the trailer has too many lines"));
        }
        self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        Ok(())
    }

    fn end(&mut self) -> Result<Progress, ChunkError> {
        self.state = State::Ended;
        let mut trailers = std::mem::take(&mut self.trailers);
        let signed = trailers.iter().position(|(name, _)| name == "x-amz-trailer-signature");
        let signature = signed.map(|at| trailers.remove(at)).and_then(|(_, value)| unhex(&value));
        if let Some(chain) = self.chain.as_mut().filter(|_| self.form.trailer) {
            chain.accept_trailer(&trailers, signature)?;
        }
        if let Some(declared) = self.declared.filter(|it| *it != self.received) {
            return Err(ChunkError::WrongLength { declared, received: self.received });
        }
        let Some(algorithm) = Algorithm::of_header(&self.checksum_header) else { return Ok(Progress::End(trailers)) };
        let sent = trailers.iter().find(|(name, _)| *name == self.checksum_header);
        let sent = sent.ok_or(ChunkError::Malformed("the trailer lacks the checksum that x-amz-trailer announces"))?;
        if self.checksum.take().is_some_and(|it| it.finish().value != sent.1) {
            return Err(ChunkError::WrongChecksum(algorithm));
        }
        Ok(Progress::End(trailers))
    }
}

/// The header of a checksum that `x-amz-trailer` names.
pub fn announced(trailer: Option<&str>) -> Option<String> {
    let mut names = trailer?.split(',').map(|it| it.trim().to_ascii_lowercase());
    names.find(|it| it.starts_with("x-amz-checksum-"))
}

/// A whole body at once.
pub fn decode(mut decoder: Decoder, body: Bytes) -> Result<(Bytes, Vec<(String, String)>), ChunkError> {
    let (mut out, length) = (BytesMut::new(), body.len());
    let mut only: Option<Bytes> = None;
    let mut input = BytesMut::from(body);
    let mut progress = decoder.next(&mut input)?;
    loop {
        match progress {
            // Most bodies are one chunk, which is then not copied.
            Progress::Data(data) if only.is_none() && out.is_empty() => only = Some(data),
            Progress::Data(data) => {
                if let Some(first) = only.take() {
                    out.reserve(length);
                    out.extend_from_slice(&first);
                }
                out.extend_from_slice(&data);
            }
            Progress::NeedsMore => {
                progress = decoder.finish()?;
                continue;
            }
            Progress::End(trailers) => return Ok((only.unwrap_or_else(|| out.freeze()), trailers)),
        }
        progress = decoder.next(&mut input)?;
    }
}

/// A line without its break; `None` until all of it is there.
fn take_line(input: &mut BytesMut) -> Result<Option<Bytes>, ChunkError> {
    let Some(end) = input.iter().take(LONGEST_LINE).position(|it| *it == b'\n') else {
        let too_long = input.len() >= LONGEST_LINE;
        return if too_long { Err(ChunkError::Malformed("a line between the chunks is too long")) } else { Ok(None) };
    };
    let mut line = input.split_to(end).freeze();
    input.advance(1);
    if line.last() == Some(&b'\r') {
        line.truncate(line.len() - 1);
    }
    Ok(Some(line))
}

/// `10000;chunk-signature=ad80…`
fn parse_size(line: &[u8]) -> Result<(u64, Option<[u8; 32]>), ChunkError> {
    const WRONG: ChunkError = ChunkError::Malformed("a chunk does not begin with its size");
    let text = std::str::from_utf8(line).map_err(|_| WRONG)?;
    let (size, extension) = text.split_once(';').unwrap_or((text, ""));
    // `from_str_radix` takes a sign, which a size does not have.
    if size.starts_with('+') {
        return Err(WRONG);
    }
    let size = u64::from_str_radix(size.trim(), 16).map_err(|_| WRONG)?;
    Ok((size, extension.trim().strip_prefix("chunk-signature=").and_then(unhex)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigv4::{Algorithm, Claim, Place, SigningKeys};

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const SIGNED: Form = Form { signed: true, trailer: false };
    const SIGNED_TRAILER: Form = Form { signed: true, trailer: true };
    const UNSIGNED_TRAILER: Form = Form { signed: false, trailer: true };

    /// The claim of the documented examples, whose heads are signed with `seed`.
    fn chain(seed: &'static str) -> Chain {
        let claim = Claim {
            algorithm: Algorithm::Hmac,
            access_key: "AKIAIOSFODNN7EXAMPLE".into(),
            date: "20130524".into(),
            region: "us-east-1".into(),
            service: "s3".into(),
            signed_headers: "host".into(),
            signature: seed.into(),
            signed_at: "20130524T000000Z".into(),
            token: None,
            place: Place::Header,
        };
        Chain::new(&claim, SigningKeys::default().of(SECRET, &claim))
    }

    /// 65 KiB of the letter a in two chunks, and an empty one.
    fn body(signatures: [&str; 3], trailer: &str) -> Bytes {
        let [first, second, last] = signatures;
        let (long, short) = ("a".repeat(65536), "a".repeat(1024));
        format!(
            "10000;chunk-signature={first}\r\n{long}\r\n400;chunk-signature={second}\r\n{short}\r\n0;chunk-signature={last}\r\n{trailer}\r\n"
        )
        .into()
    }

    const SEED: &str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    const SIGNATURES: [&str; 3] = [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ];
    const TRAILER_SEED: &str = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
    const TRAILER_SIGNATURES: [&str; 3] = [
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ];
    const TRAILER: &str = "x-amz-checksum-crc32c:sOO8/Q==\r\n\
        x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n";

    fn documented(trailer: bool) -> (Decoder, Bytes) {
        if trailer {
            let decoder =
                Decoder::new(SIGNED_TRAILER, Some(chain(TRAILER_SEED)), Some("x-amz-checksum-crc32c"), Some(66560));
            (decoder, body(TRAILER_SIGNATURES, TRAILER))
        } else {
            (Decoder::new(SIGNED, Some(chain(SEED)), None, Some(66560)), body(SIGNATURES, ""))
        }
    }

    #[test]
    fn the_documented_chunks_are_right_however_they_arrive() {
        for (trailer, expected) in [(false, vec![]), (true, vec![("x-amz-checksum-crc32c", "sOO8/Q==")])] {
            let (decoder, body) = documented(trailer);
            let (data, trailers) = decode(decoder, body.clone()).expect("verified");
            assert_eq!(data, "a".repeat(66560));
            let trailers: Vec<_> = trailers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(trailers, expected);

            let (mut decoder, mut received, mut input) = (documented(trailer).0, 0, BytesMut::new());
            let mut ended = false;
            for piece in body.chunks(7) {
                input.extend_from_slice(piece);
                loop {
                    match decoder.next(&mut input).expect("verified") {
                        Progress::Data(data) => received += data.len(),
                        Progress::NeedsMore => break,
                        Progress::End(_) => ended = true,
                    }
                }
            }
            assert_eq!((received, ended), (66560, true));
        }
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        let refused = |trailer, from: &str, to: &str| {
            let (decoder, body) = documented(trailer);
            let changed = String::from_utf8(body.to_vec()).expect("text").replacen(from, to, 1);
            decode(decoder, changed.into()).expect_err("refused")
        };
        assert_eq!(refused(false, "aaaa", "aaba"), ChunkError::WrongSignature);
        assert_eq!(refused(false, "0055", "0056"), ChunkError::WrongSignature);
        assert_eq!(refused(true, "sOO8", "sOO9"), ChunkError::WrongSignature);
        assert_eq!(refused(true, "d81f", "d82f"), ChunkError::WrongSignature);
        assert_eq!(refused(true, "0;chunk-signature=2ca2", "0;chunk-signature=2ca3"), ChunkError::WrongSignature);
        let cut = |at: usize| {
            let (decoder, body) = documented(false);
            decode(decoder, body.slice(..at)).expect_err("refused")
        };
        assert_eq!(cut(1000), ChunkError::Malformed("the body ends before its last chunk"));
        assert_eq!(cut(65536 + 85), ChunkError::Malformed("the body ends before its last chunk"));
    }

    #[test]
    fn unsigned_chunks_are_checked_by_their_trailer_and_length() {
        let decoded = |declared, text: &str| {
            let decoder = Decoder::new(UNSIGNED_TRAILER, None, Some("x-amz-checksum-crc32"), Some(declared));
            decode(decoder, Bytes::copy_from_slice(text.as_bytes()))
        };
        let right = "5\r\n12345\r\n4\r\n6789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n";
        assert_eq!(decoded(9, right).expect("right").0, "123456789");
        assert_eq!(decoded(9, right.trim_end()).expect_err("the trailer's line is cut").clone(), {
            ChunkError::Malformed("the trailer lacks the checksum that x-amz-trailer announces")
        });
        assert_eq!(
            decoded(9, &right.replace("6789", "6780")),
            Err(ChunkError::WrongChecksum(checksum::Algorithm::Crc32))
        );
        assert_eq!(decoded(8, right), Err(ChunkError::WrongLength { declared: 8, received: 9 }));
        assert_eq!(decoded(10, right), Err(ChunkError::WrongLength { declared: 10, received: 9 }));
        assert_eq!(decoded(9, "+5\r\n12345\r\n"), Err(ChunkError::Malformed("a chunk does not begin with its size")));
        assert_eq!(decoded(9, "5\r\n12345x\r\n"), Err(ChunkError::Malformed("a chunk is longer than its size says")));
        assert_eq!(decoded(9, &"5".repeat(2000)), Err(ChunkError::Malformed("a line between the chunks is too long")));
    }

    #[test]
    fn each_form_has_its_name() {
        assert_eq!(Form::of("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), Some(SIGNED));
        assert_eq!(Form::of("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"), Some(SIGNED_TRAILER));
        assert_eq!(Form::of("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), Some(UNSIGNED_TRAILER));
        assert_eq!(Form::of("STREAMING-AWS4-HMAC-SHA256-EVENTS"), None);
        assert_eq!(Form::of("UNSIGNED-PAYLOAD"), None);
    }
}
