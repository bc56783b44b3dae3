//! Where a text is cut: at the ends of paragraphs if it can be, else of sentences, else of words.

/// Characters of a passage at most.
const CHARS_MAX: usize = 1_000;
/// Characters of a passage at least, but for the last one: a cut lies in the second half.
const CHARS_MIN: usize = CHARS_MAX / 2;
/// Characters of a passage that the next one repeats at most, so that what is said across a cut is
/// found.
const OVERLAP: usize = 150;

/// The passages of a text: parts of it as they stand, in order, which together cover it.
pub(super) fn passages(text: &str) -> Vec<&str> {
    let mut passages = Vec::new();
    let mut rest = text;
    loop {
        let Some(window) = nth_char(rest, CHARS_MAX) else {
            passages.push(rest);
            return passages;
        };
        let least = nth_char(rest, CHARS_MIN).unwrap_or(window);
        let end = cut(&rest[..window], least);
        passages.push(&rest[..end]);
        rest = &rest[next_start(&rest[..end])..];
    }
}

/// The byte at which the character of this number begins, if there is one.
fn nth_char(text: &str, number: usize) -> Option<usize> {
    text.char_indices().nth(number).map(|(at, _)| at)
}

/// The best place to cut a window of text, no earlier than `least`.
fn cut(window: &str, least: usize) -> usize {
    let later = &window[least..];
    let paragraph = later.rfind("\n\n").map(|at| at + 2);
    let place = paragraph.or_else(|| sentence_end(later)).or_else(|| {
        let space = later.char_indices().rfind(|(_, c)| c.is_whitespace());
        space.map(|(at, c)| at + c.len_utf8())
    });
    place.map_or(window.len(), |at| least + at)
}

/// The place after the last sentence that ends in this text.
fn sentence_end(text: &str) -> Option<usize> {
    let mut ends = text.char_indices().rev();
    let mut after = None;
    ends.find_map(|(at, c)| {
        let next = after.replace(c);
        let ends_here = match c {
            '\n' | '。' | '！' | '？' => true,
            '.' | '!' | '?' => next.is_some_and(char::is_whitespace),
            _ => false,
        };
        ends_here.then_some(at + c.len_utf8())
    })
}

/// Where the passage after this one begins: within its last characters, where a word does.
fn next_start(passage: &str) -> usize {
    let back = passage.char_indices().rev().take(OVERLAP);
    let first = back.last().map_or(0, |(at, _)| at);
    let spaces = passage[first..].char_indices();
    let mut spaces = spaces.filter(|(_, c)| c.is_whitespace());
    spaces
        .next()
        .map_or(first, |(at, c)| first + at + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CHARS_MAX, CHARS_MIN, OVERLAP, passages};

    /// Words, spaces, ends of sentences and paragraphs, in several scripts.
    fn texts() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            8 => "[a-zé漢]{1,12}",
            6 => Just(" ".to_owned()),
            1 => Just(". ".to_owned()),
            1 => Just("\n\n".to_owned()),
            1 => "[\\PC]{1,80}",
        ];
        prop::collection::vec(part, 0..2_000).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn passages_are_parts_of_the_text_and_cover_it(text in texts()) {
            let passages = passages(&text);
            let begin = text.as_ptr() as usize;
            let mut covered = 0;
            for (number, passage) in passages.iter().enumerate() {
                let from = passage.as_ptr() as usize - begin;
                prop_assert_eq!(&text[from..from + passage.len()], *passage);
                prop_assert!(from <= covered, "a gap before {}", number);
                prop_assert!(text[from..covered].chars().count() <= OVERLAP);
                let chars = passage.chars().count();
                prop_assert!(chars <= CHARS_MAX);
                prop_assert!(chars >= CHARS_MIN || number + 1 == passages.len());
                prop_assert!(from + passage.len() > covered || passages.len() == 1);
                covered = from + passage.len();
            }
            prop_assert_eq!(covered, text.len());
            let most = text.chars().count() / (CHARS_MIN - OVERLAP) + 1;
            prop_assert!(passages.len() <= most);
        }
    }

    #[test]
    fn paragraphs_come_before_sentences_and_sentences_before_words() {
        let sentence = "Tea is a drink. ".repeat(40);
        let text = format!("{sentence}\n\n{sentence}");
        assert!(passages(&text)[0].ends_with("\n\n"));
        let text = format!("{sentence}and {}", "more ".repeat(100));
        assert!(passages(&text)[0].ends_with(". and ") || passages(&text)[0].ends_with('.'));
        assert!(passages(&"word ".repeat(400))[0].ends_with(' '));
        assert_eq!(passages(&"漢".repeat(1_000)).len(), 1);
        assert_eq!(passages(&"漢".repeat(1_001)).len(), 2);
    }
}
