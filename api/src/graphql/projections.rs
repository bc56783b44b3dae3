use async_graphql::{Context, InputObject, Object, SimpleObject, Subscription};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::BoxStream;
use jan_projections::{Phase, Progress, ProjectionStatus, ReadModel};

use super::asking::Asking;
use super::scalar::BigInt;
use super::user_error::UserError;
use crate::error::ApiError;

/// What administrators ask about the read models.
#[derive(Default)]
pub(super) struct ProjectionQuery;

/// What administrators do with them.
#[derive(Default)]
pub(super) struct ProjectionMutation;

/// What administrators follow of them.
#[derive(Default)]
pub(super) struct ProjectionSubscription;

/// One life of a read model.
#[derive(SimpleObject)]
pub(super) struct Projection {
    /// Its name.
    pub(super) name: String,
    /// Which of its lives.
    generation: i32,
    /// `live`, `building`, `standby` or `failed`.
    status: String,
    /// The version of the fold that made it; 0 if it waits for its first build.
    version: i32,
    /// The last position of the event log that is folded in.
    position: BigInt,
    /// Events it has passed.
    event_count: BigInt,
    /// Events it has not passed yet.
    lag_events: BigInt,
    /// The age of the oldest of those, in seconds.
    lag_seconds: f64,
    /// Events it has set aside.
    parked_count: BigInt,
    /// The process that runs it.
    owner: Option<String>,
    /// When it last moved.
    updated_at: DateTime<Utc>,
    /// What last interrupted it.
    last_error: Option<String>,
}

impl From<ProjectionStatus> for Projection {
    fn from(status: ProjectionStatus) -> Self {
        Self {
            name: status.name,
            generation: status.generation,
            status: status.status.as_str().to_owned(),
            version: status.version,
            position: BigInt(status.position),
            event_count: BigInt(status.event_count),
            lag_events: BigInt(status.lag_events),
            lag_seconds: status.lag_seconds,
            parked_count: BigInt(status.parked_count),
            owner: status.lease_owner,
            updated_at: status.updated_at,
            last_error: status.last_error,
        }
    }
}

/// How far a build of a read model is.
#[derive(SimpleObject)]
struct ProjectionProgress {
    /// The read model.
    name: String,
    /// The life that is being made.
    generation: i32,
    /// `building` until it is over; then what has become of it.
    status: String,
    /// `loading`, `indexing`, `catching_up`, `verifying` or `switching`.
    phase: Option<String>,
    /// Events that are in.
    events_done: BigInt,
    /// Events there were when it began.
    events_total: BigInt,
    /// The pace so far.
    events_per_second: f64,
    /// How long loading will go on at this pace.
    seconds_left: Option<f64>,
    /// The process that builds; none while the build waits for one.
    owner: Option<String>,
    /// When it began.
    started_at: DateTime<Utc>,
    /// What went wrong.
    last_error: Option<String>,
}

impl From<Progress> for ProjectionProgress {
    fn from(progress: Progress) -> Self {
        Self {
            generation: progress.generation,
            status: progress.status.as_str().to_owned(),
            phase: progress.phase.map(|phase| Phase::as_str(phase).to_owned()),
            events_done: BigInt(progress.events_done),
            events_total: BigInt(progress.events_total),
            events_per_second: progress.events_per_second(),
            seconds_left: progress.time_left().map(|left| left.as_secs_f64()),
            started_at: progress.started_at,
            name: progress.name,
            owner: progress.owner,
            last_error: progress.last_error,
        }
    }
}

/// A read model to make anew.
#[derive(InputObject)]
struct RebuildProjectionInput {
    /// Which, by its name.
    name: String,
}

/// A build that was begun, or goes on.
#[derive(SimpleObject)]
struct RebuildProjectionPayload {
    /// How far it is; absent if nothing was begun.
    progress: Option<ProjectionProgress>,
    /// Why nothing was begun; empty otherwise.
    user_errors: Vec<UserError>,
}

#[Object]
impl ProjectionQuery {
    /// Every life of every read model. For administrators.
    async fn projections(&self, ctx: &Context<'_>) -> Result<Option<Vec<Projection>>, ApiError> {
        let asking = Asking::of(ctx);
        asking.require_administrator()?;
        Ok(Some(lives(asking).await?))
    }
}

/// Every life of every read model.
pub(super) async fn lives(asking: &Asking) -> Result<Vec<Projection>, ApiError> {
    let lives = asking.state.projections.list().await?.into_iter();
    Ok(lives.map(Projection::from).collect())
}

#[Object]
impl ProjectionMutation {
    /// Make a read model anew beside the live one. A build that goes on is answered as it is. For
    /// administrators.
    async fn rebuild_projection(
        &self,
        ctx: &Context<'_>,
        input: RebuildProjectionInput,
    ) -> Result<Option<RebuildProjectionPayload>, ApiError> {
        let asking = Asking::of(ctx);
        asking.require_administrator()?;
        let (progress, user_errors) = asking.told(begun(asking, &input.name).await)?;
        Ok(Some(RebuildProjectionPayload {
            progress: progress.flatten().map(ProjectionProgress::from),
            user_errors,
        }))
    }
}

#[Subscription]
impl ProjectionSubscription {
    /// How the newest build of a read model goes on, until it is over. For administrators.
    async fn projection_progress(
        &self,
        ctx: &Context<'_>,
        name: String,
    ) -> Result<BoxStream<'static, Result<ProjectionProgress, ApiError>>, ApiError> {
        let asking = Asking::of(ctx);
        asking.require_administrator()?;
        let model = named(&name)?;
        let operator = &asking.state.projections;
        let newest = operator.progress(model).await?;
        let newest = newest.ok_or_else(|| ApiError::not_found("rebuild", &name))?;
        let told = operator.watch(model, newest.generation);
        let told = told.map(|progress| Ok(ProjectionProgress::from(progress?)));
        Ok(told.boxed())
    }
}

async fn begun(asking: &Asking, name: &str) -> Result<Option<Progress>, ApiError> {
    let model = named(name)?;
    let operator = &asking.state.projections;
    operator.begin(model, None).await?;
    Ok(operator.progress(model).await?)
}

pub(super) fn named(name: &str) -> Result<ReadModel, ApiError> {
    ReadModel::named(name).ok_or_else(|| {
        let shown: String = name.chars().take(100).collect();
        ApiError::not_found("projection", shown).at("name")
    })
}
