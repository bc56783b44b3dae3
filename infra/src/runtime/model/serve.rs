//! How the model server is run, found again after a crash, and asked whether it is well.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tokio::process::Command;

use super::locate::ModelServer;
use crate::runtime::lock::InstanceLock;
use crate::runtime::process::{self, StopSteps};
use crate::runtime::supervisor::{ChildPlan, Manners};
use crate::runtime::{ModelSettings, RuntimeError};

/// It keeps nothing on disk, so it is not waited for long.
const STOP_STEPS: StopSteps = &[
    (Signal::TERM, Duration::from_secs(3)),
    (Signal::KILL, Duration::from_secs(5)),
];

const LAUNCHER: &str = include_str!("../llama_launcher.py");

/// Everything needed to start the model server again and again.
pub(crate) struct ModelPlan {
    pub(crate) server: ModelServer,
    pub(crate) model: PathBuf,
    pub(crate) settings: ModelSettings,
    pub(crate) port: u16,
    pub(crate) data_dir: PathBuf,
    pub(crate) client: reqwest::Client,
    /// Held until the last life is over.
    pub(crate) _lock: Arc<InstanceLock>,
}

impl ChildPlan for ModelPlan {
    fn name(&self) -> &'static str {
        "the model server"
    }

    async fn prepare(&self) -> Result<Command, RuntimeError> {
        self.stop_orphan().await?;
        match &self.server {
            ModelServer::LlamaServer(program) => Ok(self.llama_server(program.clone())),
            ModelServer::Wheel { python, wheels_dir } => {
                let launcher = self.data_dir.join("llama_launcher.py");
                std::fs::write(&launcher, LAUNCHER)
                    .map_err(RuntimeError::io("write", &launcher))?;
                let mut command = Command::new(python);
                command
                    .arg("-B")
                    .arg(launcher)
                    .arg(self.wish())
                    .env("PYTHONPATH", wheels_dir);
                Ok(command)
            }
        }
    }

    fn note_started(&self, pid: u32) {
        let started = process::pid_of(pid)
            .and_then(process::started_at)
            .unwrap_or_default();
        if let Err(error) = std::fs::write(self.pid_file(), format!("{pid}\n{started}\n")) {
            tracing::warn!("cannot write {}: {error}", self.pid_file().display());
        }
    }

    async fn answers(&self) -> bool {
        let url = format!("http://127.0.0.1:{}/health", self.port);
        let asking = self.client.get(url).timeout(Duration::from_secs(5)).send();
        asking
            .await
            .is_ok_and(|answer| answer.status().is_success())
    }

    fn manners(&self) -> Manners {
        Manners {
            // A large model on a slow disk takes minutes to load.
            ready_within: Duration::from_mins(10),
            look_every: Some(Duration::from_secs(5)),
            stop: STOP_STEPS,
            leash_signal: "TERM",
        }
    }
}

impl ModelPlan {
    /// Options that not every version of llama-server has are given as environment variables,
    /// because those it does not know it ignores.
    fn llama_server(&self, program: PathBuf) -> Command {
        let settings = &self.settings;
        let mut command = Command::new(program);
        command
            .args(["--host", "127.0.0.1", "--port", &self.port.to_string()])
            .arg("--model")
            .arg(&self.model)
            .args([
                "--alias",
                &settings.alias,
                "--threads",
                &self.threads().to_string(),
            ])
            .args(["--parallel", &settings.parallel.to_string()])
            .args(["--ctx-size", &settings.context_tokens.to_string()])
            .env("LLAMA_ARG_JINJA", "1")
            .env("LLAMA_ARG_KV_UNIFIED", "1")
            .env("LLAMA_ARG_ENDPOINT_SLOTS", "0")
            .env("LLAMA_ARG_CORS_ORIGINS", "localhost");
        command
    }

    /// What the launcher is told.
    fn wish(&self) -> String {
        json!({
            "model": self.model,
            "alias": self.settings.alias,
            "host": "127.0.0.1",
            "port": self.port,
            "threads": self.threads(),
            "context_tokens": self.settings.context_tokens,
            "parallel": self.settings.parallel,
        })
        .to_string()
    }

    /// All cores but one: a compute thread too many makes all of them wait for each other.
    fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.settings
            .threads
            .unwrap_or(cores.saturating_sub(1))
            .max(1)
    }

    fn pid_file(&self) -> PathBuf {
        self.data_dir.join("llama.pid")
    }

    /// Ends the model server of an earlier run. Its start time and the model on its command line
    /// tell it from a stranger who got its process id since.
    async fn stop_orphan(&self) -> Result<(), RuntimeError> {
        let Ok(note) = std::fs::read_to_string(self.pid_file()) else {
            return Ok(());
        };
        let mut lines = note.lines();
        let number = lines.next().and_then(|line| line.trim().parse().ok());
        let Some((number, pid)) = number.and_then(|n: u32| Some((n, process::pid_of(n)?))) else {
            return Ok(());
        };
        let model = self.model.to_string_lossy();
        let same = process::started_at(pid).as_deref() == lines.next()
            && process::command_line(pid).is_some_and(|words| words.contains(&*model));
        if !same || !process::is_running(pid) {
            return Ok(());
        }
        tracing::info!(
            child.pid = number,
            "stopping the model server of an earlier run"
        );
        if process::end(pid, STOP_STEPS).await {
            return Ok(());
        }
        Err(RuntimeError::Orphan {
            name: "the model server",
            pid: number,
        })
    }
}
