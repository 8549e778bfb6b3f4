//! Event streams (`application/vnd.amazon.eventstream`): frames with two checksums, and the events within them.
//!
//! A frame: total length, headers' length, CRC-32 of these; headers; payload; CRC-32 of everything before it. Big endian.

mod event;
mod frame;

pub use event::{
    Event, decode_event, encode_event, encode_event_error, encode_event_exception, encode_event_failure, encode_initial,
};
pub(crate) use event::{decode_all, encode_all};
pub use frame::{Frame, FrameError, Header, HeaderKind, MAX_FRAME, decode_frame, encode_frame};

pub(crate) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";
