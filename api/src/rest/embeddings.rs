//! `/v1/embeddings`, passed on to the model's provider.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use jan_commands::Commands;
use serde_json::{Map, Value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body::JsonBody;
use crate::error::ApiError;
use crate::state::ApiState;

/// Texts, or lists of tokens, of one call (OpenAI).
const INPUTS_MAX: usize = 2048;
/// Fields that go to the provider.
const FORWARDED: &[&str] = &["input", "encoding_format", "dimensions"];

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(create))
}

/// Turn texts into vectors.
#[utoipa::path(
    post,
    path = "/v1/embeddings", operation_id = "create_embedding",
    tag = "Embeddings",
    request_body = serde_json::Value,
    responses((status = 200, description = "The provider's answer", body = serde_json::Value)),
)]
async fn create(
    State(commands): State<Commands>,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Result<Response, ApiError> {
    let given = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let model = match given("model") {
        Some(Value::String(model)) => model,
        Some(_) => return Err(ApiError::invalid_type("Expected a string.").at("model")),
        None => return Err(ApiError::missing("model")),
    };
    check_input(given("input").ok_or_else(|| ApiError::missing("input"))?)?;
    if let Some(format) = given("encoding_format")
        && format != "float"
        && format != "base64"
    {
        let error = ApiError::invalid_value("Expected one of: float, base64.");
        return Err(error.at("encoding_format"));
    }
    if let Some(dimensions) = given("dimensions")
        && dimensions.as_u64().is_none_or(|number| number < 1)
    {
        return Err(ApiError::invalid_value("Expected a positive integer.").at("dimensions"));
    }
    let route = commands
        .models
        .find(model)
        .ok_or_else(|| ApiError::model_not_found(model))?;
    let mut body: Map<String, Value> = FORWARDED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), given(name)?.clone())))
        .collect();
    body.insert(
        "model".to_owned(),
        Value::from(route.upstream_model.as_ref()),
    );
    // Held for as long as the provider works on it.
    let _admitted = commands.admit().ok_or_else(ApiError::too_busy)?;
    let answer = route
        .provider
        .embed(Value::Object(body).to_string().into())
        .await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], answer).into_response())
}

fn check_input(input: &Value) -> Result<(), ApiError> {
    let fits = match input {
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => {
            let texts = list
                .iter()
                .all(|one| one.as_str().is_some_and(|text| !text.is_empty()));
            let tokens = list.iter().all(Value::is_u64);
            let token_lists = list.iter().all(|one| {
                one.as_array()
                    .is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_u64))
            });
            (1..=INPUTS_MAX).contains(&list.len()) && (texts || tokens || token_lists)
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let message = format!(
        "Expected a text, up to {INPUTS_MAX} texts, a list of tokens, or a list of such lists."
    );
    Err(ApiError::invalid_value(message).at("input"))
}
