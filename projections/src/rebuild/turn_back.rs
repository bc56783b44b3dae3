//! Going back to the generation that was live before.

use std::time::Duration;

use tokio::time::sleep;

use super::builder::Builder;
use super::error::RebuildError;
use super::follow::follow;
use super::live::live_position;
use super::site::Site;
use super::switch::{Attempt, switch};
use crate::generation::Status;
use crate::lease::Claim;
use crate::projection::Definition;

/// Pause while the process that keeps the old generation brings it nearer.
const PAUSE: Duration = Duration::from_millis(200);
/// Connections it takes.
const CONNECTIONS_MAX: u32 = 3;

/// Lets what stands by and what is live change places.
pub(crate) async fn turn_back(
    builder: &Builder,
    definition: Definition,
) -> Result<(), RebuildError> {
    let name = definition.name;
    let sql = "select generation from projections where name = $1 and status = 'standby'";
    let generation: Option<i32> = sqlx::query_scalar(sql)
        .bind(name)
        .fetch_optional(&builder.pool)
        .await?;
    let generation = generation.ok_or(RebuildError::NoStandby { name })?;
    let place = (generation, CONNECTIONS_MAX);
    let site = Site::enter(builder, definition, place).await?;
    let claim = Claim {
        name,
        version: i32::MAX,
        status: Status::Standby,
        generation: Some(generation),
        node: builder.node.clone(),
        duration: builder.lease,
    };
    while switch(&site).await? != Attempt::Done {
        match claim.acquire(&builder.pool).await? {
            None => sleep(PAUSE).await,
            Some(mut lease) => {
                let live = live_position(&builder.pool, name).await?;
                follow((&site, None), &mut lease, live).await?;
                lease.release(&builder.pool).await?;
            }
        }
    }
    site.own.close().await;
    Ok(())
}
