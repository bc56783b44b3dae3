//! A page rewritten so that no parser suffers from it: well nested, not deep, without what nobody
//! sees and without anything that runs.
//!
//! Parsers that mend pages as browsers do take quadratic time and memory for pages made to that end,
//! and recursive ones run out of stack. A tokenizer cannot be slowed down, and what it gives is
//! enough to mend a page roughly.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, EndTag, StartTag, Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use url::Url;

use super::elements::{Place, closes, is_void, place};
use super::head::Head;
use super::visible::visible;

/// Elements within each other, and in all; of more only the text is kept.
const DEPTH_MAX: usize = 100;
const ELEMENTS_MAX: usize = 50_000;
/// What a page may say of itself in JSON-LD.
const JSON_LD_BYTES_MAX: usize = 64 << 10;
/// Attributes that are of use, and how long one may be.
const ATTRIBUTES: [&str; 20] = [
    "alt",
    "class",
    "colspan",
    "content",
    "datetime",
    "dir",
    "href",
    "id",
    "itemprop",
    "lang",
    "name",
    "property",
    "rel",
    "role",
    "rowspan",
    "src",
    "start",
    "title",
    "http-equiv",
    "type",
];
const ATTRIBUTE_BYTES_MAX: usize = 2_048;

/// A page that is safe to parse, and what its head says.
#[derive(Debug)]
pub(super) struct Tidied {
    pub(super) html: String,
    pub(super) head: Head,
}

/// Rewrites a page. Links become absolute.
pub(super) fn tidy(page: &str, url: &Url) -> Tidied {
    let writer = Writer {
        state: RefCell::new(State {
            html: String::with_capacity(page.len() / 2),
            head: Head::at(url),
            open: Vec::new(),
            hidden: 0,
            elements: 0,
            said: None,
        }),
    };
    let tokenizer = Tokenizer::new(writer, TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(page));
    // Nothing here stops at a script, so one go is enough.
    let _done = tokenizer.feed(&queue);
    tokenizer.end();
    let mut state = tokenizer.sink.state.into_inner();
    if let Some(said) = state.said.take() {
        // A title that nobody ends is all there is.
        state.told("title", &said);
    }
    while let Some(open) = state.open.pop() {
        state.close(&open);
    }
    Tidied {
        html: state.html,
        head: state.head,
    }
}

struct Writer {
    state: RefCell<State>,
}

struct State {
    html: String,
    head: Head,
    open: Vec<Open>,
    /// How many of the open elements hide what is in them.
    hidden: usize,
    elements: usize,
    /// What a title or a piece of JSON-LD says, while it is read.
    said: Option<String>,
}

struct Open {
    name: String,
    hides: bool,
    /// Whether its tag was written.
    written: bool,
}

impl TokenSink for Writer {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::TagToken(tag) if tag.kind == StartTag => return state.begin(&tag),
            Token::TagToken(Tag {
                kind: EndTag, name, ..
            }) => state.end(&name),
            Token::CharacterTokens(text) => state.text(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn begin(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        let attribute = |name: &str| {
            let mut attributes = tag.attrs.iter();
            let found = attributes.find(|attribute| &*attribute.name.local == name);
            found.map(|attribute| &*attribute.value)
        };
        self.head.note(name, &attribute);
        let place = place(name);
        let json_ld = name == "script" && attribute("type") == Some("application/ld+json");
        while self
            .open
            .last()
            .is_some_and(|open| closes(name, &open.name))
        {
            self.pop();
        }
        if name == "math"
            && self.hidden == 0
            && let Some(words) = attribute("alttext")
        {
            self.text(&format!("${words}$"));
        }
        let hides = place == Place::Hidden && !json_ld
            || name == "math" && attribute("alttext").is_some()
            || is_hidden(&attribute);
        if is_void(name) || tag.self_closing && place != Place::Raw {
            if !hides && self.hidden == 0 && self.has_room() && place != Place::Through {
                self.write_tag(tag);
            }
            return TokenSinkResult::Continue;
        }
        if name == "title" && self.hidden == 0 || json_ld {
            self.said = Some(String::new());
        }
        let raw = raw_kind(name);
        let room = self.has_room() && self.open.len() < DEPTH_MAX;
        if !room && raw.is_none() && !hides {
            return TokenSinkResult::Continue;
        }
        // What is preformatted is shown as code, whether it says so or not.
        let again = name == "code" && self.open.iter().any(|open| open.name == "pre");
        let through = again || place == Place::Through || self.said.is_some();
        let written = room && !hides && !through && self.hidden == 0;
        if written {
            self.write_tag(tag);
            self.html
                .push_str(if name == "pre" { "<code>" } else { "" });
        }
        self.hidden += usize::from(hides);
        self.open.push(Open {
            name: name.to_owned(),
            hides,
            written,
        });
        raw.map_or(TokenSinkResult::Continue, TokenSinkResult::RawData)
    }

    fn end(&mut self, name: &str) {
        if let Some(said) = self.said.take() {
            self.told(name, &said);
        }
        let Some(at) = self.open.iter().rposition(|open| open.name == name) else {
            return;
        };
        while self.open.len() > at {
            self.pop();
        }
    }

    /// A title or JSON-LD has ended.
    fn told(&mut self, name: &str, said: &str) {
        if name == "title" {
            self.head.title(said);
            self.html.push_str("<title>");
            escape(&mut self.html, &visible(said));
            self.html.push_str("</title>");
        } else if said.len() <= JSON_LD_BYTES_MAX {
            self.html.push_str("<script type=\"application/ld+json\">");
            self.html.push_str(&said.replace("</", "<\\/"));
            self.html.push_str("</script>");
        }
    }

    fn pop(&mut self) {
        if let Some(open) = self.open.pop() {
            self.close(&open);
        }
    }

    fn close(&mut self, open: &Open) {
        self.hidden -= usize::from(open.hides);
        if open.written {
            self.html.push_str(if open.name == "pre" {
                "</code></"
            } else {
                "</"
            });
            self.html.push_str(&open.name);
            self.html.push('>');
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(said) = &mut self.said {
            said.push_str(text);
        } else if self.hidden == 0 {
            escape(&mut self.html, &visible(text));
        }
    }

    fn has_room(&self) -> bool {
        self.elements < ELEMENTS_MAX
    }

    fn write_tag(&mut self, tag: &Tag) {
        self.elements += 1;
        self.html.push('<');
        self.html.push_str(&tag.name);
        for attribute in &tag.attrs {
            let name: &str = &attribute.name.local;
            if attribute.value.len() > ATTRIBUTE_BYTES_MAX || !ATTRIBUTES.contains(&name) {
                continue;
            }
            let value = match name {
                "href" | "src" => match self.head.absolute(&attribute.value) {
                    Some(link) => link,
                    None => continue,
                },
                _ => visible(&attribute.value),
            };
            self.html.push(' ');
            self.html.push_str(name);
            self.html.push_str("=\"");
            escape(&mut self.html, &value);
            self.html.push('"');
        }
        self.html.push('>');
    }
}

fn raw_kind(name: &str) -> Option<RawKind> {
    match name {
        "title" | "textarea" => Some(RawKind::Rcdata),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
        "script" => Some(RawKind::ScriptData),
        _ => None,
    }
}

/// Whether an element says of itself that it is not shown.
fn is_hidden<'a>(attribute: &impl Fn(&str) -> Option<&'a str>) -> bool {
    if attribute("hidden").is_some_and(|how| how != "until-found") {
        return true;
    }
    let style = attribute("style").unwrap_or_default();
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    let style = style.to_ascii_lowercase();
    style.split(';').any(|rule| {
        let rule = rule.trim_end_matches("!important");
        matches!(
            rule,
            "display:none" | "visibility:hidden" | "opacity:0" | "font-size:0" | "font-size:0px"
        )
    })
}

fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
}
