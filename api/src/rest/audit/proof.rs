use axum::Json;
use axum::extract::State;
use jan_projections::audit::Provable;
use serde_json::{Value, json};

use super::path::Position;
use super::query::visible_to;
use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::rest::path_id::InPath;
use crate::state::ApiState;

/// Prove that an event is on record: the event as it is sealed, its seal, and the paths from one to the
/// other and to a fresh checkpoint. `jan-server events verify-proof` checks it anywhere.
#[utoipa::path(
    get,
    path = "/v1/audit/events/{position}/proof",
    operation_id = "prove_audit_event",
    tag = "Audit",
    params(("position" = i64, Path)),
    responses((status = 200, body = Value)),
)]
pub(super) async fn prove(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    InPath(Position(position)): InPath<Position>,
) -> Result<Json<Value>, ApiError> {
    let owner = visible_to(&caller).owner;
    let audit = &state.reads.audit;
    match audit
        .prove(&*state.server.signer, position, owner.as_ref())
        .await?
    {
        Provable::Proved(proof) => Ok(Json(json!(proof))),
        Provable::NotSealed => Err(ApiError::not_sealed_yet(position)),
        Provable::Unknown => Err(ApiError::not_found("event", position)),
    }
}
