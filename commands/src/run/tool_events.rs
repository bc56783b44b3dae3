//! What the readers of a stream are told of tool steps.

use jan_domain::item::{Item, ItemStatus};
use jan_domain::response::run::{StepOutcome, ToolUse, UseKind, Work, shown, shown_use};
use serde_json::{Value, json};

use super::stream_event::{ItemPlace, StreamEvent as E};
use super::teller::Teller;

/// A step has begun.
pub(super) fn begun(teller: &Teller, work: &Work, output_index: usize) {
    match work {
        Work::Infer => {}
        Work::ListTools { .. } => {
            for item in shown(work, None) {
                let at = place(&item, output_index);
                teller.tell(added(&item, output_index));
                teller.tell(E::ListInProgress(at));
            }
        }
        Work::CallTool(used) => call_begun(teller, used, output_index),
    }
}

/// A step has ended.
pub(super) fn ended(teller: &Teller, work: &Work, outcome: &StepOutcome, output_index: usize) {
    for item in shown(work, Some(outcome)) {
        let at = place(&item, output_index);
        let failed = item.status == ItemStatus::Failed;
        match work {
            Work::Infer => return,
            Work::ListTools { .. } if failed => teller.tell(E::ListFailed(at)),
            Work::ListTools { .. } => teller.tell(E::ListCompleted(at)),
            Work::CallTool(used) => teller.tell(match used.kind {
                UseKind::Mcp if failed => E::McpFailed(at),
                UseKind::Mcp => E::McpCompleted(at),
                UseKind::WebSearch => E::WebSearchCompleted(at),
                UseKind::FileSearch => E::FileSearchCompleted(at),
                UseKind::CodeInterpreter => E::CodeCompleted(at),
            }),
        }
        teller.tell(E::ItemDone {
            output_index,
            item: value(&item),
        });
    }
}

fn call_begun(teller: &Teller, used: &ToolUse, output_index: usize) {
    let item = shown_use(used, None);
    let at = place(&item, output_index);
    let mut begun = value(&item);
    match used.kind {
        UseKind::Mcp => begun["arguments"] = json!(""),
        UseKind::WebSearch => {
            begun.as_object_mut().map(|fields| fields.remove("action"));
        }
        UseKind::FileSearch => begun["queries"] = json!([]),
        UseKind::CodeInterpreter => {
            begun["code"] = json!("");
            begun["outputs"] = json!([]);
        }
    }
    teller.tell(E::ItemAdded {
        output_index,
        item: begun,
    });
    match used.kind {
        UseKind::Mcp => {
            teller.tell(E::McpInProgress(at.clone()));
            teller.tell(E::McpArgumentsDelta {
                at: at.clone(),
                delta: used.arguments.clone(),
            });
            teller.tell(E::McpArgumentsDone {
                at,
                arguments: used.arguments.clone(),
            });
        }
        UseKind::WebSearch => {
            teller.tell(E::WebSearchInProgress(at.clone()));
            teller.tell(E::WebSearchSearching(at));
        }
        UseKind::FileSearch => {
            teller.tell(E::FileSearchInProgress(at.clone()));
            teller.tell(E::FileSearchSearching(at));
        }
        UseKind::CodeInterpreter => {
            let code = value(&item)["code"].as_str().unwrap_or_default().to_owned();
            teller.tell(E::CodeInProgress(at.clone()));
            teller.tell(E::CodeDelta {
                at: at.clone(),
                delta: code.clone(),
            });
            teller.tell(E::CodeDone {
                at: at.clone(),
                code,
            });
            teller.tell(E::CodeInterpreting(at));
        }
    }
}

fn added(item: &Item, output_index: usize) -> E {
    E::ItemAdded {
        output_index,
        item: value(item),
    }
}

fn place(item: &Item, output_index: usize) -> ItemPlace {
    ItemPlace {
        item_id: item.id.clone(),
        output_index,
    }
}

fn value(item: &Item) -> Value {
    serde_json::to_value(item).unwrap_or_default()
}
