use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use jan_domain::caller::Owner;

/// Who runs code, and within which bounds.
#[derive(Debug, Clone)]
pub struct CodeSettings {
    /// Who runs it. Nothing said: `SandboxFusion` if its address is set, else monty.
    pub runner: Option<RunnerKind>,
    /// Where SandboxFusion is.
    pub sandbox_fusion_url: Option<String>,
    /// Whose runs need the caller's word.
    pub approval: Approval,
    /// What a program may use.
    pub limits: CodeLimits,
    /// Programs that run at once; others wait.
    pub runs_max: usize,
    /// Worker processes that stand ready.
    pub workers: usize,
    /// Sessions of one owner that are kept; the one that was idle longest makes room.
    pub sessions_max: usize,
    /// How long an unused session is kept.
    pub session_idle: Duration,
    /// Size of a session's variables, as they are kept.
    pub session_bytes_max: usize,
    /// The program behind bubblewrap.
    pub python: PathBuf,
    /// Bubblewrap.
    pub bubblewrap: PathBuf,
    /// This program, which is started as worker. Nothing said: the one that runs.
    pub program: Option<PathBuf>,
}

impl Default for CodeSettings {
    fn default() -> Self {
        Self {
            runner: None,
            sandbox_fusion_url: None,
            approval: Approval::Never,
            limits: CodeLimits::default(),
            runs_max: 4,
            workers: 2,
            sessions_max: 64,
            session_idle: Duration::from_mins(30),
            session_bytes_max: 1 << 20,
            python: PathBuf::from("/usr/bin/python3"),
            bubblewrap: PathBuf::from("/usr/bin/bwrap"),
            program: None,
        }
    }
}

impl CodeSettings {
    /// Who runs code, as things are set.
    pub fn kind(&self) -> RunnerKind {
        let usual = match self.sandbox_fusion_url {
            Some(_) => RunnerKind::SandboxFusion,
            None => RunnerKind::Monty,
        };
        self.runner.unwrap_or(usual)
    }
}

/// The adapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunnerKind {
    /// Nobody: the tool is not offered.
    Off,
    /// A Python without any way out, in worker processes.
    Monty,
    /// CPython behind namespaces.
    Bubblewrap,
    /// A SandboxFusion elsewhere.
    SandboxFusion,
}

impl RunnerKind {
    /// Its name in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Monty => "monty",
            Self::Bubblewrap => "bubblewrap",
            Self::SandboxFusion => "sandbox_fusion",
        }
    }
}

/// Whose runs need `approved: true`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// Nobody's.
    Never,
    /// Everybody's.
    Always,
    /// Those of these accounts.
    Of(BTreeSet<String>),
}

impl Approval {
    /// Whether a run of this owner needs it.
    pub fn is_needed_by(&self, owner: &Owner) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Of(accounts) => accounts.contains(owner.account.as_str()),
        }
    }
}

/// What a program may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeLimits {
    /// From its start to its end.
    pub time: Duration,
    /// Beyond what its empty process holds.
    pub memory_bytes: usize,
    /// Calls within calls.
    pub recursion: usize,
    /// Of each, output and errors; more is cut.
    pub output_bytes: usize,
    /// Of all files it leaves; more are only named.
    pub artifact_bytes: usize,
    /// Files it leaves; more are left out.
    pub artifacts: usize,
}

impl Default for CodeLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            memory_bytes: 128 << 20,
            recursion: 1000,
            output_bytes: 64 << 10,
            artifact_bytes: 1 << 20,
            artifacts: 16,
        }
    }
}
