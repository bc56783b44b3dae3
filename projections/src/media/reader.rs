use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::MediaId;
use jan_domain::media::Purpose;
use sqlx::{PgPool, QueryBuilder};

use crate::cursor::{Page, PageRequest};
use crate::error::{ListError, ReadError};

/// Media as it is shown. Only what can be read is.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MediaRow {
    /// Its stream.
    #[sqlx(rename = "media_id", try_from = "String")]
    pub id: MediaId,
    /// What its owner calls it.
    pub file_name: Option<String>,
    /// What it is for, in OpenAI's words.
    pub purpose: String,
    /// What its bytes are.
    pub media_type: String,
    /// How many they are.
    pub bytes: i64,
    /// Their SHA-256, in hex digits.
    pub sha256: String,
    /// Of an image, in pixels.
    pub width: Option<i32>,
    /// Of an image, in pixels.
    pub height: Option<i32>,
    /// Until when it is kept; `None` until it is deleted.
    #[sqlx(rename = "due_at")]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it came.
    pub created_at: DateTime<Utc>,
}

/// Answers questions about media.
#[derive(Clone)]
pub struct MediaReader {
    pub(super) pool: PgPool,
}

const COLUMNS: &str = "select media_id, file_name, purpose, media_type, bytes, sha256, width, height, due_at, created_at \
     from media \
     where state = 'kept' and (due_at is null or due_at > clock_timestamp())";

impl MediaReader {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// One piece.
    pub async fn find(&self, owner: &Owner, id: &MediaId) -> Result<Option<MediaRow>, ReadError> {
        let sql = format!("{COLUMNS} and media_id = $1 and tenant_id = $2 and account_id = $3");
        let row = sqlx::query_as(&sql)
            .bind(id.as_str())
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row)
    }

    /// What the owner keeps, by the time it came; for one purpose if one is named.
    pub async fn list(
        &self,
        owner: &Owner,
        purpose: Option<Purpose>,
        request: &PageRequest<MediaId>,
    ) -> Result<Page<MediaRow>, ListError> {
        let mut query = QueryBuilder::new(COLUMNS);
        query
            .push(" and tenant_id = ")
            .push_bind(owner.tenant.as_str())
            .push(" and account_id = ")
            .push_bind(owner.account.as_str());
        if let Some(purpose) = purpose {
            query.push(" and purpose = ").push_bind(purpose.as_str());
        }
        let after = match &request.after {
            Some(after) => Some((self.created_at(owner, after).await?, after.as_str())),
            None => None,
        };
        request.push_by_age(&mut query, ("created_at", "media_id"), after);
        let rows = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(Page::cut(rows, request.limit()))
    }

    async fn created_at(&self, owner: &Owner, id: &MediaId) -> Result<DateTime<Utc>, ListError> {
        let row = self.find(owner, id).await?;
        let row = row.ok_or_else(|| ListError::UnknownCursor(id.to_string()))?;
        Ok(row.created_at)
    }
}
