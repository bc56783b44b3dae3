use std::ops::Range;

use crate::id::MediaId;

/// How Jan's placeholders begin.
const PLACEHOLDER: &str = "data:image/";
/// Characters of a whole id: `jan_` and a ULID.
const ID_CHARS: usize = 30;

/// The media that a text is a reference to: `jan_<id>`, or Jan's placeholder `data:image/<type>;jan_<id>`.
pub fn reference(text: &str) -> Option<MediaId> {
    match placeholder_at(text, 0) {
        Some((range, id)) if range.end == text.len() => Some(id),
        _ if text.len() == ID_CHARS => id_at(text),
        _ => None,
    }
}

/// The placeholders within a text, in order.
pub fn placeholders(text: &str) -> Vec<(Range<usize>, MediaId)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(next) = text[from..].find(PLACEHOLDER) {
        let begin = from + next;
        from = begin + PLACEHOLDER.len();
        if let Some((range, id)) = placeholder_at(text, begin) {
            from = range.end;
            found.push((range, id));
        }
    }
    found
}

fn placeholder_at(text: &str, begin: usize) -> Option<(Range<usize>, MediaId)> {
    let rest = text[begin..].strip_prefix(PLACEHOLDER)?;
    let (subtype, rest) = rest.split_once(';')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".+-".contains(&byte);
    if subtype.is_empty() || !subtype.bytes().all(fits) {
        return None;
    }
    let id = id_at(rest)?;
    let end = text.len() - rest.len() + ID_CHARS;
    Some((begin..end, id))
}

/// The id at the beginning of a text.
fn id_at(text: &str) -> Option<MediaId> {
    let id = text.get(..ID_CHARS)?;
    let body = id.strip_prefix("jan_")?;
    let digit = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    if body.bytes().all(digit) {
        MediaId::parse(id).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "jan_01hqr8v9k2x3f4g5h6j7k8m9n0";

    #[test]
    fn a_reference_is_a_whole_text_and_a_placeholder_is_not() {
        let id = MediaId::parse(ID).unwrap();
        assert_eq!(reference(ID), Some(id.clone()));
        assert_eq!(reference(&format!("data:image/png;{ID}")), Some(id.clone()));
        for other in [
            "jan_01hqr8v9k2x3f4g5h6j7k8m9n",
            "jan_01HQR8V9K2X3F4G5H6J7K8M9N0",
            "data:image/png;base64,AAAA",
            "https://a.example/jan_01hqr8v9k2x3f4g5h6j7k8m9n0",
            "",
        ] {
            assert_eq!(reference(other), None, "{other}");
        }
        let text = format!("ä data:image/x data:image/svg+xml;{ID}, data:image/png;{ID}!");
        let found = placeholders(&text);
        let spans: Vec<&str> = found
            .iter()
            .map(|(range, _)| &text[range.clone()])
            .collect();
        assert_eq!(
            spans,
            [
                format!("data:image/svg+xml;{ID}"),
                format!("data:image/png;{ID}")
            ]
        );
        assert!(found.iter().all(|(_, found)| *found == id));
        assert_eq!(placeholders("data:image/png;base64,jan_"), vec![]);
    }
}
