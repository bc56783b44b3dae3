//! Two responses side by side, on a terminal.

use std::io::Write;

use serde_json::Value;

use crate::cli::archive::line;
use crate::cli::terminal::{Ink, Palette, columns};

/// Columns of the names at the left.
const NAMES: usize = 11;
/// What stands between two columns.
const GAP: &str = "  ";

/// Prints a comparison as the API tells it, or in two columns.
pub fn compared(told: &Value, json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(told)?)?;
        return Ok(out.flush()?);
    }
    let table = Table {
        palette: Palette::of_stdout(),
        width: (columns().saturating_sub(NAMES + 2 * GAP.len()) / 2).max(12),
    };
    let sides = [&told["original"], &told["re_executed"]];
    table.row("", sides.map(|side| text(&side["response_id"])), out)?;
    for (name, field) in [("model", "model"), ("status", "status")] {
        table.row(name, sides.map(|side| text(&side[field])), out)?;
    }
    table.row(
        "time",
        sides.map(|side| format!("{} ms", side["duration_ms"])),
        out,
    )?;
    table.row("tokens", sides.map(tokens), out)?;
    let calls = sides.map(calls);
    for at in 0..calls[0].len().max(calls[1].len()) {
        let name = if at == 0 { "tool calls" } else { "" };
        table.row(
            name,
            [0, 1].map(|side| calls[side].get(at).cloned().unwrap_or_default()),
            out,
        )?;
    }
    table.texts(&told["diff"]["text"], out)?;
    writeln!(out, "{}", table.palette.ink(Ink::Bold, &verdict(told)))?;
    Ok(out.flush()?)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

fn tokens(side: &Value) -> String {
    let usage = &side["usage"];
    format!(
        "{} in, {} out",
        usage["input_tokens"], usage["output_tokens"]
    )
}

fn calls(side: &Value) -> Vec<String> {
    let calls = side["tool_calls"].as_array().into_iter().flatten();
    let told = calls.map(|call| format!("{} {}", text(&call["name"]), call["arguments"]));
    told.collect()
}

fn verdict(told: &Value) -> String {
    let diff = &told["diff"];
    let same = |same: &Value| if same == true { "same" } else { "different" };
    let fork = match told["fork"].as_str() {
        Some(fork) => format!("; in {fork}"),
        None => String::new(),
    };
    format!(
        "{} text, {} tool calls, {:+} tokens, {:+} ms{fork}",
        same(&diff["same_text"]),
        same(&diff["tool_calls"]["same"]),
        diff["usage"]["total_tokens"].as_i64().unwrap_or_default(),
        diff["duration_ms"].as_i64().unwrap_or_default(),
    )
}

/// A word of one side; only that side's, if the other has none like it there.
struct Word {
    letters: String,
    own: bool,
}

struct Table {
    palette: Palette,
    width: usize,
}

impl Table {
    fn row(&self, name: &str, cells: [String; 2], out: &mut impl Write) -> std::io::Result<()> {
        let [left, right] = cells.map(|cell| line(&cell, self.width.saturating_sub(1)));
        let name = self.palette.ink(Ink::Faint, &format!("{name:<NAMES$}"));
        let width = self.width;
        writeln!(out, "{name}{GAP}{left:<width$}{GAP}{right}")
    }

    /// Both texts, wrapped beside each other; what only one of them has is marked.
    fn texts(&self, diff: &Value, out: &mut impl Write) -> std::io::Result<()> {
        let left = self.wrapped(&words(diff, "delete"), (Ink::Red, '-'));
        let right = self.wrapped(&words(diff, "insert"), (Ink::Green, '+'));
        for at in 0..left.len().max(right.len()) {
            let name = if at == 0 { "text" } else { "" };
            let name = self.palette.ink(Ink::Faint, &format!("{name:<NAMES$}"));
            let nothing = (String::new(), 0);
            let (left, letters) = left.get(at).unwrap_or(&nothing);
            let (right, _) = right.get(at).unwrap_or(&nothing);
            let padding = " ".repeat(self.width.saturating_sub(*letters));
            writeln!(out, "{name}{GAP}{left}{padding}{GAP}{right}")?;
        }
        Ok(())
    }

    /// Lines, each with how many letters of it are seen.
    fn wrapped(&self, words: &[Word], (ink, mark): (Ink, char)) -> Vec<(String, usize)> {
        let mut lines: Vec<(String, usize)> = Vec::new();
        for word in words {
            // Marked by a sign as well: where there are no colours, it is all there is.
            let sign = if word.own {
                mark.to_string()
            } else {
                String::new()
            };
            let letters = line(
                &format!("{sign}{}", word.letters),
                self.width.saturating_sub(1),
            );
            let count = letters.chars().count();
            let shown = if word.own {
                self.palette.ink(ink, &letters)
            } else {
                letters
            };
            match lines.last_mut() {
                Some((text, taken)) if *taken + 1 + count <= self.width => {
                    text.push(' ');
                    text.push_str(&shown);
                    *taken += 1 + count;
                }
                _ => lines.push((shown, count)),
            }
        }
        lines
    }
}

/// The words of one side: those that both have, and its own.
fn words(diff: &Value, own: &str) -> Vec<Word> {
    let changes = diff.as_array().into_iter().flatten();
    let mine = changes.filter(|change| change["op"] == "equal" || change["op"] == own);
    let words = mine.flat_map(|change| {
        let letters = change["text"].as_str().unwrap_or_default();
        letters.split_whitespace().map(move |word| Word {
            letters: word.to_owned(),
            own: change["op"] == own,
        })
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_only_one_side_says_is_marked_and_lines_stand_beside_each_other() {
        let told = json!({
            "original": {"response_id": "resp_a", "model": "m", "status": "completed",
                "duration_ms": 10, "usage": {"input_tokens": 3, "output_tokens": 4},
                "tool_calls": [{"name": "echo", "arguments": {"n": 1}}]},
            "re_executed": {"response_id": "resp_b", "model": "n", "status": "completed",
                "duration_ms": 8, "usage": {"input_tokens": 3, "output_tokens": 5},
                "tool_calls": []},
            "diff": {"same_text": false, "tool_calls": {"same": false}, "duration_ms": -2,
                "usage": {"total_tokens": 1},
                "text": [{"op": "equal", "text": "tea is "}, {"op": "delete", "text": "green"},
                    {"op": "insert", "text": "black \u{1b}[31m"}]},
            "fork": "conv_x",
        });
        let mut out = Vec::new();
        compared(&told, false, &mut out).unwrap();
        let told = String::from_utf8(out).unwrap();
        assert!(!told.contains('\u{1b}'), "{told}");
        let line = |name: &str| {
            let line = told.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line("text"), "text tea is -green tea is +black + [31m");
        assert_eq!(line("tokens"), "tokens 3 in, 4 out 3 in, 5 out");
        assert_eq!(line("tool calls"), "tool calls echo {\"n\":1}");
        assert_eq!(
            told.lines().last(),
            Some("different text, different tool calls, +1 tokens, -2 ms; in conv_x")
        );
    }
}
