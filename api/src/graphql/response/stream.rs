use async_graphql::{Context, ID, Json, SimpleObject, Subscription};
use futures::StreamExt;
use futures::stream::BoxStream;
use jan_commands::run::follow;
use jan_domain::id::ResponseId;
use jan_projections::ReadModel;
use serde_json::Value;

use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::scalar::BigInt;
use crate::rest::responses::{Portrait, tell};

/// What is followed about responses.
#[derive(Default)]
pub(in crate::graphql) struct ResponseSubscription;

/// One event of a response's stream.
#[derive(SimpleObject)]
struct ResponseStreamEvent {
    /// `response.created`, `response.output_text.delta` and so on, as in the REST API.
    #[graphql(name = "type")]
    kind: String,
    /// Its number, from 0 and without gaps: what `startingAfter` takes up.
    sequence_number: BigInt,
    /// The whole event, as the REST API sends it.
    event: Json<Value>,
}

#[Subscription]
impl ResponseSubscription {
    /// The events of one of your stored responses, as they come, from the first or from the one
    /// after `startingAfter` on: on whichever node it runs, and also when it has ended.
    async fn response_stream(
        &self,
        ctx: &Context<'_>,
        id: ID,
        starting_after: Option<BigInt>,
    ) -> Result<BoxStream<'static, ResponseStreamEvent>, ApiError> {
        let asking = Asking::of(ctx);
        let id: ResponseId = id_of(&id, "id")?;
        asking.reach(ReadModel::Runs).await?;
        let runs = &asking.reads().runs;
        let row = runs.find_stored(&asking.caller.owner, &id).await?;
        let row = row.ok_or_else(|| ApiError::not_found("response", &id))?;
        let portrait = Portrait::of_row(&row);
        let seen = starting_after.and_then(|BigInt(seen)| u64::try_from(seen).ok());
        let from = seen.map_or(0, |seen| seen.saturating_add(1));
        let events = follow(&asking.state.commands, &id, from);
        let told = events.map(move |(number, event)| {
            let told = tell(&portrait, number, &event);
            ResponseStreamEvent {
                kind: told.name,
                sequence_number: number.into(),
                event: Json(serde_json::from_str(&told.json).unwrap_or_default()),
            }
        });
        Ok(told.boxed())
    }
}
