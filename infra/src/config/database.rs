use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use super::setting::Setting;
use super::value::{Written, without_password};

/// Which Postgres, and how it is used.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Our own database; the embedded Postgres is started when there is none.
    pub url: Option<DatabaseUrl>,
    /// Connections this process opens at most.
    pub connections_max: u32,
    /// How long a request waits for a free connection before it fails.
    pub acquire_timeout: Duration,
    /// How long one statement may run. Migrations and rebuilds are exempt.
    pub statement_timeout: Duration,
    /// How long to wait for a database that is starting, when we start.
    pub startup_wait: Duration,
    /// Whether `serve` brings the schema up to date before it listens.
    pub auto_migrate: bool,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: None,
            connections_max: 16,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_mins(1),
            startup_wait: Duration::from_secs(30),
            auto_migrate: true,
        }
    }
}

/// How to reach a Postgres. Prints without its password.
#[derive(Clone)]
pub struct DatabaseUrl {
    text: String,
    options: PgConnectOptions,
}

impl DatabaseUrl {
    /// The same for sqlx.
    pub fn connect_options(&self) -> PgConnectOptions {
        self.options.clone()
    }
}

impl Written for DatabaseUrl {
    fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "a URL such as postgres://user:password@host:5432/database";
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(EXPECTED);
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| EXPECTED)?;
        Ok(Self {
            text: text.to_owned(),
            options,
        })
    }

    fn write(&self) -> String {
        // libpq also takes the password among the parameters.
        let (place, parameters) = self.text.split_once('?').unwrap_or((&self.text, ""));
        if parameters.contains("password=") {
            format!("{}?***", without_password(place))
        } else {
            without_password(&self.text)
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write())
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write())
    }
}

pub(super) const SETTINGS: &[Setting<DatabaseSettings>] = &[
    Setting {
        name: "database.url",
        env: &["DATABASE_URL"],
        doc: "Postgres 15 or newer; the embedded one is used when there is none",
        slot: |database| &mut database.url,
    },
    Setting {
        name: "database.connections_max",
        env: &["JAN_DATABASE_CONNECTIONS_MAX"],
        doc: "Connections this process opens at most",
        slot: |database| &mut database.connections_max,
    },
    Setting {
        name: "database.acquire_timeout",
        env: &["JAN_DATABASE_ACQUIRE_TIMEOUT"],
        doc: "How long a request waits for a free connection before it fails",
        slot: |database| &mut database.acquire_timeout,
    },
    Setting {
        name: "database.statement_timeout",
        env: &["JAN_DATABASE_STATEMENT_TIMEOUT"],
        doc: "How long one statement may run; migrations and rebuilds are exempt",
        slot: |database| &mut database.statement_timeout,
    },
    Setting {
        name: "database.startup_wait",
        env: &["JAN_DATABASE_STARTUP_WAIT"],
        doc: "How long to wait at start for a database that is not up yet",
        slot: |database| &mut database.startup_wait,
    },
    Setting {
        name: "database.auto_migrate",
        env: &["JAN_AUTO_MIGRATE", "AUTO_MIGRATE"],
        doc: "Bring the schema up to date before listening",
        slot: |database| &mut database.auto_migrate,
    },
];
