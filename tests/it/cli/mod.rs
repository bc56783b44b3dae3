//! The command line as a person or a script meets it: the real program, its words and exit codes.

mod accounts;
mod audit;
mod database;
mod doctor;
mod events;
mod help;
mod keys;
mod ourselves;
mod serve;
mod server;
mod settings;
mod travel;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use jan_tests::process::program;

/// An empty directory in which the program is run, with nothing in its environment but the path.
struct Desk {
    directory: PathBuf,
    variables: Vec<(&'static str, String)>,
}

/// What came of a command.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Desk {
    fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("jan-cli-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        Self {
            directory,
            variables: Vec::new(),
        }
    }

    fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((variable, value.into()));
        self
    }

    /// With an embedded database that starts quickly and may lose everything in a power cut.
    fn with_embedded_database(self) -> Self {
        self.with("JAN_WHEELS_DIR", wheels_directory().display().to_string())
            .with("JAN_POSTGRES_DURABLE", "false")
            .with("JAN_POSTGRES_SHARED_BUFFERS_MB", "64")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.directory)
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    fn run(&self, arguments: &[&str]) -> Said {
        Said::of(&self.command(arguments).output().unwrap())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.directory) {
            eprintln!("{} stays behind: {error}", self.directory.display());
        }
    }
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// What was answered, if all went well.
    #[track_caller]
    fn answer(&self) -> &str {
        assert_eq!(
            (self.code, self.err.as_str()),
            (Some(0), ""),
            "{}",
            self.out
        );
        &self.out
    }

    /// The one sentence on standard error, if the command ended with this code and said nothing
    /// else.
    #[track_caller]
    fn complaint(&self, code: i32) -> &str {
        assert_eq!(
            (self.code, self.out.as_str()),
            (Some(code), ""),
            "{}",
            self.err
        );
        let sentence = self.err.strip_prefix("jan-server: ").unwrap_or(&self.err);
        let sentence = sentence.trim_end();
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
        sentence
    }
}

fn wheels_directory() -> PathBuf {
    let set_up = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.jan/runtime");
    std::env::var_os("JAN_TEST_RUNTIME_DIR").map_or_else(set_up, PathBuf::from)
}
