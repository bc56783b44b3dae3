use std::ffi::OsString;
use std::io::{Write as _, stderr};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use jan_infra::runtime::{ChildState, EmbeddedPostgres, RuntimeSettings};
use serde::Serialize;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Connection, request};
use super::load::Door;
use super::parity::{Observer, Rows};
use super::process::{Process, sibling};
use super::workload::{FRAMES, REPLY_BYTES};
use super::{Settings, cpu};

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Variant {
    /// The model itself.
    Direct,
    /// The web stack between, doing nothing.
    PassThrough,
    /// The server, with authentication and every call on record.
    Full,
}

impl Variant {
    /// In the order of a round.
    pub(super) const ALL: [Self; 3] = [Self::Direct, Self::PassThrough, Self::Full];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::PassThrough => "pass-through",
            Self::Full => "full",
        }
    }
}

/// CPU time used by the processes of one variant.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) server: Duration,
    pub(super) postgres: Duration,
}

impl Cost {
    pub(super) fn since(self, before: &Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            postgres: self.postgres.saturating_sub(before.postgres),
        }
    }
}

/// All three variants, up and waiting.
pub(super) struct Stage {
    /// The scripted model, unless somebody else is the model.
    model: Option<Process>,
    model_address: SocketAddr,
    pass_through: Process,
    server: Process,
    token: String,
    postgres: EmbeddedPostgres,
    observer: Observer,
    scratch: PathBuf,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Stage {
    /// With the scripted model.
    pub(super) async fn set_up(settings: &Settings) -> anyhow::Result<Self> {
        let scratch = scratch_of(settings)?;
        let model = model(&scratch).await?;
        let address = model.address;
        Self::set_up_before(settings, (Some(model), address)).await
    }

    /// With somebody else as the model.
    pub(super) async fn set_up_on(settings: &Settings, model: SocketAddr) -> anyhow::Result<Self> {
        Self::set_up_before(settings, (None, model)).await
    }

    async fn set_up_before(
        settings: &Settings,
        (model, model_address): (Option<Process>, SocketAddr),
    ) -> anyhow::Result<Self> {
        let scratch = scratch_of(settings)?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let mut runtime = RuntimeSettings::new(&scratch, search_path());
        runtime.wheels_dir.clone_from(&settings.wheels);
        let postgres = EmbeddedPostgres::start(&runtime, &tasks, &stop).await?;
        let base_url = format!("http://{model_address}/v1");
        let pass_through = pass_through(&scratch, &base_url).await?;
        let server = server(settings, &scratch, (&postgres, &base_url)).await?;
        let token = guest_token(&server).await?;
        let observer = Observer::connect(&postgres).await?;
        Ok(Self {
            model,
            model_address,
            pass_through,
            server,
            token,
            postgres,
            observer,
            scratch,
            tasks,
            stop,
        })
    }

    /// Ends everything and leaves nothing behind.
    pub(super) async fn clear(self) {
        self.server.end().await;
        self.pass_through.end().await;
        if let Some(model) = self.model {
            model.end().await;
        }
        self.observer.leave().await;
        self.postgres.stop().await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Err(error) = std::fs::remove_dir_all(&self.scratch) {
            let _unread = writeln!(stderr(), "{} stays behind: {error}", self.scratch.display());
        }
    }

    pub(super) fn door(&self, variant: Variant) -> Door {
        let token = (variant == Variant::Full).then(|| self.token.clone());
        Door {
            address: match variant {
                Variant::Direct => self.model_address,
                Variant::PassThrough => self.pass_through.address,
                Variant::Full => self.server.address,
            },
            token,
        }
    }

    pub(super) fn cost(&self, variant: Variant) -> anyhow::Result<Cost> {
        let server = match self.process(variant) {
            Some(process) => cpu::of_tree(process.pid()?, None)?,
            None => Duration::ZERO,
        };
        if variant != Variant::Full {
            return Ok(Cost {
                server,
                postgres: Duration::ZERO,
            });
        }
        let ChildState::Ready(postmaster) = *self.postgres.state().borrow() else {
            anyhow::bail!("Postgres is gone");
        };
        let postgres = cpu::of_tree(postmaster, Some(self.observer.backend))?;
        Ok(Cost { server, postgres })
    }

    /// Waits until what was called for is done: read models are part of a call's price.
    pub(super) async fn settle(&self, variant: Variant) -> anyhow::Result<()> {
        match variant {
            Variant::Full => self.observer.settle().await,
            Variant::Direct | Variant::PassThrough => Ok(()),
        }
    }

    pub(super) async fn rows(&self, variant: Variant) -> anyhow::Result<Rows> {
        match variant {
            Variant::Full => self.observer.rows().await,
            Variant::Direct | Variant::PassThrough => Ok(Rows::default()),
        }
    }

    pub(super) fn postgres_version(&self) -> &str {
        self.postgres.version()
    }

    pub(super) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// The measured server's process.
    pub(super) fn server_pid(&self) -> anyhow::Result<u32> {
        self.server.pid()
    }

    pub(super) fn observer(&self) -> &Observer {
        &self.observer
    }

    fn process(&self, variant: Variant) -> Option<&Process> {
        match variant {
            Variant::Direct => self.model.as_ref(),
            Variant::PassThrough => Some(&self.pass_through),
            Variant::Full => Some(&self.server),
        }
    }
}

/// The directory of everything that a run leaves on the disk while it lasts.
pub(super) fn scratch_of(settings: &Settings) -> anyhow::Result<PathBuf> {
    let name = format!("jan-bench-{}", std::process::id());
    let scratch = settings.scratch.join(name);
    std::fs::create_dir_all(&scratch)?;
    Ok(scratch)
}

fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// A role, the content, and a finish reason make [`FRAMES`].
async fn model(scratch: &Path) -> anyhow::Result<Process> {
    let mut command = Command::new(sibling("scripted-model")?);
    command.args(["--reply-frames", &(FRAMES - 2).to_string()]);
    command.args(["--reply-bytes", &REPLY_BYTES.to_string()]);
    Process::start(command, &scratch.join("model.log")).await
}

async fn pass_through(scratch: &Path, base_url: &str) -> anyhow::Result<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["pass-through", "--upstream", base_url]);
    Process::start(command, &scratch.join("pass-through.log")).await
}

async fn server(
    settings: &Settings,
    scratch: &Path,
    (postgres, base_url): (&EmbeddedPostgres, &str),
) -> anyhow::Result<Process> {
    let program = match &settings.server {
        Some(program) => program.clone(),
        None => sibling("jan-server")?,
    };
    let mut command = Command::new(program);
    command
        .args(["serve", "--port", "0"])
        .env_clear()
        .env("PATH", search_path())
        .env("JAN_DATA_DIR", scratch)
        .env("DATABASE_URL", postgres.url())
        .env("JAN_DEFAULT_NODE_URL", base_url);
    for setting in &settings.server_settings {
        command.args(["--set", setting]);
    }
    command.current_dir(scratch);
    Process::start(command, &scratch.join("server.log")).await
}

async fn guest_token(server: &Process) -> anyhow::Result<String> {
    let mut connection = Connection::open(server.address).await?;
    let answer = connection.call(&request("/auth/guest", None, "{}")).await?;
    let body = String::from_utf8_lossy(&answer.body);
    ensure!(
        answer.status < 300,
        "no guest token: {} {body}",
        answer.status
    );
    let told: serde_json::Value = serde_json::from_str(&body)?;
    let token = told["access_token"].as_str();
    Ok(token.context("no access_token")?.to_owned())
}
