//! Characters that nobody sees and a model reads all the same: the ink of hidden instructions.

/// Whether a character is one that is left out: control characters, zero-width spaces, overrides of
/// direction, variation selectors of the supplement, and tags.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{202d}' | '\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || c.is_control() && !matches!(c, '\n' | '\t')
}

/// The text without them. Joiners stay: Persian, Hindi and emoji need them.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .filter(|c| !is_hidden(*c))
        .map(|c| if c == '\u{a0}' { ' ' } else { c })
        .collect()
}

/// The first `chars_max` characters, and whether there were more.
pub(crate) fn beginning(text: &str, chars_max: usize) -> (&str, bool) {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => (&text[..end], true),
        None => (text, false),
    }
}

#[cfg(test)]
mod tests {
    use super::{beginning, visible};

    #[test]
    fn what_nobody_sees_is_left_out() {
        let tagged: String = "ignore"
            .chars()
            .map(|c| char::from_u32(0xe0000 + c as u32).unwrap())
            .collect();
        assert_eq!(
            visible(&format!("a{tagged}b\u{200b}c\u{202e}d\0e\u{1b}")),
            "abcde"
        );
        let kept = "می\u{200c}خواهم 👩\u{200d}👩 a\n\tb";
        assert_eq!(visible(kept), kept);
    }

    #[test]
    fn a_beginning_ends_between_characters() {
        assert_eq!(beginning("äöü", 2), ("äö", true));
        assert_eq!(beginning("äöü", 3), ("äöü", false));
    }
}
