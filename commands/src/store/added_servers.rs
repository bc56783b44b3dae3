//! The tool servers that administrators have added. A table of settings, not a stream: what opens them
//! must be forgotten when it is changed.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::ports::{AddedFailure, AddedServer, AddedServers, Credential, Seal, ServerAuth};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};

/// Servers that can be added.
const ADDED_MAX: i64 = 100;

/// The table of added servers.
#[derive(Clone)]
pub struct AddedToolServers {
    pool: PgPool,
    seal: Arc<dyn Seal>,
}

/// What is sealed of a server.
#[derive(Default, Serialize, Deserialize)]
struct Keys {
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

impl AddedToolServers {
    /// The servers in this database, their keys under this seal.
    pub fn new(pool: PgPool, seal: Arc<dyn Seal>) -> Self {
        Self { pool, seal }
    }

    async fn found(&self) -> Result<Vec<AddedServer>, sqlx::Error> {
        let sql = r"
            select label, url, auth, client_id, scopes, allowed_tools, pin, sealed
              from added_tool_servers
             order by added_at, label";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await?;
        rows.iter().map(|row| self.read(row)).collect()
    }

    async fn inserted(&self, server: AddedServer) -> Result<bool, sqlx::Error> {
        let sql = r"
            insert into added_tool_servers (label, url, auth, client_id, scopes, allowed_tools, pin,
                                            sealed)
            select $1, $2, $3, $4, $5, $6, $7, $8
             where (select count(*) from added_tool_servers) < $9
                on conflict do nothing";
        self.write(sql, &server, Some(ADDED_MAX)).await
    }

    async fn replaced(&self, server: AddedServer) -> Result<bool, sqlx::Error> {
        let sql = r"
            update added_tool_servers
               set url = $2,
                   auth = $3,
                   client_id = $4,
                   scopes = $5,
                   allowed_tools = $6,
                   pin = $7,
                   sealed = $8,
                   changed_at = clock_timestamp()
             where label = $1";
        self.write(sql, &server, None).await
    }

    async fn write(
        &self,
        sql: &str,
        server: &AddedServer,
        most: Option<i64>,
    ) -> Result<bool, sqlx::Error> {
        let mut query = sqlx::query(sql)
            .bind(&server.label)
            .bind(&server.url)
            .bind(server.auth.as_str())
            .bind(&server.client_id)
            .bind(&server.scopes)
            .bind(&server.allowed_tools)
            .bind(&server.pin)
            .bind(self.sealed(server)?);
        if let Some(most) = most {
            query = query.bind(most);
        }
        let written = query.execute(&self.pool).await?;
        Ok(written.rows_affected() > 0)
    }

    fn sealed(&self, server: &AddedServer) -> Result<Vec<u8>, sqlx::Error> {
        let shown = |key: &Credential| key.reveal().to_owned();
        let keys = Keys {
            api_key: server.api_key.as_ref().map(shown),
            client_secret: server.client_secret.as_ref().map(shown),
        };
        let text = serde_json::to_vec(&keys).map_err(|error| sqlx::Error::Encode(error.into()))?;
        Ok(self.seal.seal(&context(&server.label), &text))
    }

    /// Keys that were sealed under another signing key are gone; the server is there without them.
    fn read(&self, row: &PgRow) -> Result<AddedServer, sqlx::Error> {
        let label: String = row.try_get("label")?;
        let auth: &str = row.try_get("auth")?;
        let auth = ServerAuth::parse(auth)
            .ok_or_else(|| sqlx::Error::Decode(format!("auth '{auth}'").into()))?;
        let opened = self.seal.open(&context(&label), row.try_get("sealed")?);
        let keys = opened.and_then(|text| serde_json::from_slice::<Keys>(&text).ok());
        if keys.is_none() {
            tracing::error!(
                tool_server.name = label,
                "the keys of an added tool server cannot be opened: was the signing key changed?"
            );
        }
        let keys = keys.unwrap_or_default();
        Ok(AddedServer {
            label,
            url: row.try_get("url")?,
            auth,
            api_key: keys.api_key.map(Credential::new),
            client_id: row.try_get("client_id")?,
            client_secret: keys.client_secret.map(Credential::new),
            scopes: row.try_get("scopes")?,
            allowed_tools: row.try_get("allowed_tools")?,
            pin: row.try_get("pin")?,
        })
    }

    async fn removed(&self, label: &str) -> Result<bool, sqlx::Error> {
        let deleted = sqlx::query("delete from added_tool_servers where label = $1")
            .bind(label)
            .execute(&self.pool)
            .await?;
        Ok(deleted.rows_affected() > 0)
    }
}

impl AddedServers for AddedToolServers {
    fn all(&self) -> BoxFuture<'_, Result<Vec<AddedServer>, AddedFailure>> {
        self.found().map(|found| found.map_err(unavailable)).boxed()
    }

    fn add(&self, server: AddedServer) -> BoxFuture<'_, Result<bool, AddedFailure>> {
        self.inserted(server)
            .map(|added| added.map_err(unavailable))
            .boxed()
    }

    fn change(&self, server: AddedServer) -> BoxFuture<'_, Result<bool, AddedFailure>> {
        self.replaced(server)
            .map(|changed| changed.map_err(unavailable))
            .boxed()
    }

    fn remove<'a>(&'a self, label: &'a str) -> BoxFuture<'a, Result<bool, AddedFailure>> {
        self.removed(label)
            .map(|removed| removed.map_err(unavailable))
            .boxed()
    }
}

fn context(label: &str) -> String {
    format!("added_tool_server\n{label}")
}

fn unavailable(error: sqlx::Error) -> AddedFailure {
    AddedFailure(error.into())
}
