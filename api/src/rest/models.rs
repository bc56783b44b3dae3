//! `/v1/models`

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jan_commands::Commands;
use jan_domain::ports::ModelEntry;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
}

/// A model on offer.
#[derive(Serialize, ToSchema)]
struct ModelBody {
    /// The name to ask for.
    id: String,
    /// `model`
    object: &'static str,
    /// Unix seconds.
    created: i64,
    /// The provider.
    owned_by: String,
}

/// All models on offer.
#[derive(Serialize, ToSchema)]
struct ModelListBody {
    /// `list`
    object: &'static str,
    /// In the operator's order.
    data: Vec<ModelBody>,
}

impl From<ModelEntry> for ModelBody {
    fn from(entry: ModelEntry) -> Self {
        Self {
            id: entry.id,
            object: "model",
            created: entry.created,
            owned_by: entry.owned_by,
        }
    }
}

/// List the models that can be asked for.
#[utoipa::path(get, path = "/v1/models", operation_id = "list_models", tag = "Models", responses((status = 200, body = ModelListBody)))]
async fn list(State(commands): State<Commands>) -> Json<ModelListBody> {
    let data = commands
        .models
        .list()
        .into_iter()
        .map(ModelBody::from)
        .collect();
    Json(ModelListBody {
        object: "list",
        data,
    })
}

/// Describe one model. Its name may contain slashes.
#[utoipa::path(
    get,
    path = "/v1/models/{*model}", operation_id = "get_model",
    tag = "Models",
    params(("model" = String, Path, description = "The model's name")),
    responses((status = 200, body = ModelBody)),
)]
async fn get(
    State(commands): State<Commands>,
    model: Result<Path<String>, PathRejection>,
) -> Result<Json<ModelBody>, ApiError> {
    let Path(model) =
        model.map_err(|_| ApiError::invalid_value("The name is not UTF-8.").at("model"))?;
    let entry = commands
        .models
        .list()
        .into_iter()
        .find(|entry| entry.id == model);
    entry
        .map(|entry| Json(entry.into()))
        .ok_or_else(|| ApiError::model_not_found(&model))
}
