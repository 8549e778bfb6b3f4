//! Words that cannot name an attribute in an expression ("Reserved words in DynamoDB").

use std::sync::LazyLock;

/// Sorted.
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("reserved.txt").split_whitespace().collect());

/// The longest: no longer word is looked for.
const LONGEST: usize = 14;

pub(crate) fn is_reserved(word: &str) -> bool {
    word.len() <= LONGEST && WORDS.binary_search(&word.to_ascii_uppercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_known_whole() {
        assert!(WORDS.is_sorted());
        assert_eq!(WORDS.len(), 573);
        assert_eq!(WORDS.iter().map(|it| it.len()).max(), Some(LONGEST));
        assert!(is_reserved("Name") && is_reserved("status") && !is_reserved("orderId"));
    }
}
