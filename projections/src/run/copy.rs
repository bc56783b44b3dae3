use std::collections::{BTreeMap, HashMap};

use jan_domain::Json;
use jan_domain::id::{ConversationId, NodeId, ResponseId, StepId};
use jan_domain::response::IncompleteReason;

use super::change::{EndedStep, Opened, RunChange};
use super::steps::StepStatus;
use super::write::{closed, first_status, kept, status};
use crate::rebuild::CopyRows;

const RUNS: &str = "runs (response_id, tenant_id, account_id, status, model, background, \
     retention, conversation_id, previous_response_id, node_id, epoch, request, input, output, \
     metadata, created_at, ended_at, usage, timing, incomplete_reason, failure)";
const STEPS: &str = "run_steps (response_id, index, step_id, work, status, outcome, planned_at, \
     ended_at, took_ms)";

/// The rows of runs that were folded from their first events.
pub(super) fn copy(changes: &BTreeMap<String, RunChange>, rows: &mut CopyRows) {
    for (id, change) in changes {
        if change.deleted {
            continue;
        }
        if let Some(opened) = &change.opened {
            copy_run(id, opened, change, rows);
        }
        copy_steps(id, change, rows);
    }
}

fn copy_run(id: &str, opened: &Opened, change: &RunChange, rows: &mut CopyRows) {
    let (call, terms) = (&opened.call, &opened.terms);
    let first_node = (!terms.background).then_some(&call.node);
    let claimed = change.claimed.as_ref();
    let node = claimed.map(|(node, _)| node).or(first_node);
    let epoch = claimed.map_or(0, |(_, epoch)| *epoch);
    let input = kept(opened).then(|| Json::of(&terms.input));
    let output = closed(change, |end| end.answer.as_ref()).filter(|_| kept(opened));
    rows.row(RUNS)
        .text(id)
        .text(call.owner.tenant.as_str())
        .text(call.owner.account.as_str())
        .text(status(change).unwrap_or(first_status(opened)).as_str())
        .text(&call.model)
        .plain(terms.background)
        .text(call.retention.as_str())
        .text_or_null(call.conversation.as_ref().map(ConversationId::as_str))
        .text_or_null(terms.previous_response.as_ref().map(ResponseId::as_str))
        .text_or_null(node.map(NodeId::as_str))
        .plain(i32::try_from(epoch).unwrap_or(i32::MAX))
        .text_or_null(kept(opened).then(|| call.request.text()))
        .text_or_null(input.as_ref().map(Json::text))
        .text_or_null(output.map(|answer| answer.body.text()))
        .json_or_null(change.metadata.as_ref())
        .time(opened.at)
        .time_or_null(closed(change, |end| Some(end.at)))
        .json_or_null(closed(change, |end| end.usage).as_ref())
        .json_or_null(closed(change, |end| Some(end.timing)).as_ref())
        .text_or_null(closed(change, |end| end.reason).map(IncompleteReason::as_str))
        .json_or_null(closed(change, |end| end.failure.as_ref()))
        .end();
}

fn copy_steps(id: &str, change: &RunChange, rows: &mut CopyRows) {
    let ended: HashMap<&StepId, &EndedStep> =
        change.ended.iter().map(|step| (&step.step, step)).collect();
    for planned in &change.planned {
        let end = ended.get(&planned.step.id);
        let outcome = end.map(|end| Json::of(&end.outcome));
        let took = end.and_then(|end| end.took_ms);
        rows.row(STEPS)
            .text(id)
            .plain(i32::try_from(planned.step.index).unwrap_or(i32::MAX))
            .text(planned.step.id.as_str())
            .text(Json::of(&planned.step.work).text())
            .text(
                end.map_or(StepStatus::InProgress, |end| end.status)
                    .as_str(),
            )
            .text_or_null(outcome.as_ref().map(Json::text))
            .time(planned.at)
            .time_or_null(end.map(|end| end.at))
            .plain_or_null(took.map(|took| i64::try_from(took).unwrap_or(i64::MAX)))
            .end();
    }
}
