use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use jan_projections::{Parked, Retried};

use super::asking::Asking;
use super::projections::{Projection, lives, named};
use super::scalar::BigInt;
use super::user_error::UserError;
use crate::error::ApiError;
use crate::rest::admin::projections::parked::{selection, skip_event};

/// What administrators ask about what read models set aside.
#[derive(Default)]
pub(super) struct UpkeepQuery;

/// What administrators do with read models between rebuilds.
#[derive(Default)]
pub(super) struct UpkeepMutation;

/// An event that a read model has set aside.
#[derive(SimpleObject)]
struct ParkedEvent {
    /// Its place in the log.
    position: BigInt,
    /// Its stream.
    stream: String,
    /// What is wrong with it, or that it follows one that is.
    error: String,
    /// How often it was tried; 0 if it only follows.
    attempts: i32,
    /// When it was set aside.
    parked_at: DateTime<Utc>,
}

impl From<Parked> for ParkedEvent {
    fn from(event: Parked) -> Self {
        Self {
            position: BigInt(event.position),
            stream: event.aggregate_id,
            error: event.error,
            attempts: event.attempts,
            parked_at: event.parked_at,
        }
    }
}

/// What became of a parked stream.
#[derive(SimpleObject)]
struct RetriedStream {
    /// Which.
    stream: String,
    /// How many of its events were set aside.
    events: BigInt,
    /// Why it stays parked; absent if it does not.
    error: Option<String>,
}

impl From<Retried> for RetriedStream {
    fn from(retried: Retried) -> Self {
        Self {
            stream: retried.stream,
            events: BigInt(i64::try_from(retried.events).unwrap_or(i64::MAX)),
            error: retried.error,
        }
    }
}

/// A read model to take back to what was live before.
#[derive(InputObject)]
struct RollBackProjectionInput {
    /// Which, by its name.
    name: String,
}

/// A read model of which only the live rows are to stay.
#[derive(InputObject)]
struct RetireProjectionInput {
    /// Which, by its name.
    name: String,
}

/// What to try once more; everything, if nothing is named.
#[derive(InputObject)]
struct RetryParkedEventsInput {
    /// In which read model.
    name: String,
    /// Only this stream.
    stream: Option<String>,
    /// Only the stream of the event at this position.
    position: Option<BigInt>,
}

/// Which event to leave out, and why.
#[derive(InputObject)]
struct SkipEventInput {
    /// Of which read model.
    name: String,
    /// Its place in the log.
    position: BigInt,
    /// For whoever reads it later; at most 500 characters.
    reason: String,
}

/// The lives that a read model now has.
#[derive(SimpleObject)]
struct ProjectionPayload {
    /// Them; absent if nothing was done.
    projections: Option<Vec<Projection>>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

/// What became of parked streams.
#[derive(SimpleObject)]
struct RetriedPayload {
    /// One each; absent if nothing was done.
    retried: Option<Vec<RetriedStream>>,
    /// Why nothing was done; empty otherwise.
    user_errors: Vec<UserError>,
}

#[Object]
impl UpkeepQuery {
    /// The events that a read model has set aside because it could not fold them, in the order of the
    /// log. For administrators.
    async fn parked_events(
        &self,
        ctx: &Context<'_>,
        name: String,
    ) -> Result<Option<Vec<ParkedEvent>>, ApiError> {
        let asking = Asking::of(ctx);
        asking.require_administrator()?;
        let parked = asking.state.projections.parked(named(&name)?).await?;
        Ok(Some(parked.into_iter().map(ParkedEvent::from).collect()))
    }
}

#[Object]
impl UpkeepMutation {
    /// Go back to what was live before the last rebuild. For administrators.
    async fn roll_back_projection(
        &self,
        ctx: &Context<'_>,
        input: RollBackProjectionInput,
    ) -> Result<Option<ProjectionPayload>, ApiError> {
        let asking = Asking::of(ctx);
        asking.require_administrator()?;
        let done = async {
            let model = named(&input.name)?;
            Ok(asking.state.projections.roll_back(model).await?)
        };
        left(asking, &input.name, done.await).await
    }

    /// Let go of everything but the live rows: what stands by, a build, and what failed. For
    /// administrators.
    async fn retire_projection(
        &self,
        ctx: &Context<'_>,
        input: RetireProjectionInput,
    ) -> Result<Option<ProjectionPayload>, ApiError> {
        let asking = Asking::of(ctx);
        asking.require_administrator()?;
        let done = async {
            let model = named(&input.name)?;
            asking.state.projections.retire(model).await?;
            Ok(())
        };
        left(asking, &input.name, done.await).await
    }

    /// Fold once more what was set aside. For administrators.
    async fn retry_parked_events(
        &self,
        ctx: &Context<'_>,
        input: RetryParkedEventsInput,
    ) -> Result<Option<RetriedPayload>, ApiError> {
        let asking = Asking::of(ctx);
        asking.require_administrator()?;
        let done = async {
            let model = named(&input.name)?;
            let position = input.position.map(|BigInt(position)| position);
            let selection = selection(input.stream, position)?;
            Ok(asking.state.projections.retry(model, &selection).await?)
        };
        retried(asking, done.await)
    }

    /// Leave an event out of a read model for good, on record, and let the rest of its stream in. For
    /// administrators.
    async fn skip_event(
        &self,
        ctx: &Context<'_>,
        input: SkipEventInput,
    ) -> Result<Option<RetriedPayload>, ApiError> {
        let asking = Asking::of(ctx);
        asking.require_administrator()?;
        let BigInt(position) = input.position;
        let done = async {
            let model = named(&input.name)?;
            let by = (&*asking.caller, &asking.context.request);
            skip_event(&asking.state, by, model, (position, input.reason)).await
        };
        retried(asking, done.await)
    }
}

async fn left(
    asking: &Asking,
    name: &str,
    done: Result<(), ApiError>,
) -> Result<Option<ProjectionPayload>, ApiError> {
    let (done, user_errors) = asking.told(done)?;
    let projections = if done.is_some() {
        let lives = lives(asking).await?.into_iter();
        Some(lives.filter(|life| life.name == name).collect())
    } else {
        None
    };
    Ok(Some(ProjectionPayload {
        projections,
        user_errors,
    }))
}

fn retried(
    asking: &Asking,
    done: Result<Vec<Retried>, ApiError>,
) -> Result<Option<RetriedPayload>, ApiError> {
    let (done, user_errors) = asking.told(done)?;
    let retried = done.map(|retried| retried.into_iter().map(RetriedStream::from).collect());
    Ok(Some(RetriedPayload {
        retried,
        user_errors,
    }))
}
