//! Everything an operator can decide, read once at start.
//!
//! Flags overrule the environment, which overrules `jan.toml` (`--config`, else `$JAN_CONFIG`,
//! else `./jan.toml` if it is there), which overrules the defaults. Each section is a struct with
//! a `Default` and a table of `Setting`s with one row per field; reading,
//! refusing, and `jan-server config` all follow from the tables. To add a setting, add a field, its
//! default and a row.

mod audit;
mod auth;
mod code;
mod database;
mod error;
mod file;
mod file_search;
mod graphql;
mod keys;
mod limits;
mod mcp;
mod media;
mod providers;
mod retention;
mod runtime;
mod scrape;
mod search;
mod server;
mod setting;
mod sources;
mod telemetry;
#[cfg(test)]
mod tests;
mod tools;
mod value;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use audit::AuditSettings;
pub use auth::AuthSettings;
pub use database::{DatabaseSettings, DatabaseUrl};
pub use error::{ConfigError, Nearest};
pub use file_search::FileSearchSettings;
pub use graphql::GraphqlSettings;
pub use keys::KeySettings;
pub use limits::Limits;
pub use mcp::{Hosts, McpSettings};
pub use retention::RetentionSettings;
pub use server::{Origins, Roles, ServerSettings};
pub use setting::{SettingLine, Source};
pub use sources::Overrides;
pub use telemetry::{LogFormat, TelemetrySettings};

use crate::code::CodeSettings;
use crate::media::MediaSettings;
use crate::model_provider::ProviderSettings;
use crate::runtime::RuntimeSettings;
use crate::safe_http::OwnPlaces;
use crate::scrape::ScrapeSettings;
use crate::search::SearchSettings;
use crate::tools::ToolSettings;
use sources::Sources;

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server listens and what this process does.
    pub server: ServerSettings,
    /// Which Postgres, and how it is used.
    pub database: DatabaseSettings,
    /// The embedded parts and the data directory.
    pub runtime: RuntimeSettings,
    /// Who is let in, and what our own tokens say.
    pub auth: AuthSettings,
    /// How the event log is made provable.
    pub audit: AuditSettings,
    /// The keys under which what people say lies in the database.
    pub keys: KeySettings,
    /// Where models are served; the local model is started when this is empty.
    pub providers: Vec<ProviderSettings>,
    /// Which tool servers there are, and which callers may name.
    pub tools: ToolSettings,
    /// Who is asked for the web.
    pub search: SearchSettings,
    /// How pages of the web are read.
    pub scrape: ScrapeSettings,
    /// How documents are kept and searched.
    pub file_search: FileSearchSettings,
    /// How images and files are kept.
    pub media: MediaSettings,
    /// Who runs code.
    pub code: CodeSettings,
    /// The MCP endpoint that the server offers.
    pub mcp: McpSettings,
    /// The GraphQL endpoint.
    pub graphql: GraphqlSettings,
    /// What the server tells about itself.
    pub telemetry: TelemetrySettings,
    /// How much and how long anything may take.
    pub limits: Limits,
    /// How long what nobody needs any more is kept.
    pub retention: RetentionSettings,
    lines: Vec<SettingLine>,
    warnings: Vec<String>,
}

const DATA_DIR: &str = ".jan";

impl Config {
    /// Reads the environment and the file, and lets `flags` overrule them.
    pub fn load(flags: Overrides) -> Result<Self, ConfigError> {
        let text = |(name, value): (OsString, OsString)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        };
        let environment: BTreeMap<_, _> = std::env::vars_os().map(text).collect();
        Self::read(Sources::open(flags, environment, Path::new(""))?)
    }

    /// Every setting with its value, default and source, in the order of the sections.
    pub fn describe(&self) -> &[SettingLine] {
        &self.lines
    }

    /// Things that look like mistakes and are none, such as `$JAN_PROT`; worth a log line each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Where our signing key is, or will be made.
    pub fn signing_key_file(&self) -> PathBuf {
        let usual = || {
            self.runtime
                .data_dir
                .join("secrets")
                .join("signing-key.pem")
        };
        self.auth.signing_key_file.clone().unwrap_or_else(usual)
    }

    /// Where the key is that signs the seals of the log, or will be made.
    pub fn audit_key_file(&self) -> PathBuf {
        let usual = || self.runtime.data_dir.join("secrets").join("audit-key.pem");
        self.audit.signing_key_file.clone().unwrap_or_else(usual)
    }

    /// Where our master keys are, or will be made.
    pub fn master_key_file(&self) -> PathBuf {
        let usual = || self.runtime.data_dir.join("secrets").join("master-key");
        self.keys.master_key_file.clone().unwrap_or_else(usual)
    }

    /// Where the bytes of media lie, or will.
    pub fn media_directory(&self) -> PathBuf {
        let usual = || self.runtime.data_dir.join("media");
        self.media.directory.clone().unwrap_or_else(usual)
    }

    /// Where a server of this configuration that listens here answers, by its address, by the hosts
    /// of its MCP endpoint and by the issuer of its tokens.
    pub fn own_places(&self, listening: SocketAddr) -> OwnPlaces {
        let hosts = self.mcp.hosts.to_vec().into_iter();
        let own = hosts.fold(OwnPlaces::of(listening), |own, host| own.also(&host));
        own.also_at(&self.auth.issuer)
    }

    fn read(mut sources: Sources) -> Result<Self, ConfigError> {
        let search_path = sources.variable("PATH").unwrap_or_default().to_owned();
        let mut server = ServerSettings::default();
        let mut database = DatabaseSettings::default();
        let mut runtime = RuntimeSettings::new(DATA_DIR, search_path);
        let mut auth = AuthSettings::default();
        let mut audit = AuditSettings::default();
        let mut keys = KeySettings::default();
        let mut telemetry = TelemetrySettings::default();
        let mut limits = Limits::default();
        let mut mcp = McpSettings::default();
        let mut graphql = GraphqlSettings::default();
        let mut search = SearchSettings::default();
        let mut scrape = ScrapeSettings::default();
        let mut file_search = FileSearchSettings::default();
        let mut retention = RetentionSettings::default();
        let mut media = MediaSettings::default();
        let mut code = CodeSettings::default();
        sources.read(server::SETTINGS, &mut server)?;
        sources.read(database::SETTINGS, &mut database)?;
        sources.read(runtime::DATA_DIR_SETTING, &mut runtime)?;
        runtime.wheels_dir = runtime.data_dir.join("runtime");
        sources.read(runtime::SETTINGS, &mut runtime)?;
        sources.read(auth::SETTINGS, &mut auth)?;
        sources.read(audit::SETTINGS, &mut audit)?;
        sources.read(keys::SETTINGS, &mut keys)?;
        sources.read(telemetry::SETTINGS, &mut telemetry)?;
        sources.read(limits::SETTINGS, &mut limits)?;
        sources.read(retention::SETTINGS, &mut retention)?;
        let providers = providers::read(&mut sources, &limits)?;
        let tools = tools::read(&mut sources)?;
        sources.read(search::SETTINGS, &mut search)?;
        sources.read(scrape::SETTINGS, &mut scrape)?;
        sources.read(file_search::SETTINGS, &mut file_search)?;
        sources.read(media::SETTINGS, &mut media)?;
        sources.read(code::SETTINGS, &mut code)?;
        sources.read(mcp::SETTINGS, &mut mcp)?;
        sources.read(graphql::SETTINGS, &mut graphql)?;
        sources.refuse_unknown()?;
        let warnings = sources.unknown_variables();
        let lines = with_absent_tables(sources.into_lines(), &limits);
        Ok(Self {
            server,
            database,
            runtime,
            auth,
            audit,
            keys,
            providers,
            tools,
            search,
            scrape,
            file_search,
            media,
            code,
            mcp,
            graphql,
            telemetry,
            limits,
            retention,
            lines,
            warnings,
        })
    }
}

/// The lines, and what the tables may say of which there is none.
fn with_absent_tables(mut lines: Vec<SettingLine>, limits: &Limits) -> Vec<SettingLine> {
    let names =
        |lines: &[SettingLine], table: &str| lines.iter().any(|line| line.name.starts_with(table));
    if !names(&lines, "providers[") {
        lines.extend(providers::documentation(limits));
    }
    if !names(&lines, "tool_servers[") {
        lines.extend(tools::documentation());
    }
    lines
}
