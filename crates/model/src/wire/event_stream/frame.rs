//! One frame.

use bytes::Bytes;

use crate::value::Timestamp;

/// AWS's limit: 16 MiB of payload and 128 KiB of headers.
pub const MAX_FRAME: usize = 16 * 1024 * 1024 + 128 * 1024 + 16;

/// Both lengths and their checksum.
const PRELUDE: usize = 12;
const CHECKSUM: usize = 4;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    pub headers: Vec<Header>,
    pub payload: Bytes,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub name: String,
    pub value: HeaderKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum HeaderKind {
    Bool(bool),
    Byte(i8),
    Short(i16),
    Integer(i32),
    Long(i64),
    Bytes(Bytes),
    String(String),
    Timestamp(Timestamp),
    Uuid([u8; 16]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// More bytes are needed: this many in all, as far as is known.
    Incomplete(usize),
    /// Longer than [`MAX_FRAME`], or shorter than a frame can be.
    Length,
    /// One of the two checksums is wrong.
    Checksum,
    /// The headers do not have their form.
    Headers,
}

impl Frame {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name == name).and_then(|header| match &header.value {
            HeaderKind::String(text) => Some(text.as_str()),
            _ => None,
        })
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Header { name: name.to_owned(), value: HeaderKind::String(value.to_owned()) });
        self
    }
}

/// Names longer than 255 bytes and values longer than 65,535 have no form; they are cut off there.
pub fn encode_frame(frame: &Frame) -> Bytes {
    let mut headers = Vec::new();
    frame.headers.iter().for_each(|header| encode_header(header, &mut headers));
    let total = PRELUDE + headers.len() + frame.payload.len() + CHECKSUM;
    let mut out = Vec::with_capacity(total);
    out.extend_from_slice(&(total as u32).to_be_bytes());
    out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(&frame.payload);
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    Bytes::from(out)
}

/// The first frame in `bytes`, and its length in bytes.
pub fn decode_frame(bytes: &Bytes) -> Result<(Frame, usize), FrameError> {
    if bytes.len() < PRELUDE {
        return Err(FrameError::Incomplete(PRELUDE));
    }
    let total = number(&bytes[0..4]) as usize;
    let of_headers = number(&bytes[4..8]) as usize;
    if number(&bytes[8..12]) != crc32fast::hash(&bytes[..8]) {
        return Err(FrameError::Checksum);
    }
    if !(PRELUDE + CHECKSUM..=MAX_FRAME).contains(&total) || of_headers > total - PRELUDE - CHECKSUM {
        return Err(FrameError::Length);
    }
    if bytes.len() < total {
        return Err(FrameError::Incomplete(total));
    }
    let end = total - CHECKSUM;
    if number(&bytes[end..total]) != crc32fast::hash(&bytes[..end]) {
        return Err(FrameError::Checksum);
    }
    let headers = decode_headers(bytes.slice(PRELUDE..PRELUDE + of_headers)).ok_or(FrameError::Headers)?;
    let payload = bytes.slice(PRELUDE + of_headers..end);
    Ok((Frame { headers, payload }, total))
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().expect("four bytes"))
}

fn encode_header(header: &Header, out: &mut Vec<u8>) {
    let name = &header.name.as_bytes()[..header.name.len().min(255)];
    out.push(name.len() as u8);
    out.extend_from_slice(name);
    match &header.value {
        HeaderKind::Bool(true) => out.push(0),
        HeaderKind::Bool(false) => out.push(1),
        HeaderKind::Byte(it) => push(out, 2, &it.to_be_bytes()),
        HeaderKind::Short(it) => push(out, 3, &it.to_be_bytes()),
        HeaderKind::Integer(it) => push(out, 4, &it.to_be_bytes()),
        HeaderKind::Long(it) => push(out, 5, &it.to_be_bytes()),
        HeaderKind::Bytes(it) => push_long(out, 6, it),
        HeaderKind::String(it) => push_long(out, 7, it.as_bytes()),
        HeaderKind::Timestamp(it) => push(out, 8, &it.0.to_be_bytes()),
        HeaderKind::Uuid(it) => push(out, 9, it),
    }
}

fn push(out: &mut Vec<u8>, kind: u8, value: &[u8]) {
    out.push(kind);
    out.extend_from_slice(value);
}

fn push_long(out: &mut Vec<u8>, kind: u8, value: &[u8]) {
    let value = &value[..value.len().min(usize::from(u16::MAX))];
    out.push(kind);
    out.extend_from_slice(&(value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
}

fn decode_headers(mut rest: Bytes) -> Option<Vec<Header>> {
    let mut headers = Vec::new();
    while !rest.is_empty() {
        let length = usize::from(take(&mut rest, 1)?[0]);
        let name = String::from_utf8(take(&mut rest, length)?.to_vec()).ok()?;
        let kind = take(&mut rest, 1)?[0];
        headers.push(Header { name, value: decode_value(kind, &mut rest)? });
    }
    Some(headers)
}

fn decode_value(kind: u8, rest: &mut Bytes) -> Option<HeaderKind> {
    Some(match kind {
        0 => HeaderKind::Bool(true),
        1 => HeaderKind::Bool(false),
        2 => HeaderKind::Byte(i8::from_be_bytes(array(rest)?)),
        3 => HeaderKind::Short(i16::from_be_bytes(array(rest)?)),
        4 => HeaderKind::Integer(i32::from_be_bytes(array(rest)?)),
        5 => HeaderKind::Long(i64::from_be_bytes(array(rest)?)),
        6 | 7 => {
            let length = usize::from(u16::from_be_bytes(array(rest)?));
            let bytes = take(rest, length)?;
            if kind == 6 {
                HeaderKind::Bytes(bytes)
            } else {
                HeaderKind::String(String::from_utf8(bytes.to_vec()).ok()?)
            }
        }
        8 => HeaderKind::Timestamp(Timestamp(i64::from_be_bytes(array(rest)?))),
        9 => HeaderKind::Uuid(array(rest)?),
        _ => return None,
    })
}

fn take(rest: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= rest.len()).then(|| rest.split_to(length))
}

fn array<const N: usize>(rest: &mut Bytes) -> Option<[u8; N]> {
    take(rest, N)?.as_ref().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_header_makes_the_round_trip() {
        let values = [
            HeaderKind::Bool(true),
            HeaderKind::Bool(false),
            HeaderKind::Byte(-1),
            HeaderKind::Short(-300),
            HeaderKind::Integer(70_000),
            HeaderKind::Long(i64::MIN),
            HeaderKind::Bytes(Bytes::from_static(&[0, 255])),
            HeaderKind::String("text".into()),
            HeaderKind::Timestamp(Timestamp(1_422_172_800_000)),
            HeaderKind::Uuid([7; 16]),
        ];
        let headers = values.into_iter().map(|value| Header { name: "h".into(), value }).collect();
        let frame = Frame { headers, payload: Bytes::from_static(b"payload") };
        let bytes = encode_frame(&frame);
        assert_eq!(decode_frame(&bytes), Ok((frame, bytes.len())));
    }

    #[test]
    fn an_empty_frame_is_the_one_of_the_specification() {
        let bytes = encode_frame(&Frame::default());
        assert_eq!(bytes[..], [0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff]);
    }

    #[test]
    fn damage_is_seen() {
        let whole = encode_frame(&Frame::default().with("a", "b"));
        for at in 0..whole.len() {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 1;
            assert!(decode_frame(&Bytes::from(bytes)).is_err(), "byte {at}");
            assert_eq!(
                decode_frame(&whole.slice(..at)),
                Err(FrameError::Incomplete(if at < 12 { 12 } else { whole.len() }))
            );
        }
    }
}
