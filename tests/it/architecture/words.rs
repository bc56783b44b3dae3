//! Words that may be said in a few places only. Cargo cannot see these: a crate is allowed, but not
//! everywhere in it.

use super::assert_none;
use super::source::sources;

struct Rule {
    word: &'static str,
    /// The rooms in which the word is watched.
    rooms: &'static [&'static str],
    /// Files, or folders with a closing slash, in which it may be said.
    at_home: &'static [&'static str],
    because: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        word: "jan_infra",
        rooms: &["api"],
        at_home: &["api/src/main.rs", "api/src/wiring/"],
        because: "adapters are chosen in one place; everybody else sees ports",
    },
    Rule {
        word: "sqlx::",
        rooms: &["domain", "api"],
        at_home: &[],
        because: "a door reads through `ReadModels` and writes through `Commands`",
    },
    Rule {
        word: "sqlx::query",
        rooms: &["domain", "commands", "projections", "infra", "api"],
        at_home: &[
            "commands/src/store/",
            "commands/src/runner/",
            "projections/src/",
            "infra/src/database/",
            "infra/src/runtime/postgres/",
        ],
        because: "SQL stands beside the code that owns the tables",
    },
    Rule {
        word: "reqwest::",
        rooms: &["domain", "commands", "projections", "api"],
        at_home: &[],
        because: "the outside world is reached through a port, with limits",
    },
    Rule {
        word: "StatusCode::",
        rooms: &["domain", "commands", "projections", "infra", "api"],
        at_home: &["api/src/error/", "infra/src/model_provider/"],
        because: "our statuses are chosen in one table; providers' are read at one rim",
    },
    Rule {
        word: "std::env",
        rooms: &["domain", "commands", "projections"],
        at_home: &[],
        because: "configuration is read once, in infra::config",
    },
    Rule {
        word: "::now()",
        rooms: &["domain"],
        at_home: &[],
        because: "time travels in commands",
    },
    Rule {
        word: "tokio::spawn",
        rooms: &["domain", "commands", "projections", "infra", "api"],
        at_home: &[],
        because: "a task belongs to a tracker that shutdown waits for",
    },
];

impl Rule {
    fn allows(&self, path: &str) -> bool {
        self.at_home
            .iter()
            .any(|home| path == *home || home.ends_with('/') && path.starts_with(home))
    }
}

#[test]
fn a_word_is_said_only_where_it_is_at_home() {
    let mut violations = Vec::new();
    for rule in RULES {
        for source in rule.rooms.iter().flat_map(|room| sources(room)) {
            if rule.allows(&source.path) {
                continue;
            }
            for (at, line) in source.code() {
                if line.contains(rule.word) {
                    let (path, word, because) = (&source.path, rule.word, rule.because);
                    violations.push(format!("{path}:{at}: `{word}`: {because}"));
                }
            }
        }
    }
    assert_none(&violations);
}
