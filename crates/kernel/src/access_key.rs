//! Access key ids. Their first bits hold the account, as AWS's do, so that an id alone tells whose it is.

/// Base 32.
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// After the four letters of the kind: 80 bits, the first of them set, then the account's number, then random ones.
const CHARACTERS: usize = 16;
const MARK: u128 = 1 << 79;
const RANDOM_BITS: u32 = 39;
const ACCOUNT: u128 = (1 << 40) - 1;

/// `AKIA…` or `ASIA…`.
pub(crate) fn id(kind: &str, account: &str, random: [u8; 8]) -> String {
    let account: u128 = account.parse().unwrap_or(0);
    let random = u128::from(u64::from_be_bytes(random)) & ((1 << RANDOM_BITS) - 1);
    let bits = MARK | (account & ACCOUNT) << RANDOM_BITS | random;
    let letter = |at: usize| char::from(LETTERS[(bits >> (5 * (CHARACTERS - 1 - at)) & 31) as usize]);
    kind.chars().chain((0..CHARACTERS).map(letter)).collect()
}

/// The account of a key, whether it exists or not; none for what no key can be.
pub fn account_of_key(id: &str) -> Option<String> {
    let letters = id.as_bytes().get(4..).filter(|it| it.len() == CHARACTERS)?;
    let mut bits = 0;
    for letter in letters {
        bits = bits << 5 | LETTERS.iter().position(|it| it == letter)? as u128;
    }
    let account = bits >> RANDOM_BITS & ACCOUNT;
    (bits & MARK != 0 && account < 1_000_000_000_000).then(|| format!("{account:012}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_account() {
        for account in ["000000000000", "111122223333", "999999999999"] {
            let id = id("AKIA", account, [0xa5; 8]);
            assert_eq!(id.len(), 20);
            assert_eq!(account_of_key(&id).as_deref(), Some(account));
        }
        assert_eq!(account_of_key("AKIAIOSFODNN7EXAMPLE"), None);
        assert_eq!(account_of_key("test"), None);
    }
}
