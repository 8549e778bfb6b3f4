//! Receipt handles: what stands for a message that somebody has received. Nobody but us has to read one.

use api::sqs::error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use model::Result;

#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    pub sequence: u64,
    /// Where the message was put in the order of a standard queue; FIFO queues find it by its sequence.
    pub visible_at: i64,
    /// Changes with every receive, so that only the latest receiver can hide or delete the message.
    pub nonce: u64,
}

impl Receipt {
    pub fn handle(&self) -> String {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.visible_at.to_be_bytes());
        bytes[16..].copy_from_slice(&self.nonce.to_be_bytes());
        BASE64.encode(bytes)
    }

    pub fn parse(handle: &str) -> Result<Receipt> {
        let mut bytes = [0; 24];
        if BASE64.decode_slice(handle, &mut bytes) != Ok(24) {
            return Err(error::RECEIPT_HANDLE_IS_INVALID
                .with(format!("The input receipt handle \"{handle}\" is not a valid receipt handle.")));
        }
        let word = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        Ok(Receipt { sequence: word(0), visible_at: word(8) as i64, nonce: word(16) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_read_as_it_was_written_and_nothing_else_is() {
        let it = Receipt { sequence: 7, visible_at: -1, nonce: u64::MAX };
        let back = Receipt::parse(&it.handle()).unwrap();
        assert_eq!((back.sequence, back.visible_at, back.nonce), (7, -1, u64::MAX));
        for bad in ["", "nonsense", &it.handle()[1..], &format!("{}AAAA", it.handle()), "ü"] {
            assert!(Receipt::parse(bad).is_err(), "{bad}");
        }
    }
}
