use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;
use jan_projections::audit::PublicKey;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::rest::page::ListQuery;
use crate::state::ApiState;

/// The log at this moment, signed.
#[derive(Serialize, ToSchema)]
pub(super) struct CheckpointBody {
    /// `audit.checkpoint`
    object: &'static str,
    /// How many seals there are.
    size: u64,
    /// Root of the tree over them, base64.
    root: String,
    /// The last position they cover.
    position: i64,
    /// When it was taken.
    time: String,
    /// The key that signed.
    key_id: String,
    /// The half of it that checks, base64.
    public_key: String,
    /// All of it as a signed note: what to keep elsewhere.
    note: String,
}

/// That one log continues another.
#[derive(Serialize, ToSchema)]
pub(super) struct ConsistencyBody {
    /// `audit.consistency`
    object: &'static str,
    /// Seals of the smaller log.
    from: u64,
    /// Seals of the larger one.
    to: u64,
    /// Root of the smaller log, base64.
    from_root: String,
    /// Root of the larger one, base64.
    to_root: String,
    /// The path of RFC 9162 from one to the other, base64.
    path: Vec<String>,
}

/// Take a checkpoint of the log, to be kept elsewhere.
#[utoipa::path(
    get,
    path = "/v1/audit/checkpoint",
    operation_id = "get_audit_checkpoint",
    tag = "Audit",
    responses((status = 200, body = CheckpointBody)),
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    Authenticated(_): Authenticated,
) -> Result<Json<CheckpointBody>, ApiError> {
    let signer = &*state.server.signer;
    let checkpoint = state.reads.audit.checkpoint(signer).await?;
    Ok(Json(CheckpointBody {
        object: "audit.checkpoint",
        size: checkpoint.size,
        root: STANDARD.encode(checkpoint.root),
        position: checkpoint.position,
        time: checkpoint.time.to_rfc3339_opts(SecondsFormat::Micros, true),
        public_key: PublicKey::from(signer.public_key()).to_string(),
        note: checkpoint.to_string(),
        key_id: checkpoint.key_id,
    }))
}

/// Prove that the log of a later checkpoint begins with that of an earlier one.
#[utoipa::path(
    get,
    path = "/v1/audit/consistency",
    operation_id = "prove_audit_consistency",
    tag = "Audit",
    params(
        ("from" = Option<u64>, Query, description = "Seals of the earlier checkpoint"),
        ("to" = Option<u64>, Query, description = "Seals of the later one"),
    ),
    responses((status = 200, body = ConsistencyBody)),
)]
pub(super) async fn consistency(
    State(state): State<ApiState>,
    Authenticated(_): Authenticated,
    query: ListQuery,
) -> Result<Json<ConsistencyBody>, ApiError> {
    let (from, to) = (size(&query, "from")?, size(&query, "to")?);
    let Some(proof) = state.reads.audit.consistency(from, to).await? else {
        let message = "Expected two sizes that the log has had, the smaller one in 'from'.";
        return Err(ApiError::invalid_value(message).at("to"));
    };
    Ok(Json(ConsistencyBody {
        object: "audit.consistency",
        from,
        to,
        from_root: STANDARD.encode(proof.from.root),
        to_root: STANDARD.encode(proof.to.root),
        path: proof
            .path
            .iter()
            .map(|hash| STANDARD.encode(hash))
            .collect(),
    }))
}

fn size(query: &ListQuery, name: &str) -> Result<u64, ApiError> {
    let text = query.get(name)?.ok_or_else(|| ApiError::missing(name))?;
    let size = text.parse().ok().filter(|size| *size > 0);
    size.ok_or_else(|| {
        let message = format!("Invalid '{name}': expected a number of seals.");
        ApiError::invalid_value(message).at(name)
    })
}
