//! Talking to whoever reads standard output: a person, a script, or nobody any more.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};

/// Columns of a text that no terminal shows.
const COLUMNS: usize = 100;
/// Fewer are not worth wrapping for.
const COLUMNS_MIN: usize = 40;

/// Standard output. A reader that left (`| head`) makes writing fail with [`ReaderLeft`].
pub struct Answer {
    to: BufWriter<Stdout>,
}

/// Nobody reads what is written. No failure of the command: it said what was wanted.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the answer any more")]
pub struct ReaderLeft;

impl Answer {
    /// Standard output of this process.
    pub fn new() -> Self {
        Self {
            to: BufWriter::new(io::stdout()),
        }
    }
}

impl Default for Answer {
    fn default() -> Self {
        Self::new()
    }
}

impl Write for Answer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes).map_err(told)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush().map_err(told)
    }
}

fn told(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        io::Error::new(io::ErrorKind::BrokenPipe, ReaderLeft)
    } else {
        error
    }
}

/// Whether a command ended because its reader left. A broken pipe to the database is another thing.
pub fn reader_left(error: &anyhow::Error) -> bool {
    let told = |cause: &io::Error| match cause.get_ref() {
        Some(inner) => inner.is::<ReaderLeft>(),
        None => false,
    };
    let mut causes = error.chain();
    causes.any(|cause| cause.downcast_ref().is_some_and(told))
}

/// The failure and its causes in one line. A cause that its effect repeats already is left out.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain() {
        let words = cause.to_string();
        if sentence.is_empty() {
            sentence = words;
        } else if !sentence.contains(&words) {
            sentence.push_str(": ");
            sentence.push_str(&words);
        }
    }
    sentence
}

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Less important than the rest.
    Faint,
    /// What one looks for.
    Bold,
    /// All is well.
    Green,
    /// Worth a look.
    Yellow,
    /// Something failed.
    Red,
}

/// Colours, or none where they would be noise.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    colours: bool,
}

impl Palette {
    /// Colours only on a terminal, and not where `NO_COLOR` asks for none.
    pub fn of_stdout() -> Self {
        let asked_for_none = std::env::var_os("NO_COLOR").is_some_and(|said| !said.is_empty());
        Self {
            colours: io::stdout().is_terminal() && !asked_for_none,
        }
    }

    /// No colours.
    pub fn plain() -> Self {
        Self { colours: false }
    }

    /// The text in this ink. Pad it first: what makes the colour counts as letters.
    pub fn ink(self, ink: Ink, text: &str) -> String {
        if !self.colours || text.is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Faint => 2,
            Ink::Bold => 1,
            Ink::Green => 32,
            Ink::Yellow => 33,
            Ink::Red => 31,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// How many columns the terminal has; a fixed number where there is none.
pub fn columns() -> usize {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col).max(COLUMNS_MIN),
        _ => COLUMNS,
    }
}

/// Breaks a text between words so that no line is longer than `columns`, unless a word is.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("everything", 4), ["everything"]);
        assert!(wrapped("  ", 10).is_empty());
    }

    #[test]
    fn only_a_reader_that_left_counts_as_one() {
        let pipe = || io::Error::from(io::ErrorKind::BrokenPipe);
        let left = anyhow::Error::from(told(pipe())).context("writing");
        assert!(reader_left(&left));
        assert!(!reader_left(&anyhow::Error::from(pipe())));
    }

    #[test]
    fn a_cause_is_not_said_twice() {
        let error = anyhow::anyhow!("no such file");
        let error = error.context("cannot read x: no such file");
        assert_eq!(
            sentence(&error.context("cannot start")),
            "cannot start: cannot read x: no such file"
        );
    }
}
