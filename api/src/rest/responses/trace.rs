use jan_domain::response::run::{StepOutcome, Work};
use jan_projections::{RunRow, StepRow};
use serde_json::{Value, json};

use super::portrait::usage_of;

/// The trace of a response: its steps, and what they come to.
pub(super) fn trace(row: &RunRow, steps: &[StepRow]) -> Value {
    let shown: Vec<Value> = steps.iter().map(|step| shown(row, step)).collect();
    let rounds = steps
        .windows(2)
        .filter(|pair| {
            matches!(pair[0].work, Work::Infer) && matches!(pair[1].work, Work::CallTool(_))
        })
        .count();
    json!({
        "steps": shown,
        "depth": rounds,
        "tool_calls": steps.iter().filter(|step| matches!(step.work, Work::CallTool(_))).count(),
        "attempts": row.epoch.max(1),
        "duration_ms": row.timing.map(|timing| timing.total_ms),
        "usage": row.usage.map(usage_of),
    })
}

fn shown(row: &RunRow, step: &StepRow) -> Value {
    // The last question to the model ends with the response itself.
    let open = step.outcome.is_none();
    let status = if open && row.status.is_final() {
        row.status.as_str()
    } else {
        step.status.as_str()
    };
    let ended_at = step.ended_at.or(row.ended_at.filter(|_| open));
    let took = ended_at.map(|at| (at - step.planned_at).num_milliseconds().max(0));
    let mut shown = json!({
        "id": step.id,
        "object": "response.step",
        "index": step.index,
        "status": status,
        "planned_at": step.planned_at.timestamp_millis(),
        "ended_at": ended_at.map(|at| at.timestamp_millis()),
        "duration_ms": step.took_ms.or(took),
    });
    match &step.work {
        Work::Infer => {
            shown["type"] = json!("inference");
            if let Some(StepOutcome::Said(said)) = &step.outcome {
                shown["model"] = json!(said.model);
                shown["usage"] = usage_of(said.usage);
            }
        }
        Work::ListTools { server, .. } => {
            shown["type"] = json!("tool_list");
            shown["server_label"] = json!(server);
            if let Some(StepOutcome::Listed(tools)) = &step.outcome {
                let names = tools.iter().map(|tool| tool.name.as_str());
                shown["tools"] = json!(names.collect::<Vec<_>>());
            }
        }
        Work::CallTool(used) => {
            shown["type"] = json!("tool_call");
            shown["item_id"] = json!(used.item);
            shown["server_label"] = json!(used.server);
            shown["tool"] = json!(used.tool);
            shown["arguments"] = json!(used.arguments);
            shown["effect"] = json!(used.effect);
            shown["approval_request_id"] = json!(used.approved_by);
        }
    }
    match &step.outcome {
        Some(StepOutcome::Returned(told)) => {
            shown["output"] = json!(told.output);
            shown["is_error"] = json!(told.is_error);
        }
        Some(StepOutcome::Failed(failure)) => shown["error"] = json!(failure),
        _ => {}
    }
    shown
}
