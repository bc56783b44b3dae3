//! Events as lines for people.

use std::io;

use chrono::SecondsFormat;
use jan_projections::StoredEvent;
use serde::Deserialize;

use crate::cli::terminal::{Ink, Palette};

/// What a line says of an event.
pub(super) struct EventLine<'e> {
    event: &'e StoredEvent,
    origin: Origin,
}

/// Who did it, through what.
#[derive(Deserialize)]
struct Origin {
    actor_id: String,
    request_id: String,
}

impl<'e> EventLine<'e> {
    pub(super) fn of(event: &'e StoredEvent) -> io::Result<Self> {
        let origin = serde_json::from_str(&event.metadata)?;
        Ok(Self { event, origin })
    }

    pub(super) fn paint(&self, palette: Palette) -> String {
        let event = self.event;
        let kind = format!("{:<27}", event.event_type);
        let stream = format!("{}#{}", event.aggregate_id, event.sequence);
        let ink = match event.event_type.as_str() {
            "ResponseFailed" => Ink::Red,
            "ResponseIncomplete" => Ink::Yellow,
            _ => Ink::Bold,
        };
        let request = match self.origin.request_id.as_str() {
            "" => "-",
            request => request,
        };
        format!(
            "{:>8}  {}  {}  {stream:<41}  {}",
            event.position,
            palette.ink(Ink::Faint, &time(event)),
            palette.ink(ink, &kind),
            palette.ink(
                Ink::Faint,
                &format!("{:<37}  {request}", self.origin.actor_id)
            ),
        )
    }
}

pub(super) fn time(event: &StoredEvent) -> String {
    let at = event.recorded_at;
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Puts a JSON text on several lines without reading it: order and digits stay as they are stored.
/// Letters that would command the terminal are written as escapes.
pub(super) fn indented(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0;
    let mut letters = json.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                text.push('"');
                copy_string(&mut letters, &mut text);
            }
            '{' | '[' => {
                text.push(letter);
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(end);
                } else {
                    depth += 1;
                    new_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut text, depth);
                text.push(letter);
            }
            ',' => {
                text.push(',');
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            letter if letter.is_whitespace() => {}
            letter => text.push(letter),
        }
    }
    text
}

/// Copies up to and with the closing quotation mark.
fn copy_string(letters: &mut impl Iterator<Item = char>, text: &mut String) {
    let mut escaped = false;
    for letter in letters {
        if letter.is_control() {
            text.extend(letter.escape_unicode());
        } else {
            text.push(letter);
        }
        match letter {
            '"' if !escaped => return,
            _ => escaped = letter == '\\' && !escaped,
        }
    }
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn json_is_put_on_lines_and_stays_the_same() {
        let json = r#"{"b":[1.50,{}],"a":"say \"{,\" \\","n":null}"#;
        let lines = indented(json);
        let expected = "{\n  \"b\": [\n    1.50,\n    {}\n  ],\n  \"a\": \"say \\\"{,\\\" \\\\\",\n  \"n\": null\n}";
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_terminal_is_not_commanded() {
        assert_eq!(indented("\"\u{9b}31m\""), r#""\u{9b}31m""#);
    }
}
