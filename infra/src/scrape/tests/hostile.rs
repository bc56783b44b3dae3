//! Pages that mend slowly, nest deeply or say nothing. None may take long, and none may end the
//! process.

use super::super::scraper::ScrapeFailure;
use super::read;
use proptest::prelude::{ProptestConfig, any, proptest};

/// Enough for whatever grows with the square of a page to be noticed.
const BYTES: usize = 256 << 10;

fn filled(parts: impl Fn(usize) -> String) -> String {
    let mut page = String::new();
    for at in 0.. {
        if page.len() > BYTES {
            break;
        }
        page.push_str(&parts(at));
    }
    page
}

#[test]
fn pages_made_to_hurt_are_read() {
    for page in [
        filled(|_| "<div>".to_owned()),
        filled(|_| "<blockquote><p>x".to_owned()),
        filled(|at| format!("<b x={at}><p>")),
        filled(|at| format!("<font a={at}><object></font></object><p>")),
        filled(|_| "<table><tr><td>".to_owned()),
        filled(|_| "<a href=/x><table>".to_owned()),
        filled(|_| "</p>".to_owned()),
        filled(|_| "<svg><desc>".to_owned()),
        filled(|_| "<math alttext=x>".to_owned()),
        filled(|_| "<ul><li>".to_owned()),
        filled(|_| "<p>a".to_owned()),
        filled(|_| "<".to_owned()),
        filled(|_| "&".to_owned()),
        filled(|_| "<!--".to_owned()),
        filled(|at| format!("<meta property=og:{at} content=x>")),
        format!("<p title='{}'>x", "y".repeat(BYTES)),
        "x".repeat(BYTES),
        " ".repeat(BYTES),
        "`".repeat(BYTES / 8),
    ] {
        let beginning: String = page.chars().take(40).collect();
        assert!(read(page, "text/html").is_ok(), "{beginning}");
    }
}

#[test]
fn what_is_no_text_is_refused() {
    for bytes in [&b"\x7fELF\x02\x01\x01\0\0\0"[..], b"a\0b"] {
        assert_eq!(read(bytes, "text/html").unwrap_err(), ScrapeFailure::NoText);
    }
    assert_eq!(read("", "text/html").unwrap().text, "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..600), kind in 0..3_usize) {
        let kind = ["text/html", "text/html; charset=utf-16", "text/plain; charset=shift_jis"][kind];
        let _whatever = read(bytes, kind);
    }

    #[test]
    fn no_markup_is_too_strange(
        page in "(<(/?)(p|div|b|table|td|li|ul|svg|math|title|script|pre|blockquote|a|template|select)( hidden| x=1)?>|[a-z &<>\"']){0,80}"
    ) {
        let page = read(page, "text/html").unwrap();
        assert!(!page.text.contains('\0'));
    }
}
