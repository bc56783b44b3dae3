use serde_json::{Map, Value, json};

use super::call_error::call_error;
use super::{Progress, StepOutcome, StepSoFar, ToolUse, UseKind, Work};
use crate::id::ItemId;
use crate::item::{Item, ItemBody, ItemStatus};

impl Progress {
    /// The output items as far as they are known, in the order of `output_index`. Calls whose
    /// outcome is not known are in progress.
    pub fn output(&self) -> Vec<Item> {
        let shown = |step: &StepSoFar| shown(&step.step.work, step.outcome.as_ref());
        self.steps.iter().flat_map(shown).collect()
    }
}

/// The items that show one step.
pub fn shown(work: &Work, outcome: Option<&StepOutcome>) -> Vec<Item> {
    match (work, outcome) {
        (Work::Infer, Some(StepOutcome::Said(said))) => said.items.clone(),
        (Work::Infer, _) => Vec::new(),
        (Work::ListTools { server, item }, outcome) => {
            let list = item.as_ref().map(|id| shown_list(id, server, outcome));
            list.into_iter().collect()
        }
        (Work::CallTool(used), outcome) => vec![shown_use(used, outcome)],
    }
}

fn shown_list(id: &ItemId, label: &str, outcome: Option<&StepOutcome>) -> Item {
    let tools = match outcome {
        Some(StepOutcome::Listed(tools)) => tools.as_slice(),
        _ => &[],
    };
    let tools: Vec<Value> = tools
        .iter()
        .map(|tool| {
            let mut shown = json!({"name": tool.name, "input_schema": tool.input_schema});
            if let Some(description) = &tool.description {
                shown["description"] = json!(description);
            }
            // Absent, not null: there are clients that take no null here.
            if let Some(annotations) = &tool.annotations {
                shown["annotations"] = annotations.clone();
            }
            shown
        })
        .collect();
    let mut fields = json!({"type": "mcp_list_tools", "server_label": label, "tools": tools});
    if let Some(StepOutcome::Failed(failure)) = outcome {
        fields["error"] = json!(failure.message);
    }
    item(id, status_of(outcome), fields)
}

/// The item that shows a tool call.
pub fn shown_use(used: &ToolUse, outcome: Option<&StepOutcome>) -> Item {
    let arguments = || serde_json::from_str::<Value>(&used.arguments).unwrap_or_default();
    let structured = match outcome {
        Some(StepOutcome::Returned(told)) if !told.is_error => told.structured.clone(),
        _ => None,
    };
    let fields = match used.kind {
        UseKind::Mcp => shown_mcp_call(used, outcome),
        UseKind::WebSearch => {
            let mut arguments = arguments();
            let query = ["q", "query"].map(|name| arguments[name].take());
            let query = query.into_iter().find(|query| !query.is_null());
            let sources = structured.and_then(|told| sources_of(&told));
            let mut action = json!({"type": "search", "query": query, "queries": [query]});
            if let Some(sources) = sources {
                action["sources"] = sources;
            }
            json!({"type": "web_search_call", "action": action})
        }
        UseKind::FileSearch => {
            let query = arguments()["query"].take();
            let results = structured.and_then(|told| passages_of(&told));
            json!({"type": "file_search_call", "queries": [query], "results": results})
        }
        UseKind::CodeInterpreter => {
            let code = arguments()["code"].take();
            json!({"type": "code_interpreter_call", "code": code,
                "container_id": format!("cntr_{}", used.item.as_str()),
                "outputs": outcome.and_then(outputs_of)})
        }
    };
    item(&used.item, status_of(outcome), fields)
}

fn shown_mcp_call(used: &ToolUse, outcome: Option<&StepOutcome>) -> Value {
    let error = outcome.and_then(call_error);
    let output = told_by(outcome).filter(|_| error.is_none());
    json!({
        "type": "mcp_call",
        "server_label": used.server,
        "name": used.tool,
        "arguments": used.arguments,
        "output": output,
        "error": error,
        "approval_request_id": used.approved_by,
    })
}

fn told_by(outcome: Option<&StepOutcome>) -> Option<&str> {
    match outcome {
        Some(StepOutcome::Returned(told)) => Some(&told.output),
        _ => None,
    }
}

/// What was found in documents, in OpenAI's words.
fn passages_of(told: &Value) -> Option<Value> {
    let passage = |result: &Value| {
        let Some(name) = result["document_id"].as_str() else {
            return result.clone();
        };
        // Results of an older record have no attributes.
        let attributes = match &result["attributes"] {
            Value::Null => &result["metadata"],
            attributes => attributes,
        };
        json!({"file_id": name, "filename": name, "attributes": attributes,
            "score": result["score"], "text": result["text"]})
    };
    Some(told["results"].as_array()?.iter().map(passage).collect())
}

/// What a program has said and drawn; where its tool does not tell them apart, what it told.
fn outputs_of(outcome: &StepOutcome) -> Option<Value> {
    let StepOutcome::Returned(told) = outcome else {
        return None;
    };
    let Some(run) = told
        .structured
        .as_ref()
        .filter(|run| run["stdout"].is_string())
    else {
        return Some(json!([{"type": "logs", "logs": told.output}]));
    };
    let text = |name: &str| run[name].as_str().unwrap_or_default();
    let logs = match format!("{}{}{}", text("stdout"), text("stderr"), text("value")) {
        silent if silent.is_empty() => text("error").to_owned(),
        logs => logs,
    };
    let mut outputs = vec![json!({"type": "logs", "logs": logs})];
    let files = run["artifacts"].as_array().into_iter().flatten();
    let images = files.filter(|file| {
        let kind = file["type"].as_str();
        kind.is_some_and(|kind| kind.starts_with("image/")) && file["url"].is_string()
    });
    outputs.extend(images.map(|file| json!({"type": "image", "url": file["url"]})));
    Some(outputs.into())
}

fn sources_of(told: &Value) -> Option<Value> {
    let results = told["results"].as_array()?;
    let url = |result: &Value| {
        let mut names = ["source_url", "link", "url"].iter();
        names.find_map(|name| result[*name].as_str().map(str::to_owned))
    };
    let sources = results.iter().filter_map(url);
    Some(
        sources
            .map(|url| json!({"type": "url", "url": url}))
            .collect(),
    )
}

fn status_of(outcome: Option<&StepOutcome>) -> ItemStatus {
    match outcome {
        None => ItemStatus::InProgress,
        Some(StepOutcome::Failed(_) | StepOutcome::Unknown) => ItemStatus::Failed,
        Some(StepOutcome::Returned(told)) if told.is_error => ItemStatus::Failed,
        Some(_) => ItemStatus::Completed,
    }
}

fn item(id: &ItemId, status: ItemStatus, fields: Value) -> Item {
    let fields = match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    Item {
        id: id.clone(),
        status,
        body: ItemBody::Opaque(fields),
    }
}
