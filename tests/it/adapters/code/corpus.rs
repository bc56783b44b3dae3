//! The hostile programs of `tests/corpus/code`, a file for each kind. A program begins with `=== ` and
//! its name; the next line tells how it may end, by runner.

use std::fs;
use std::path::Path;

/// A program that means no good.
pub(super) struct Hostile {
    pub(super) group: String,
    pub(super) name: String,
    pub(super) code: String,
    /// Outcomes by runner, as the file says.
    endings: String,
}

impl Hostile {
    /// The outcomes that are right under a runner.
    pub(super) fn endings(&self, runner: &str) -> Vec<&str> {
        let said = self.endings.split(';').find_map(|ending| {
            let (name, outcomes) = ending.split_once(':')?;
            (name.trim() == runner).then_some(outcomes)
        });
        let said = said.unwrap_or_else(|| panic!("{}: nothing about {runner}", self.name));
        said.split(',').map(str::trim).collect()
    }
}

/// All of them. Where they look for something that must not be found, they look at `canary`.
pub(super) fn programs(canary: &Path) -> Vec<Hostile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/code");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
    files.sort_by_key(fs::DirEntry::file_name);
    let mut programs = Vec::new();
    for file in files {
        let path = file.path();
        let group = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = format!("\n{}", fs::read_to_string(&path).unwrap());
        for part in text.split("\n=== ").skip(1) {
            let (name, rest) = part.split_once('\n').unwrap();
            let (endings, code) = rest.split_once('\n').unwrap();
            programs.push(Hostile {
                group: group.clone(),
                name: name.to_owned(),
                code: expanded(code.trim_end_matches('\n'), canary) + "\n",
                endings: endings.strip_prefix("> ").unwrap().to_owned(),
            });
        }
    }
    programs
}

/// What a text file does not hold well: `@REP{x|3}` is `xxx`, `@INDENT{x|2}` is `x` twice, each time
/// deeper, `@NAMES{2}` gives two names a value, and some characters have names.
fn expanded(code: &str, canary: &Path) -> String {
    let mut code = code.replace("@CANARY", &canary.to_string_lossy());
    for (name, character) in [
        ("@NUL", "\0"),
        ("@CR", "\r"),
        ("@BOM", "\u{feff}"),
        ("@ZWSP", "\u{200b}"),
        ("@RLO", "\u{202e}"),
    ] {
        code = code.replace(name, character);
    }
    let code = replaced(&code, "@REP{", |body| {
        let (text, count) = body.rsplit_once('|').unwrap();
        text.repeat(count.parse().unwrap())
    });
    let code = replaced(&code, "@INDENT{", |body| {
        let (text, count) = body.rsplit_once('|').unwrap();
        let count: usize = count.parse().unwrap();
        let line = |depth: usize| format!("{}{text}\n", " ".repeat(depth));
        (0..count).map(line).collect::<String>() + &" ".repeat(count) + "pass"
    });
    replaced(&code, "@NAMES{", |body| {
        let names = 0..body.parse::<usize>().unwrap();
        let lines: Vec<_> = names
            .map(|number| format!("n{number} = {number}"))
            .collect();
        lines.join("\n")
    })
}

/// Replaces what stands between `opening` and the next brace after digits.
fn replaced(code: &str, opening: &str, with: impl Fn(&str) -> String) -> String {
    let mut parts = code.split(opening);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let ends = part
            .match_indices('}')
            .map(|(at, _)| at)
            .find(|&at| part[..at].ends_with(|last: char| last.is_ascii_digit()));
        let at = ends.expect("an opening has its end");
        whole += &with(&part[..at]);
        whole += &part[at + 1..];
    }
    whole
}
