//! `/v1/conversations`

use utoipa_axum::router::OpenApiRouter;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
}
