//! `jan-server serve` as a child that can be asked and stopped.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use jan_tests::process::signal;

use super::Desk;

/// Longer than any start takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A server that runs in the foreground of a desk. It is killed when this goes.
pub(super) struct Server {
    child: Child,
    log: PathBuf,
    pub(super) port: u16,
}

impl Server {
    /// Starts one on a free port and waits until it greets.
    pub(super) fn start(desk: &Desk) -> Self {
        let (greeting, log) = (desk.directory.join("out"), desk.directory.join("err"));
        let mut command = desk.command(&["serve", "--port", "0"]);
        command
            .stdout(File::create(&greeting).unwrap())
            .stderr(File::create(&log).unwrap());
        let mut server = Self {
            child: command.spawn().unwrap(),
            log,
            port: 0,
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = std::fs::read_to_string(&greeting).unwrap();
            if let Some(port) = port_in(&said) {
                server.port = port;
                return server;
            }
            let ended = server.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "{}",
                server.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Sends a signal.
    pub(super) fn tell(&self, name: &str) {
        signal(name, self.id());
    }

    pub(super) fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end, and says how long that took.
    pub(super) fn ended(&mut self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        (self.child.wait().unwrap(), asked.elapsed())
    }

    /// The processes it has started, with their names.
    pub(super) fn children(&self) -> Vec<(u32, String)> {
        let mut children = processes();
        children.retain(|process| process.parent == self.id());
        children
            .into_iter()
            .map(|process| (process.id, process.name))
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.lives() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

fn port_in(greeting: &str) -> Option<u16> {
    let address = greeting
        .split_once("is ready at http://")?
        .1
        .lines()
        .next()?;
    // The line may be written in pieces; the banner is whole when its last line is there.
    greeting.contains("Ctrl-C").then_some(())?;
    address.rsplit_once(':')?.1.parse().ok()
}

pub(super) struct Process {
    pub(super) id: u32,
    pub(super) parent: u32,
    pub(super) name: String,
}

/// Every process that is not merely waiting to be taken note of.
pub(super) fn processes() -> Vec<Process> {
    let mut ps = std::process::Command::new("ps");
    ps.args(["-A", "-o", "pid=,ppid=,stat=,comm="])
        .stderr(Stdio::null());
    match std::fs::read_dir("/proc") {
        Ok(entries) => entries
            .flatten()
            .filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok())
            .filter_map(|stat| {
                let (id, rest) = stat.split_once(" (")?;
                let (name, rest) = rest.rsplit_once(") ")?;
                let mut fields = rest.split(' ');
                let state = fields.next()?;
                process(id, fields.next()?, state, name)
            })
            .collect(),
        Err(_) => String::from_utf8_lossy(&ps.output().unwrap().stdout)
            .lines()
            .filter_map(|line| {
                let mut fields = line.split_whitespace();
                let (id, parent) = (fields.next()?, fields.next()?);
                let state = fields.next()?;
                process(id, parent, state, fields.next()?)
            })
            .collect(),
    }
}

fn process(id: &str, parent: &str, state: &str, name: &str) -> Option<Process> {
    if state.starts_with(['Z', 'X']) {
        return None;
    }
    Some(Process {
        id: id.parse().ok()?,
        parent: parent.parse().ok()?,
        name: name.to_owned(),
    })
}
