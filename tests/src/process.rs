//! The real program as child processes, for what no call within one process can show: sudden death,
//! a pause of the whole process, two processes on one database.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::remote::Remote;

/// Longer than any start or end takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Pause between two looks at a process.
const GLANCE: Duration = Duration::from_millis(5);
/// What precedes the address in the banner.
const READY: &str = "is ready at http://";
/// Ends the process it is given when its input ends, which only the tests hold open.
const LEASH: &str = r#"while read -r _; do :; done; kill -9 "$1""#;

/// Settings that the processes of one deployment have in common: database, model, signing key.
#[derive(Debug)]
pub struct Deployment {
    database_url: String,
    model_url: String,
    directory: PathBuf,
    lease: Duration,
    seal_events: bool,
    started: AtomicU32,
}

impl Deployment {
    /// A deployment on this database, with this model. Processes are given up after a second of
    /// silence, so that tests need not wait.
    ///
    /// # Panics
    ///
    /// If no directory for its key and its logs can be made.
    pub fn new(database: &PgConnectOptions, model_url: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("jan-deployment-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        Self {
            database_url: database.to_url_lossy().to_string(),
            model_url: model_url.to_owned(),
            directory,
            lease: Duration::from_secs(1),
            seal_events: true,
            started: AtomicU32::new(0),
        }
    }

    /// A deployment whose events can be read in SQL.
    #[must_use]
    pub fn unsealed(mut self) -> Self {
        self.seal_events = false;
        self
    }

    /// Where its keys and its logs are, for as long as it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts a process on a free port and waits until it is ready.
    pub async fn start(&self) -> ServerProcess {
        self.start_at(0).await
    }

    /// Starts one where an earlier one listened.
    pub async fn start_at(&self, port: u16) -> ServerProcess {
        self.launch(&["--port", &port.to_string()]).await
    }

    /// Starts one that dies at the `nth` pass of a named point.
    pub async fn start_to_die_at(&self, point: &str, nth: u32) -> ServerProcess {
        let wish = format!("{point}:{nth}");
        self.launch(&["--port", "0", "--crash-at", &wish]).await
    }

    async fn launch(&self, arguments: &[&str]) -> ServerProcess {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let log = self.directory.join(format!("server-{number}.log"));
        let program = program();
        let mut command = Command::new(&program);
        command
            .arg("serve")
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("JAN_DATA_DIR", &self.directory)
            .env("DATABASE_URL", &self.database_url)
            .env("JAN_DEFAULT_NODE_URL", &self.model_url)
            .env("JAN_NODE_LEASE", format!("{}ms", self.lease.as_millis()))
            .env("JAN_TOOLS_ALLOW_PRIVATE", "127.0.0.1")
            .env("JAN_SEAL_EVENTS", self.seal_events.to_string())
            .env("JAN_LOG_LEVEL", "info")
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a log can be written"));
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let leash = leash(child.id());
        let stdout = child.stdout.take().expect("the output is piped");
        let mut process = ServerProcess {
            child,
            leash,
            log,
            address: String::new(),
        };
        match timeout(PATIENCE, address_in(stdout)).await {
            Ok(Ok(address)) => process.address = address,
            _ => panic!("jan-server does not start:\n{}", process.last_words()),
        }
        process
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "the logs of the servers are in {}",
                self.directory.display()
            );
        } else if let Err(error) = std::fs::remove_dir_all(&self.directory) {
            eprintln!("{} stays behind: {error}", self.directory.display());
        }
    }
}

/// A running server. It is killed when this goes.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    leash: Child,
    log: PathBuf,
    address: String,
}

impl ServerProcess {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        let port = self.address.rsplit(':').next();
        let port = port.and_then(|port| port.parse().ok());
        port.expect("an address ends with a port")
    }

    /// Somebody without credentials who talks to it.
    pub fn remote(&self) -> Remote {
        Remote::to(&format!("http://{}", self.address))
    }

    /// `kill -9`, at once.
    pub fn kill(mut self) {
        self.end();
    }

    /// Waits until it has died by itself.
    ///
    /// # Panics
    ///
    /// If it lives on.
    pub async fn until_dead(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "process {} lives on:\n{}",
                self.id(),
                self.last_words()
            );
            sleep(GLANCE).await;
        }
    }

    /// Stops the whole process where it stands, without its knowledge.
    pub fn pause(&self) {
        signal("STOP", self.id());
    }

    /// Lets it go on.
    pub fn resume(&self) {
        signal("CONT", self.id());
    }

    /// Asks it to end, as a person or an orchestrator would, and waits until it has.
    pub async fn stop(mut self) -> ExitStatus {
        signal("TERM", self.id());
        self.until_dead().await
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let mut last: VecDeque<_> = log.lines().rev().take(30).collect();
        last.make_contiguous().reverse();
        Vec::from(last).join("\n")
    }

    fn end(&mut self) {
        // The leash goes first: afterwards the id may be somebody else's.
        for child in [&mut self.leash, &mut self.child] {
            let ended = child.kill().and_then(|()| child.wait());
            ended.expect("our own child can be ended");
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sends a signal to one process that the tests have started.
///
/// # Panics
///
/// If it is not there.
pub fn signal(name: &str, process: u32) {
    // The program of that name is not on every machine, but every shell has its own.
    let script = format!("kill -{name} {process}");
    let sent = Command::new("/bin/sh").args(["-c", &script]).status();
    let sent = sent.expect("there is a shell").success();
    assert!(sent, "process {process} is not there");
}

/// `jan-server`.
///
/// # Panics
///
/// If it is not built.
pub fn program() -> PathBuf {
    program_called("jan-server")
}

/// One of our programs. It lies where Cargo puts them: beside the folder of the test's own.
///
/// # Panics
///
/// If it is not built.
pub fn program_called(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a program knows where it is");
    let folder = test.parent().and_then(Path::parent);
    let program = folder.expect("Cargo's folders").join(name);
    assert!(
        program.is_file(),
        "no {}: run `cargo build -p jan-api -p jan-tests --bins` first",
        program.display()
    );
    program
}

fn leash(process: u32) -> Child {
    let leash = Command::new("/bin/sh")
        .args(["-c", LEASH, "jan-tests-leash", &process.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    leash.expect("there is a shell")
}

/// The address in the banner; everything after it is read and dropped.
async fn address_in(stdout: ChildStdout) -> Result<String, oneshot::error::RecvError> {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let address = lines.find_map(|line| Some(line.split_once(READY)?.1.trim().to_owned()));
        if let Some(address) = address {
            // Whoever asked may have lost patience.
            let _gone = tell.send(address);
        }
        lines.for_each(drop);
    });
    told.await
}
