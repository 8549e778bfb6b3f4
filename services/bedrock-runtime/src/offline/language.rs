//! English or Spanish, and the words of each that mean nothing by themselves.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Spanish,
}

/// Words of each language that any text of it is full of.
const ENGLISH: &str = "a about after all also am an and any are as at be because been before but by can could did do does each for from \
    had has have he her here him his how i if in into is it its just me more most my no not of on only or other our out \
    over she should so some such than that the their them then there these they this to too up us very was we were what \
    when where which who why will with would you your";
const SPANISH: &str = "a al algo ante aunque así cada como cómo con cual cuál cuando cuándo de del desde donde dónde dos e el él ella ellas \
    ellos en entre era eran es esa ese eso esta está están este esto estos fue fueron ha han hay la las le les lo los más \
    me mi muy no nos o para pero por porque qué que quién quien se sea ser si sí sin sobre son su sus también tan te tiene \
    tu un una unas uno unos y ya";

impl Language {
    /// Of the words in lower case. English where nothing speaks for either.
    pub fn of<'a>(words: impl Iterator<Item = &'a str>) -> Language {
        let (mut english, mut spanish) = (0, 0);
        for word in words {
            english += usize::from(listed(ENGLISH, word));
            spanish +=
                usize::from(listed(SPANISH, word)) + usize::from(word.contains(['ñ', 'á', 'é', 'í', 'ó', 'ú', '¿']));
        }
        if spanish > english { Language::Spanish } else { Language::English }
    }

    pub fn choose(self, english: &'static str, spanish: &'static str) -> &'static str {
        match self {
            Language::English => english,
            Language::Spanish => spanish,
        }
    }
}

/// Says something about a text by itself: no article, pronoun or preposition of either language, and not a single letter.
pub fn is_content(word: &str) -> bool {
    word.chars().nth(1).is_some() && !listed(ENGLISH, word) && !listed(SPANISH, word)
}

pub fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|it| it == word)
}
