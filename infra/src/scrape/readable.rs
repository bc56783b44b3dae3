//! What a page is about: its readable part if it has one, else all of it.

use dom_smoothie::{Article, Config, Readability};
use htmd::HtmlToMarkdown;
use htmd::options::{BulletListMarker, Options};
use serde_json::{Map, Value, json};
use url::Url;

use super::head::Head;
use super::plain::words;
use super::tidy::tidy;

/// A readable part with less than so many characters is taken for a mistake if the page has more.
const ARTICLE_CHARS_MIN: usize = 250;
/// Above this, finding the readable part would take too long.
const ELEMENTS_MAX: usize = 20_000;

/// A page, read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReadPage {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) markdown: String,
    pub(super) metadata: Map<String, Value>,
    /// Whether it asks not to be found by search.
    pub(super) unlisted: bool,
    /// Whether it is only the beginning of what is there.
    pub(super) cut: bool,
}

/// Reads a page of HTML. It takes as long as the page is large, so it is not for a thread that others
/// wait for.
pub(super) fn read_html(page: &str, url: &Url) -> ReadPage {
    let tidied = tidy(page, url);
    let whole = words(&tidied.html);
    let article = article(&tidied.html, url);
    let fits = |article: &(Article, String)| {
        let chars = article.1.chars().count();
        chars >= ARTICLE_CHARS_MIN || 2 * chars >= whole.chars().count()
    };
    let head = tidied.head;
    match article.filter(fits) {
        Some((article, text)) => {
            let markdown = markdown(&article.content).unwrap_or_else(|| text.clone());
            let title = Some(article.title.clone()).filter(|title| !title.trim().is_empty());
            ReadPage {
                title: title.or(head.title.clone()).unwrap_or_default(),
                text,
                markdown,
                metadata: metadata(&head, Some(&article)),
                unlisted: head.unlisted,
                cut: false,
            }
        }
        None => ReadPage {
            title: head.title.clone().unwrap_or_default(),
            markdown: markdown(&tidied.html).unwrap_or_else(|| whole.clone()),
            text: whole,
            metadata: metadata(&head, None),
            unlisted: head.unlisted,
            cut: false,
        },
    }
}

/// The readable part, and its words.
fn article(html: &str, url: &Url) -> Option<(Article, String)> {
    let config = Config {
        max_elements_to_parse: ELEMENTS_MAX,
        ..Config::default()
    };
    let mut reading = Readability::new(html, Some(url.as_str()), Some(config)).ok()?;
    let article = reading.parse().ok()?;
    let text = words(&article.content);
    Some((article, text))
}

fn markdown(html: &str) -> Option<String> {
    let converter = HtmlToMarkdown::builder()
        .skip_tags(vec!["title", "script", "meta"])
        .options(Options {
            bullet_list_marker: BulletListMarker::Dash,
            ul_bullet_spacing: 1,
            ol_number_spacing: 1,
            ..Options::default()
        })
        .build();
    let markdown = converter.convert(html).ok()?;
    Some(markdown.trim().to_owned())
}

/// What else is known. Nothing is said of what the page does not say.
fn metadata(head: &Head, article: Option<&Article>) -> Map<String, Value> {
    let of =
        |find: fn(&Article) -> &Option<String>| article.and_then(|article| find(article).clone());
    let language = head
        .language
        .clone()
        .or_else(|| of(|article| &article.lang));
    let all = [
        ("byline", of(|article| &article.byline)),
        ("published", of(|article| &article.published_time)),
        ("modified", of(|article| &article.modified_time)),
        ("site_name", of(|article| &article.site_name)),
        (
            "excerpt",
            of(|article| &article.excerpt).or(head.description.clone()),
        ),
        ("direction", of(|article| &article.dir)),
        ("language", language),
        ("canonical", head.canonical.clone()),
        ("refresh_to", head.refresh.clone()),
    ];
    let known = all.into_iter().filter_map(|(name, value)| {
        let value = value?.trim().to_owned();
        (!value.is_empty()).then(|| (name.to_owned(), json!(value)))
    });
    let mut metadata: Map<String, Value> = known.collect();
    metadata.insert("readable".to_owned(), json!(article.is_some()));
    if !head.open_graph.is_empty() {
        metadata.insert("og".to_owned(), json!(head.open_graph));
    }
    metadata
}

/// Reads what is text already.
pub(super) fn read_text(text: &str, essence: &str) -> ReadPage {
    let text = super::visible::visible(text).trim().to_owned();
    let language = match essence.rsplit(['/', '+']).next().unwrap_or_default() {
        "json" => Some("json"),
        "xml" | "rss" | "atom" => Some("xml"),
        "csv" => Some("csv"),
        _ => None,
    };
    let markdown = match language {
        Some(language) if !text.contains("```") => format!("```{language}\n{text}\n```"),
        _ => text.clone(),
    };
    ReadPage {
        title: String::new(),
        text,
        markdown,
        metadata: Map::new(),
        unlisted: false,
        cut: false,
    }
}
