use jan_domain::Caller;
use jan_domain::id::ResponseId;
use jan_domain::response::run::ServerPlace;
use jan_domain::response::{RequestedCall, ResponseError, ResponseEvent, Retention};
use serde_json::{Map, Value};

use super::recorded::{ChosenTool, RecordedRequest, ServerKey, ToolChoice};
use super::wish::{RunWish, ServerWish};
use crate::store::Moment;
use crate::{CommandError, Commands};

/// Keys of a chat request that are not settings of the model.
const NOT_PARAMETERS: &[&str] = &[
    "messages",
    "tools",
    "tool_choice",
    "n",
    "stream",
    "stream_options",
];

/// A wish for the same once more: the model, the instructions, the parameters and the tools of one
/// of the caller's responses or chat calls, deleted or not, without what it was asked.
///
/// What opened the doors of its tool servers was never recorded; such a server is asked without it.
pub async fn wish_again(
    commands: &Commands,
    caller: &Caller,
    id: &ResponseId,
) -> Result<RunWish, CommandError<ResponseError>> {
    let past = commands
        .responses
        .as_of(id.as_str(), Moment::Version(1))
        .await?;
    let missing = CommandError::Refused(ResponseError::NotFound);
    let Some((_, ResponseEvent::Requested { call, .. })) = past.events.first() else {
        return Err(missing);
    };
    if !caller.sees(&call.owner) || !call.retention.keeps_content() {
        return Err(missing);
    }
    Ok(wish_of(call))
}

/// The wish behind a call, without what was asked.
pub(super) fn wish_of(call: &RequestedCall) -> RunWish {
    let terms = call.run.as_deref();
    let servers = terms.map(|terms| terms.servers.as_slice());
    let servers = servers.unwrap_or_default().iter().filter_map(|server| {
        let ServerPlace::Remote(url) = &server.place else {
            return None;
        };
        Some(ServerWish {
            label: server.label.clone(),
            url: url.clone(),
            key: ServerKey::default(),
            allowed: server.allowed.clone(),
            read_only: server.read_only,
            approval: server.approval.clone(),
        })
    });
    RunWish {
        model: call.model.clone(),
        request: match terms {
            Some(_) => RecordedRequest::read(&call.request),
            None => of_chat(call.request.read().unwrap_or_default()),
        },
        input: Vec::new(),
        remembered: Vec::new(),
        servers: servers.collect(),
        previous: None,
        conversation: None,
        background: false,
        stream: false,
        retention: Retention::Stored,
        metadata: call.metadata.clone(),
        tool_calls_max: terms.and_then(|terms| terms.tool_calls_max),
        repeatable: false,
    }
}

/// A chat call's settings as those of a response.
fn of_chat(mut request: Map<String, Value>) -> RecordedRequest {
    let messages = request.get("messages").and_then(Value::as_array);
    let first = messages
        .into_iter()
        .flatten()
        .filter(|message| matches!(message["role"].as_str(), Some("system" | "developer")));
    let instructions: Vec<&str> = first
        .filter_map(|message| message["content"].as_str())
        .collect();
    let instructions = (!instructions.is_empty()).then(|| instructions.join("\n\n"));
    let functions = match request.remove("tools") {
        Some(Value::Array(tools)) => tools,
        _ => Vec::new(),
    };
    let choice = request.remove("tool_choice").unwrap_or_default();
    request.retain(|name, _| !NOT_PARAMETERS.contains(&name.as_str()));
    RecordedRequest {
        instructions,
        functions,
        tool_choice: tool_choice(&choice),
        parameters: request,
        ..RecordedRequest::default()
    }
}

fn tool_choice(choice: &Value) -> ToolChoice {
    match choice.as_str() {
        Some("none") => ToolChoice::None,
        Some("required") => ToolChoice::Required,
        Some(_) => ToolChoice::Auto,
        None => choice["function"]["name"]
            .as_str()
            .map_or(ToolChoice::Auto, |name| {
                ToolChoice::One(ChosenTool::Function(name.to_owned()))
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_chat_call_is_wished_again_in_its_own_words() {
        let tool = json!({"type": "function", "function": {"name": "brew"}});
        let Value::Object(request) = json!({
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
            "temperature": 0.5, "n": 2, "tools": [tool],
            "tool_choice": {"type": "function", "function": {"name": "brew"}}})
        else {
            panic!("an object")
        };
        let read = of_chat(request);
        assert_eq!(Value::Object(read.parameters), json!({"temperature": 0.5}));
        assert_eq!(read.instructions.as_deref(), Some("Be brief."));
        assert_eq!(read.functions, [tool]);
        let brew = ChosenTool::Function("brew".to_owned());
        assert_eq!(read.tool_choice, ToolChoice::One(brew));
    }
}
