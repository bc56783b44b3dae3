//! How the postmaster is run and asked whether it is well.

use std::time::Duration;

use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::process::Command;
use tokio::time::timeout;

use super::binaries::Binaries;
use super::placement::Placement;
use super::{options, orphan};
use crate::runtime::account::Account;
use crate::runtime::lock::InstanceLock;
use crate::runtime::supervisor::{ChildPlan, Manners};
use crate::runtime::{PostgresSettings, RuntimeError};

/// Everything needed to start Postgres again and again.
pub(crate) struct PostgresPlan {
    pub(crate) binaries: Binaries,
    pub(crate) placement: Placement,
    pub(crate) account: Option<Account>,
    pub(crate) settings: PostgresSettings,
    /// Held until the last life is over.
    pub(crate) _lock: InstanceLock,
}

impl ChildPlan for PostgresPlan {
    fn name(&self) -> &'static str {
        "Postgres"
    }

    async fn prepare(&self) -> Result<Command, RuntimeError> {
        orphan::stop(&self.placement).await?;
        let mut command = Command::new(self.binaries.bin_dir.join("postgres"));
        command
            .arg("-D")
            .arg(&self.placement.cluster)
            .arg("-k")
            .arg(&self.placement.sockets);
        for (name, value) in parameters(&self.settings) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        // The server's environment may hold secrets; they are no business of another user.
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .envs(ALLOCATOR)
            .current_dir("/");
        if let Some(account) = &self.account {
            account.apply(&mut command);
        }
        Ok(command)
    }

    async fn answers(&self) -> bool {
        let options = options(&self.placement.sockets, "postgres").disable_statement_logging();
        let session = timeout(Duration::from_secs(2), PgConnection::connect_with(&options)).await;
        match session {
            Ok(Ok(session)) => session.close().await.is_ok(),
            _ => false,
        }
    }

    fn manners(&self) -> Manners {
        Manners {
            // Recovery after a crash replays up to `max_wal_size`.
            ready_within: Duration::from_mins(5),
            // The postmaster restarts its own children; it is well as long as it runs.
            look_every: None,
            stop: orphan::STOP_STEPS,
            leash_signal: "INT",
        }
    }

    fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }
}

/// glibc's allocator keeps a few megabytes per session. By itself it gives memory back after every
/// statement of some size and asks for it again with the next one, which interrupts all cores.
const ALLOCATOR: [(&str, &str); 3] = [
    ("MALLOC_TRIM_THRESHOLD_", "4194304"),
    ("MALLOC_TOP_PAD_", "1048576"),
    ("MALLOC_MMAP_THRESHOLD_", "4194304"),
];

/// Settings for one busy server on one machine. They are arguments, not a file, so that a new
/// release brings its own.
fn parameters(settings: &PostgresSettings) -> Vec<(&'static str, String)> {
    let mut parameters = vec![
        (
            "shared_buffers",
            format!("{}MB", settings.shared_buffers_mb),
        ),
        ("max_connections", settings.connections_max.to_string()),
    ];
    let fixed = [
        // Without it, what was committed still survives the death of Postgres, but no power cut.
        ("fsync", if settings.durable { "on" } else { "off" }),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("listen_addresses", ""),
        ("port", "5432"),
        ("unix_socket_permissions", "0700"),
        // Few, spread-out checkpoints: each one makes pages be written in full once more.
        ("max_wal_size", "2GB"),
        ("min_wal_size", "256MB"),
        ("checkpoint_timeout", "15min"),
        // Compiling short statements costs more than running them.
        ("jit", "off"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("log_checkpoints", "off"),
        // Statements and the values in error details can hold what people wrote.
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
    ];
    parameters.extend(fixed.map(|(name, value)| (name, value.to_owned())));
    parameters
}
