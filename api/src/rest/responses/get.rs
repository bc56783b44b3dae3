use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jan_commands::run::follow;
use jan_commands::store::Moment;
use jan_domain::Caller;
use jan_domain::id::ResponseId;
use jan_domain::item::Item;
use jan_domain::response::run::shown;
use jan_projections::{ReadModel, ReadModels, RunRow, StepRow};
use serde_json::{Value, json};

use super::portrait::{Portrait, Stand};
use super::schema::ResponseObject;
use super::trace::trace;
use super::{jan, past, stream};
use crate::caller::Authenticated;
use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::moment::{MomentParams, Shown, asked};
use crate::rest::page::ListQuery;
use crate::rest::path_id::{InPath, RunId};
use crate::state::ApiState;

/// Read a response, as it is or as it stood, or follow its stream.
///
/// With `stream=true` its events are sent from the first, or from the one after `starting_after`, to
/// the last, on whichever node it runs and also when it has ended. A deleted response's past can still
/// be read by its owner, until it is erased.
#[utoipa::path(
    get,
    path = "/v1/responses/{response_id}",
    operation_id = "get_response",
    tag = "Responses",
    params(
        ("response_id" = String, Path),
        MomentParams,
        ("stream" = Option<bool>, Query, description = "Send its events"),
        ("starting_after" = Option<u64>, Query, description = "The number of the last event seen"),
        ("include[]" = Option<Vec<String>>, Query, description = "What to show that is left out otherwise"),
    ),
    responses((status = 200, description = "The response, or a stream of events", body = ResponseObject)),
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(RunId(id)): InPath<RunId>,
    query: ListQuery,
) -> Result<Response, ApiError> {
    if let Some(asked) = asked(&query)? {
        return as_it_stood(&state, &caller, &context, (&id, &query), asked).await;
    }
    let (fresh, row) = found(&state.reads, &caller, &context, &id).await?;
    let streams = matches!(query.get("stream")?, Some("true" | "1"));
    let include = query.all("include").map(str::to_owned).collect::<Vec<_>>();
    let portrait = Portrait::of_row(&row).including(include);
    if streams {
        let from = match query.get("starting_after")? {
            None => 0,
            Some(text) => text
                .parse::<u64>()
                .map(|seen| seen.saturating_add(1))
                .map_err(|_| {
                    ApiError::invalid_value("Expected the number of an event.").at("starting_after")
                })?,
        };
        let events = follow(&state.commands, &id, from);
        return Ok((fresh, stream::response(portrait, events, ())).into_response());
    }
    let steps = match (row.status.is_final(), context.flavour) {
        (true, Flavour::OpenAi) => Vec::new(),
        _ => state.reads.runs.steps_of(&row).await?,
    };
    let stand = Stand::of_row(&row, so_far(&steps));
    let object = match context.flavour {
        Flavour::OpenAi => portrait.object(stand),
        Flavour::Jan => in_jan_shape(&row, portrait, &stand, &steps),
    };
    Ok((fresh, Json(object)).into_response())
}

async fn as_it_stood(
    state: &ApiState,
    caller: &Caller,
    context: &RequestContext,
    (id, query): (&ResponseId, &ListQuery),
    asked: (&str, Moment),
) -> Result<Response, ApiError> {
    if matches!(query.get("stream")?, Some("true" | "1")) {
        let message = "The past is not streamed; a replay tells the events again.";
        return Err(ApiError::invalid_value(message).at("stream"));
    }
    let past = past::found(&state.commands, caller, id, asked).await?;
    let (row, steps) = (past::row(&past, id), past::steps(&past));
    let missing = || ApiError::not_found("response", id);
    let row = row.ok_or_else(missing)?;
    let include = query.all("include").map(str::to_owned).collect::<Vec<_>>();
    let portrait = Portrait::of_row(&row).including(include);
    let stand = Stand::of_row(&row, so_far(&steps));
    let object = match context.flavour {
        Flavour::OpenAi => portrait.object(stand),
        Flavour::Jan => in_jan_shape(&row, portrait, &stand, &steps),
    };
    let shown = past.last().cloned().ok_or_else(missing)?;
    Ok((Shown::of(shown), Json(object)).into_response())
}

/// The caller's own stored response, and how fresh that is.
pub(super) async fn found(
    reads: &ReadModels,
    caller: &Caller,
    context: &RequestContext,
    id: &ResponseId,
) -> Result<(Freshened, RunRow), ApiError> {
    let fresh = reach(reads, ReadModel::Runs, context).await?;
    let row = reads.runs.find_stored(&caller.owner, id).await?;
    let row = row.ok_or_else(|| ApiError::not_found("response", id))?;
    Ok((fresh, row))
}

/// The output items as far as the steps of an open response have brought them.
fn so_far(steps: &[StepRow]) -> Value {
    let items = steps
        .iter()
        .flat_map(|step| shown(&step.work, step.outcome.as_ref()));
    json!(items.collect::<Vec<_>>())
}

fn in_jan_shape(row: &RunRow, portrait: Portrait, stand: &Stand, steps: &[StepRow]) -> Value {
    let input: Vec<Item> = row
        .input
        .as_ref()
        .and_then(|json| json.read().ok())
        .unwrap_or_default();
    let instructions = row
        .request
        .as_ref()
        .map(jan_commands::run::RecordedRequest::read);
    let instructions = instructions.and_then(|request| request.instructions);
    let painter = jan::Painter::new(Flavour::Jan, portrait, &input, instructions);
    painter.jan_object(stand, Some(trace(row, steps)))
}
