use crate::secret::Secret;

/// How a key shows in a masked text.
const MASKED: &str = "[masked]";

/// Beginnings of our own keys, of those of the providers people use, and of signed tokens.
const KEY_PREFIXES: [&str; 13] = [
    "jan_sk_", "sk-", "sk_", "pk-", "rk-", "gsk_", "xai-", "hf_", "nvapi-", "AIza", "pplx-", "r8_",
    "eyJ",
];

/// Takes keys out of a provider's words.
pub(crate) struct Mask {
    key: Option<Secret>,
}

impl Mask {
    pub(crate) fn new(key: Option<Secret>) -> Self {
        Self {
            key: key.filter(|key| !key.expose().is_empty()),
        }
    }

    /// The text with keys masked, cut to so many characters, and without NUL, which no event can
    /// hold.
    pub(crate) fn apply(&self, text: &str, chars_max: usize) -> String {
        let text = match &self.key {
            Some(key) => text.replace(key.expose(), MASKED),
            None => text.to_owned(),
        };
        let text = text.replace('\0', "\u{fffd}");
        let masked = mask_words(&text);
        match masked.char_indices().nth(chars_max) {
            Some((end, _)) => masked[..end].to_owned(),
            None => masked,
        }
    }
}

/// Masks words that look like keys, and whatever follows `Bearer`.
fn mask_words(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut after_bearer = false;
    let mut rest = text;
    while !rest.is_empty() {
        let word_end = rest.find(|c| !is_key_char(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word_end);
        let gap_end = after.find(is_key_char).unwrap_or(after.len());
        let (gap, next) = after.split_at(gap_end);
        // The end of a sentence is no part of a key.
        let bare = word.trim_end_matches('.');
        if looks_like_key(bare) || (after_bearer && !bare.is_empty()) {
            masked.push_str(MASKED);
            masked.push_str(&word[bare.len()..]);
        } else {
            masked.push_str(word);
        }
        masked.push_str(gap);
        after_bearer = word.eq_ignore_ascii_case("bearer");
        rest = next;
    }
    masked
}

/// `*` belongs to keys because providers show the ends of a key around asterisks.
fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*' | '+' | '/' | '=' | '~')
}

fn looks_like_key(word: &str) -> bool {
    // `key=sk-…` and `…/sk-…` are one word each.
    word.split(['=', '/']).any(|part| {
        let known = KEY_PREFIXES.iter().any(|prefix| part.starts_with(prefix));
        (known && part.len() >= 8) || part.contains("***")
    })
}

#[cfg(test)]
mod tests {
    use super::{Mask, Secret};

    fn masked(text: &str) -> String {
        Mask::new(Some(Secret::new("tr0ub4dor&3".to_owned()))).apply(text, 500)
    }

    #[test]
    fn keys_are_masked_whatever_surrounds_them() {
        for (said, shown) in [
            (
                "Incorrect API key provided: sk-abcdefgh1234.",
                "Incorrect API key provided: [masked].",
            ),
            ("bad key sk-proj-****wxyz, sorry", "bad key [masked], sorry"),
            ("got 'Bearer abc.def' here", "got 'Bearer [masked]' here"),
            ("header: bearer  abc", "header: bearer  [masked]"),
            ("your tr0ub4dor&3 is wrong", "your [masked] is wrong"),
            ("?api_key=sk-12345678&x=1", "?[masked]&x=1"),
            ("key ab****yz", "key [masked]"),
            ("{\"k\":\"gsk_abcdefgh\"}", "{\"k\":\"[masked]\"}"),
        ] {
            assert_eq!(masked(said), shown);
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for text in [
            "Unknown parameter: 'messages[0].task-name'.",
            "max_tokens is too large: 5 > 3. Ask for less.",
            "sk- is how keys begin",
            "größer, 日本語 🙂",
            "",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn a_nul_becomes_what_can_be_kept() {
        assert_eq!(
            masked("a\0b sk-\x0012345678"),
            "a\u{fffd}b sk-\u{fffd}12345678"
        );
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let mask = Mask::new(None);
        assert_eq!(mask.apply("äöü", 2), "äö");
        assert_eq!(mask.apply("äöü", 3), "äöü");
    }
}
