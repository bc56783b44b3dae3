use std::collections::BTreeMap;

use jan_domain::Json;
use jan_domain::id::{ConversationId, NodeId, ResponseId};
use jan_domain::response::{IncompleteReason, Retention};
use sqlx::PgConnection;
use sqlx::types::Json as Encoded;

use super::change::{Closed, EndedStep, Opened, Planned, RunChange};
use super::rows::RunStatus;
use super::steps::StepStatus;
use crate::projection::column;

/// Brings the tables to where the changes lead: runs that begin, steps that are planned, then
/// whatever happened to either.
pub(super) async fn write(
    connection: &mut PgConnection,
    changes: &BTreeMap<String, RunChange>,
) -> Result<(), sqlx::Error> {
    let (gone, live): (Vec<_>, Vec<_>) = changes.iter().partition(|(_, change)| change.deleted);
    let opened: Vec<NewRun<'_>> = live
        .iter()
        .filter_map(|(id, change)| Some((id.as_str(), change.opened.as_ref()?)))
        .collect();
    if !opened.is_empty() {
        insert_runs(connection, &opened).await?;
    }
    let planned: Vec<NewStep<'_>> = live
        .iter()
        .flat_map(|(id, change)| change.planned.iter().map(|step| (id.as_str(), step)))
        .collect();
    if !planned.is_empty() {
        insert_steps(connection, &planned).await?;
    }
    let ended: Vec<&EndedStep> = live.iter().flat_map(|(_, change)| &change.ended).collect();
    if !ended.is_empty() {
        end_steps(connection, &ended).await?;
    }
    let touched: Vec<ChangedRun<'_>> = live
        .into_iter()
        .filter(|(_, change)| {
            change.claimed.is_some() || change.closed.is_some() || change.metadata.is_some()
        })
        .map(|(id, change)| (id.as_str(), change))
        .collect();
    if !touched.is_empty() {
        update_runs(connection, &touched).await?;
    }
    if !gone.is_empty() {
        delete(connection, &column(&gone, |(id, _)| id.as_str())).await?;
    }
    Ok(())
}

type NewRun<'c> = (&'c str, &'c Opened);
type NewStep<'c> = (&'c str, &'c Planned);
type ChangedRun<'c> = (&'c str, &'c RunChange);

async fn insert_runs(
    connection: &mut PgConnection,
    runs: &[NewRun<'_>],
) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("insert.sql"))
        .bind(column(runs, |(id, _)| *id))
        .bind(column(runs, |(_, run)| run.call.owner.tenant.as_str()))
        .bind(column(runs, |(_, run)| run.call.owner.account.as_str()))
        .bind(column(runs, |(_, run)| first_status(run).as_str()))
        .bind(column(runs, |(_, run)| run.call.model.as_str()))
        .bind(column(runs, |(_, run)| run.terms.background))
        .bind(column(runs, |(_, run)| run.call.retention.as_str()))
        .bind(column(runs, |(_, run)| {
            run.call.conversation.as_ref().map(ConversationId::as_str)
        }))
        .bind(column(runs, |(_, run)| {
            run.terms.previous_response.as_ref().map(ResponseId::as_str)
        }))
        .bind(column(runs, |(_, run)| {
            (!run.terms.background).then(|| run.call.node.as_str())
        }))
        .bind(column(runs, |(_, run)| {
            kept(run).then(|| run.call.request.text())
        }))
        .bind(column(runs, |(_, run)| {
            kept(run).then(|| Json::of(&run.terms.input).text().to_owned())
        }))
        .bind(column(runs, |(_, run)| Encoded(&run.call.metadata)))
        .bind(column(runs, |(_, run)| run.at))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) fn first_status(run: &Opened) -> RunStatus {
    if run.terms.background {
        RunStatus::Queued
    } else {
        RunStatus::InProgress
    }
}

pub(super) fn kept(run: &Opened) -> bool {
    run.call.retention == Retention::Stored
}

async fn insert_steps(
    connection: &mut PgConnection,
    steps: &[NewStep<'_>],
) -> Result<(), sqlx::Error> {
    let sql = r"
        insert into run_steps (response_id, index, step_id, work, status, planned_at)
        select response_id, index, step_id, work, $6, planned_at
          from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::timestamptz[])
               as step (response_id, index, step_id, work, planned_at)";
    sqlx::query(sql)
        .bind(column(steps, |(id, _)| *id))
        .bind(column(steps, |(_, planned)| {
            i32::try_from(planned.step.index).unwrap_or(i32::MAX)
        }))
        .bind(column(steps, |(_, planned)| planned.step.id.as_str()))
        .bind(column(steps, |(_, planned)| {
            Json::of(&planned.step.work).text().to_owned()
        }))
        .bind(column(steps, |(_, planned)| planned.at))
        .bind(StepStatus::InProgress.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

async fn end_steps(connection: &mut PgConnection, steps: &[&EndedStep]) -> Result<(), sqlx::Error> {
    let sql = r"
        update run_steps as step
           set status = ended.status,
               outcome = ended.outcome,
               took_ms = ended.took_ms,
               ended_at = ended.ended_at
          from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[])
               as ended (step_id, status, outcome, took_ms, ended_at)
         where step.step_id = ended.step_id";
    sqlx::query(sql)
        .bind(column(steps, |step| step.step.as_str()))
        .bind(column(steps, |step| step.status.as_str()))
        .bind(column(steps, |step| {
            Json::of(&step.outcome).text().to_owned()
        }))
        .bind(column(steps, |step| {
            step.took_ms
                .map(|took| i64::try_from(took).unwrap_or(i64::MAX))
        }))
        .bind(column(steps, |step| step.at))
        .execute(connection)
        .await?;
    Ok(())
}

async fn update_runs(
    connection: &mut PgConnection,
    runs: &[ChangedRun<'_>],
) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("update.sql"))
        .bind(column(runs, |(id, _)| *id))
        .bind(column(runs, |(_, run)| status(run).map(RunStatus::as_str)))
        .bind(column(runs, |(_, run)| {
            run.claimed.as_ref().map(|(node, _)| NodeId::as_str(node))
        }))
        .bind(column(runs, |(_, run)| {
            let epoch = run.claimed.as_ref().map(|(_, epoch)| *epoch);
            epoch.map(|epoch| i32::try_from(epoch).unwrap_or(i32::MAX))
        }))
        .bind(column(runs, |(_, run)| run.metadata.as_ref().map(Encoded)))
        .bind(column(runs, |(_, run)| {
            let answer = run.closed.as_ref()?.answer.as_ref()?;
            Some(answer.body.text())
        }))
        .bind(column(runs, |(_, run)| closed(run, |end| Some(end.at))))
        .bind(column(runs, |(_, run)| {
            closed(run, |end| end.usage).map(Encoded)
        }))
        .bind(column(runs, |(_, run)| {
            closed(run, |end| Some(end.timing)).map(Encoded)
        }))
        .bind(column(runs, |(_, run)| {
            closed(run, |end| end.reason).map(IncompleteReason::as_str)
        }))
        .bind(column(runs, |(_, run)| {
            closed(run, |end| end.failure.as_ref()).map(Encoded)
        }))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) fn status(run: &RunChange) -> Option<RunStatus> {
    let claimed = run.claimed.as_ref().map(|_| RunStatus::InProgress);
    closed(run, |end| Some(end.status)).or(claimed)
}

pub(super) fn closed<'c, T>(
    run: &'c RunChange,
    value: impl Fn(&'c Closed) -> Option<T>,
) -> Option<T> {
    run.closed.as_ref().and_then(value)
}

async fn delete(connection: &mut PgConnection, ids: &[&str]) -> Result<(), sqlx::Error> {
    for sql in [
        "delete from run_steps where response_id = any($1)",
        "delete from runs where response_id = any($1)",
    ] {
        sqlx::query(sql).bind(ids).execute(&mut *connection).await?;
    }
    Ok(())
}
