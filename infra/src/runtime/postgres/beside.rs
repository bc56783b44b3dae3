//! The database as a command finds it that did not start it.

use std::path::PathBuf;

use sqlx::postgres::PgConnectOptions;

use super::cluster::major_of;
use super::placement::{Placement, existing_cluster};
use super::{DATABASE, EmbeddedPostgres, options};
use crate::runtime::account::Account;
use crate::runtime::{RuntimeError, RuntimeSettings};

impl EmbeddedPostgres {
    /// Whether the data directory has a database, running or not. Changes nothing.
    pub fn exists(settings: &RuntimeSettings) -> bool {
        data_dir(settings).is_ok_and(|dir| major_of(&existing_cluster(&dir)).is_some())
    }

    /// How the database is reached that another process runs on the data directory. Says nothing
    /// about whether one does. Changes nothing.
    pub async fn beside(settings: &RuntimeSettings) -> Result<PgConnectOptions, RuntimeError> {
        let data_dir = data_dir(settings)?;
        let account = Account::for_cluster(&existing_cluster(&data_dir)).await?;
        let placement = Placement::of(&data_dir, account.as_ref())?;
        Ok(options(&placement.sockets, DATABASE))
    }
}

fn data_dir(settings: &RuntimeSettings) -> Result<PathBuf, RuntimeError> {
    let dir = &settings.data_dir;
    dir.canonicalize().map_err(RuntimeError::io("find", dir))
}
