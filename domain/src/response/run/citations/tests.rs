//! What is cited, text by text.

use super::{Page, Sources};
use serde_json::Value;

fn page(url: &str, position: u64) -> Page {
    Page {
        url: url.to_owned(),
        title: format!("Title {position}"),
        position: Some(position),
    }
}

fn sources() -> Sources {
    Sources {
        pages: vec![
            page("https://a.example/tea", 1),
            page("https://en.example/wiki/Tea_(drink)", 2),
            page("https://a.example/tea/green", 3),
        ],
        files: Vec::new(),
        web_searches: 1,
    }
}

/// What is cited, as `text cited -> url or file`.
fn cited(sources: &Sources, text: &str) -> Vec<(String, String)> {
    let part = |citation: &Value| {
        let at = |name: &str| usize::try_from(citation[name].as_u64().unwrap()).unwrap();
        if citation["type"] == "file_citation" {
            let name = citation["filename"].as_str().unwrap();
            let shown = text.chars().skip(at("index")).take(name.chars().count());
            return (shown.collect(), name.to_owned());
        }
        let (start, end) = (at("start_index"), at("end_index"));
        let shown = text.chars().skip(start).take(end - start).collect();
        (shown, citation["url"].as_str().unwrap().to_owned())
    };
    sources.annotations(text, true).iter().map(part).collect()
}

#[test]
fn addresses_are_cited_where_they_stand() {
    let tea = "https://a.example/tea";
    let wiki = "https://en.example/wiki/Tea_(drink)";
    for (text, expected) in [
        ("See https://a.example/tea.", vec![(tea, tea)]),
        ("Grün: https://a.example/tea", vec![(tea, tea)]),
        ("<https://a.example/tea>", vec![(tea, tea)]),
        ("(https://a.example/tea)", vec![(tea, tea)]),
        (
            "**https://a.example/tea/**",
            vec![("https://a.example/tea/", tea)],
        ),
        (
            "É [the page](https://a.example/tea), ok",
            vec![("[the page](https://a.example/tea)", tea)],
        ),
        (
            "[w](https://en.example/wiki/Tea_(drink))x",
            vec![("[w](https://en.example/wiki/Tea_(drink))", wiki)],
        ),
        (
            "(see https://en.example/wiki/Tea_(drink))",
            vec![(wiki, wiki)],
        ),
        (
            "https://a.example/tea/green, https://a.example/tea",
            vec![
                ("https://a.example/tea/green", "https://a.example/tea/green"),
                (tea, tea),
            ],
        ),
        ("https://a.example/tea?x=1", vec![]),
        ("https://a.example/team", vec![]),
        ("https://b.example/?u=https://a.example/tea", vec![]),
        ("http://a.example/tea", vec![]),
        ("a.example/tea, Title 1", vec![]),
        ("", vec![]),
    ] {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .collect();
        assert_eq!(cited(&sources(), text), expected, "{text}");
    }
    assert_eq!(
        Sources::default().annotations("https://a.example/tea", true),
        [0; 0]
    );
}

#[test]
fn a_number_is_cited_only_where_nothing_else_can_be_meant() {
    let one = sources();
    let numbers = |sources: &Sources, text: &str| {
        let cited = cited(sources, text).into_iter();
        cited.map(|(text, _)| text).collect::<Vec<_>>()
    };
    assert_eq!(
        numbers(&one, "Tea is old [1], [3]. 茶[2]。"),
        ["[1]", "[3]", "[2]"]
    );
    for text in [
        "[9]",
        "list[1]",
        "[1](x)",
        "[1]: note",
        "[1, 2]",
        "[]",
        "`x = [1]`",
        "[1] https://elsewhere.example/",
    ] {
        assert_eq!(numbers(&one, text), [""; 0], "{text}");
    }
    let two = Sources {
        web_searches: 2,
        ..sources()
    };
    let beside_files = Sources {
        files: vec!["a.txt".to_owned()],
        ..sources()
    };
    for many in [two, beside_files] {
        assert_eq!(numbers(&many, "[1]"), [""; 0]);
    }
}

#[test]
fn a_file_is_cited_by_its_name_and_not_by_a_word() {
    let files = Sources {
        files: ["coffee", "notes.md", "old/notes.md", "Q3 report", "v2"]
            .map(str::to_owned)
            .to_vec(),
        ..Sources::default()
    };
    for (text, expected) in [
        ("It is in notes.md.", vec!["notes.md"]),
        ("old/notes.md says so", vec!["old/notes.md"]),
        ("new/notes.md says so", vec![]),
        ("notes.md.bak, my_notes.md", vec![]),
        ("We drink coffee.", vec![]),
        ("See \"coffee\" and `v2`.", vec!["coffee", "v2"]),
        ("The Q3 report【notes.md】", vec!["Q3 report", "notes.md"]),
    ] {
        let named: Vec<_> = cited(&files, text).into_iter().map(|(it, _)| it).collect();
        assert_eq!(named, expected, "{text}");
    }
}

#[test]
fn what_was_cut_off_may_have_meant_more() {
    let text = "See https://a.example/tea";
    assert_eq!(sources().annotations(text, false), [0; 0]);
    assert_eq!(sources().annotations(&format!("{text} "), false).len(), 1);
}
