//! Where an answer names what its run has found. A text cites only what it really names: an address
//! or a file name that a search of the same run gave, never what merely fits.

#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::{Progress, StepOutcome, UseKind, Work};

/// What the searches of a run have found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sources {
    pages: Vec<Page>,
    files: Vec<String>,
    /// Searches of the web that found anything.
    web_searches: usize,
}

#[derive(Debug, Clone, PartialEq)]
struct Page {
    url: String,
    title: String,
    /// Its number among the results, by which a model may call it.
    position: Option<u64>,
}

/// Marks that end a sentence or close a bracket rather than belong to an address.
const TRAILING: &[char] = &[
    '.', ',', ';', ':', '!', '?', '\'', '"', ')', ']', '}', '*', '_', '’', '”', '»', '。', '，',
];
/// Marks between which any name is a name.
const QUOTES: &[(char, char)] = &[
    ('"', '"'),
    ('`', '`'),
    ('[', ']'),
    ('“', '”'),
    ('«', '»'),
    ('【', '】'),
];

impl Sources {
    /// What has been found until now.
    pub fn of(progress: &Progress) -> Self {
        let mut sources = Self::default();
        for step in &progress.steps {
            let (Work::CallTool(used), Some(StepOutcome::Returned(told))) =
                (&step.step.work, &step.outcome)
            else {
                continue;
            };
            let results = told.structured.as_ref().filter(|_| !told.is_error);
            let results = results.and_then(|told| told["results"].as_array());
            let results = results.map(Vec::as_slice).unwrap_or_default();
            match used.kind {
                UseKind::WebSearch => sources.add_pages(results),
                UseKind::FileSearch => sources.add_files(results),
                UseKind::Mcp | UseKind::CodeInterpreter => {}
            }
        }
        sources
    }

    fn add_pages(&mut self, results: &[Value]) {
        self.web_searches += usize::from(!results.is_empty());
        for result in results {
            let mut names = ["source_url", "link", "url"].into_iter();
            let Some(url) = names.find_map(|name| result[name].as_str()) else {
                continue;
            };
            self.pages.push(Page {
                url: url.to_owned(),
                title: result["title"].as_str().unwrap_or_default().to_owned(),
                position: result["position"].as_u64(),
            });
        }
    }

    fn add_files(&mut self, results: &[Value]) {
        for name in results.iter().filter_map(|it| it["document_id"].as_str()) {
            if !self.files.iter().any(|known| known == name) {
                self.files.push(name.to_owned());
            }
        }
    }

    /// The citations in a text, in its order; places are counted in characters. A text that was cut
    /// off may end within a name, so what stands at its very end is left out.
    pub fn annotations(&self, text: &str, whole: bool) -> Vec<Value> {
        let mut found = self.addresses(text);
        if found.is_empty() {
            found = self.numbers(text);
        }
        found.extend(self.file_names(text));
        found.retain(|citation| whole || citation.end < text.len());
        found.sort_by_key(|citation| citation.start);
        let chars = |at: usize| text[..at].chars().count();
        let shown = found.into_iter().map(|it| it.shown(&chars));
        shown.collect()
    }

    /// Addresses that stand in the text, by themselves or as where a link leads.
    fn addresses<'s>(&'s self, text: &str) -> Vec<Citation<'s>> {
        let mut found = Vec::new();
        if self.pages.is_empty() {
            return found;
        }
        for (start, _) in text.match_indices("http") {
            let Some((end, page)) = self.address_at(text, start) else {
                continue;
            };
            let (start, end) = link_around(text, start, end).unwrap_or((start, end));
            found.push(Citation {
                start,
                end,
                of: Cited::Page(page),
            });
        }
        found
    }

    fn address_at(&self, text: &str, start: usize) -> Option<(usize, &Page)> {
        let before = text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '=' | '%')) {
            return None;
        }
        let rest = &text[start..];
        let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`');
        let mut word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        // In `[a](url)and more` the address ends with the bracket that opened before it.
        if before == Some('(') {
            word = &word[..closing_bracket(word)];
        }
        loop {
            let mut pages = self.pages.iter();
            if let Some(page) = pages.find(|page| alike(&page.url, word)) {
                return Some((start + word.len(), page));
            }
            word = word
                .strip_suffix(TRAILING)
                .filter(|word| !word.is_empty())?;
        }
    }

    /// `[2]`, where there was one search and nothing else in the text or of the run can be meant.
    fn numbers<'s>(&'s self, text: &str) -> Vec<Citation<'s>> {
        let ambiguous = self.web_searches != 1
            || !self.files.is_empty()
            || text.contains("://")
            || text.contains('`');
        let mut found = Vec::new();
        for (start, _) in text.match_indices('[').filter(|_| !ambiguous) {
            let inside = text[start + 1..].split(']').next().unwrap_or_default();
            let end = start + inside.len() + 2;
            let digits = !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit());
            let before = text[..start].chars().next_back();
            let belongs = before.is_some_and(|c| c.is_alphanumeric() && !is_sentence_script(c))
                || before.is_some_and(|c| matches!(c, '_' | ')' | '"' | '\''))
                || text
                    .get(end..)
                    .is_none_or(|rest| rest.starts_with(['(', ':', '=']));
            let number = inside.parse::<u64>().ok().filter(|_| digits && !belongs);
            let mut pages = self.pages.iter();
            let page = number.and_then(|it| pages.find(|page| page.position == Some(it)));
            found.extend(page.map(|page| Citation {
                start,
                end,
                of: Cited::Page(page),
            }));
        }
        found
    }

    /// File names. One that could be a word of the language counts only where it is marked as a name.
    fn file_names<'s>(&'s self, text: &str) -> Vec<Citation<'s>> {
        let mut found: Vec<Citation<'s>> = Vec::new();
        let mut files: Vec<&String> = self.files.iter().collect();
        // Of names within names the longest is meant.
        files.sort_by_key(|name| std::cmp::Reverse(name.len()));
        for name in files {
            for (start, _) in text.match_indices(name.as_str()) {
                let end = start + name.len();
                let within = found.iter().any(|it| it.start <= start && end <= it.end);
                if !within && names_file(text, (start, end), name) {
                    found.push(Citation {
                        start,
                        end,
                        of: Cited::File(name),
                    });
                }
            }
        }
        found
    }
}

/// A place in a text, in bytes.
struct Citation<'s> {
    start: usize,
    end: usize,
    of: Cited<'s>,
}

enum Cited<'s> {
    Page(&'s Page),
    File(&'s str),
}

impl Citation<'_> {
    fn shown(&self, chars: &impl Fn(usize) -> usize) -> Value {
        match self.of {
            Cited::Page(page) => json!({"type": "url_citation", "start_index": chars(self.start),
                "end_index": chars(self.end), "url": page.url, "title": page.title}),
            Cited::File(name) => json!({"type": "file_citation", "index": chars(self.start),
                "file_id": name, "filename": name}),
        }
    }
}

/// Whether two texts are one address; a last slash makes none other.
fn alike(url: &str, word: &str) -> bool {
    url.strip_suffix('/').unwrap_or(url) == word.strip_suffix('/').unwrap_or(word)
}

/// Where the bracket closes that opened before this text.
fn closing_bracket(text: &str) -> usize {
    let mut open = 1;
    let closes = text.char_indices().find(|(_, c)| {
        match c {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        open == 0
    });
    closes.map_or(text.len(), |(at, _)| at)
}

/// The whole of `[label](address)`, if the address is that of a link.
fn link_around(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let before = text[..start].strip_suffix("](")?;
    let close = text[end..].starts_with(')').then_some(end + 1)?;
    let open = before.rfind('[')?;
    (!before[open..].contains('\n')).then_some((open, close))
}

fn names_file(text: &str, (start, end): (usize, usize), name: &str) -> bool {
    let before = text[..start].chars().next_back();
    let mut after = text[end..].chars();
    let (next, then) = (after.next(), after.next());
    let quoted = QUOTES
        .iter()
        .any(|(open, close)| before == Some(*open) && next == Some(*close));
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '\\' | '@');
    let goes_on =
        next.is_some_and(is_part) || (next == Some('.') && then.is_some_and(char::is_alphanumeric));
    let begins = !before.is_some_and(|c| is_part(c) || c == '.');
    let is_word = name
        .chars()
        .all(|c| c.is_alphabetic() || c == ' ' || c == '\'');
    quoted || (begins && !goes_on && !is_word && name.chars().count() > 2)
}

/// Whether words of this letter's script stand without spaces, so that it may come before a mark.
fn is_sentence_script(c: char) -> bool {
    matches!(u32::from(c), 0x2e80..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff)
}
