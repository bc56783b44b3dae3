use std::collections::BTreeMap;

use url::Url;

use super::visible::{beginning, visible};

/// Properties of Open Graph that are kept, and how long each may be.
const OPEN_GRAPH_MAX: usize = 32;
const VALUE_CHARS_MAX: usize = 1_000;

/// What a page says of itself before it begins.
#[derive(Debug)]
pub(super) struct Head {
    base: Url,
    pub(super) title: Option<String>,
    pub(super) language: Option<String>,
    pub(super) canonical: Option<String>,
    pub(super) description: Option<String>,
    /// Open Graph, by property.
    pub(super) open_graph: BTreeMap<String, String>,
    /// Where it wants to send its reader. Nobody is sent.
    pub(super) refresh: Option<String>,
    /// Whether it asks not to be found by search.
    pub(super) unlisted: bool,
}

impl Head {
    pub(super) fn at(url: &Url) -> Self {
        Self {
            base: url.clone(),
            title: None,
            language: None,
            canonical: None,
            description: None,
            open_graph: BTreeMap::new(),
            refresh: None,
            unlisted: false,
        }
    }

    /// The first title counts.
    pub(super) fn title(&mut self, said: &str) {
        let words = visible(said)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if !words.is_empty() {
            self.title.get_or_insert(words);
        }
    }

    /// A link as it would be followed; nothing for what leads to no page.
    pub(super) fn absolute(&self, link: &str) -> Option<String> {
        let link = self.base.join(link.trim()).ok()?;
        matches!(link.scheme(), "http" | "https" | "mailto").then(|| link.to_string())
    }

    /// Takes note of an element that says something of the whole page.
    pub(super) fn note<'a>(&mut self, name: &str, attribute: &impl Fn(&str) -> Option<&'a str>) {
        match name {
            "html" => {
                let language = attribute("lang").filter(|lang| !lang.trim().is_empty());
                self.language = self.language.take().or(language.map(short));
            }
            "base" => {
                if let Some(base) = attribute("href").and_then(|href| self.base.join(href).ok()) {
                    self.base = base;
                }
            }
            "link" => {
                let relation = attribute("rel").unwrap_or_default();
                if relation.eq_ignore_ascii_case("canonical") {
                    let canonical = attribute("href").and_then(|href| self.absolute(href));
                    self.canonical = self.canonical.take().or(canonical);
                }
            }
            "meta" => self.note_meta(attribute),
            _ => {}
        }
    }

    fn note_meta<'a>(&mut self, attribute: &impl Fn(&str) -> Option<&'a str>) {
        let Some(content) = attribute("content") else {
            return;
        };
        let name = attribute("property").or_else(|| attribute("name"));
        let name = name.unwrap_or_default().to_ascii_lowercase();
        let http = attribute("http-equiv").unwrap_or_default();
        if let Some(property) = name.strip_prefix("og:")
            && self.open_graph.len() < OPEN_GRAPH_MAX
        {
            let property = beginning(property, 60).0.to_owned();
            self.open_graph.entry(property).or_insert(short(content));
        } else if name == "description" {
            self.description.get_or_insert(short(content));
        } else if matches!(name.as_str(), "robots" | "jan-server") {
            self.unlisted |= is_unlisted(content);
        } else if http.eq_ignore_ascii_case("refresh") {
            let to = content.split_once(['=']).map(|(_, to)| to);
            let to = to.map(|to| to.trim().trim_matches(['"', '\'']));
            self.refresh = to.and_then(|to| self.absolute(to)).map(|to| short(&to));
        }
    }
}

/// Whether a directive for search engines says that a page is not to be found.
pub(super) fn is_unlisted(directive: &str) -> bool {
    let mut words = directive.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| word.eq_ignore_ascii_case("noindex") || word.eq_ignore_ascii_case("none"))
}

fn short(text: &str) -> String {
    let text = visible(text);
    beginning(text.trim(), VALUE_CHARS_MAX).0.to_owned()
}
