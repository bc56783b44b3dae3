//! The words of a tidied page, without any markup.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, StartTag, Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use super::elements::is_block;

/// What a page says, block by block.
pub(super) fn words(html: &str) -> String {
    let tokenizer = Tokenizer::new(Words::default(), TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(html));
    let _done = tokenizer.feed(&queue);
    tokenizer.end();
    let text = tokenizer.sink.text.into_inner();
    tidy_lines(&text.said)
}

#[derive(Default)]
struct Words {
    text: RefCell<Text>,
}

#[derive(Default)]
struct Text {
    said: String,
    /// Open `pre` elements: there, blanks and line ends count.
    pre: usize,
    /// Within what is no text: a title, JSON-LD.
    silent: bool,
}

impl TokenSink for Words {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut text = self.text.borrow_mut();
        match token {
            Token::TagToken(tag) => text.tag(&tag),
            Token::CharacterTokens(said) => {
                text.add(&said);
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }
}

impl Text {
    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let (name, begins): (&str, bool) = (&tag.name, tag.kind == StartTag);
        match name {
            "title" | "script" => {
                self.silent = begins;
                let raw = if name == "title" {
                    RawKind::Rcdata
                } else {
                    RawKind::ScriptData
                };
                if begins {
                    return TokenSinkResult::RawData(raw);
                }
            }
            "br" => self.said.push('\n'),
            "td" | "th" if !begins => self.said.push('\t'),
            "pre" => {
                self.pre = if begins {
                    self.pre + 1
                } else {
                    self.pre.saturating_sub(1)
                };
                self.said.push_str("\n\n");
            }
            "li" if begins => self.said.push_str("\n- "),
            "tr" if begins => self.said.push('\n'),
            "li" | "tr" | "thead" | "tbody" | "tfoot" => {}
            block if is_block(block) => self.said.push_str("\n\n"),
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn add(&mut self, said: &str) {
        if self.silent {
            return;
        }
        if self.pre > 0 {
            self.said.push_str(said);
            return;
        }
        let mut blank = self.said.is_empty() || self.said.ends_with([' ', '\n', '\t']);
        for c in said.chars() {
            if !c.is_whitespace() {
                self.said.push(c);
            } else if !blank {
                self.said.push(' ');
            }
            blank = c.is_whitespace();
        }
    }
}

/// No blanks at the ends of lines, and never more than one empty line.
fn tidy_lines(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() || line.trim() == "-" {
            empty += 1;
            continue;
        }
        if !tidied.is_empty() {
            tidied.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        tidied.push_str(line);
        empty = 0;
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_stand_in_lines_as_they_are_shown() {
        let html = "<title>no</title><h1>A  b</h1><p>one <b>two</b>\nthree</p><ul><li>x</li><li>y</li></ul>\
            <table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table><pre>a\n  b</pre>&amp;";
        assert_eq!(
            words(html),
            "A b\n\none two three\n\n- x\n- y\n\n1\t2\n3\n\na\n  b\n\n&"
        );
    }
}
