use jan_commands::run::{ChosenTool, ToolChoice};
use jan_domain::response::run::UseKind;
use serde_json::Value;

use crate::error::ApiError;

/// Reads which tools the model must or may use.
pub(super) fn read(value: Option<&Value>) -> Result<ToolChoice, ApiError> {
    let refused = |wanted: &str| ApiError::invalid_value(wanted).at("tool_choice");
    match value {
        None | Some(Value::Null) => Ok(ToolChoice::Auto),
        Some(Value::String(word)) => match word.as_str() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            _ => Err(refused("Expected 'none', 'auto', 'required' or a tool.")),
        },
        Some(choice @ Value::Object(_)) if choice["type"] == "allowed_tools" => allowed(choice),
        Some(choice @ Value::Object(_)) => match tool(choice) {
            Some(tool) => Ok(ToolChoice::One(tool)),
            None => Err(refused("Expected a tool that can be chosen.").at("tool_choice.type")),
        },
        Some(_) => Err(ApiError::invalid_type("Expected a string or an object.").at("tool_choice")),
    }
}

fn allowed(choice: &Value) -> Result<ToolChoice, ApiError> {
    let required = match choice["mode"].as_str() {
        None | Some("auto") => false,
        Some("required") => true,
        Some(_) => {
            return Err(
                ApiError::invalid_value("Expected 'auto' or 'required'.").at("tool_choice.mode")
            );
        }
    };
    let Some(list) = choice["tools"].as_array() else {
        return Err(ApiError::missing("tool_choice.tools"));
    };
    // What we do not know cannot be offered, allowed or not.
    let tools = list.iter().filter_map(tool).collect();
    Ok(ToolChoice::Allowed { required, tools })
}

fn tool(choice: &Value) -> Option<ChosenTool> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let name = text(&choice["name"]).or_else(|| text(&choice["function"]["name"]));
    Some(match choice["type"].as_str()? {
        "function" => ChosenTool::Function(name?),
        "custom" => ChosenTool::Custom(name?),
        "mcp" => ChosenTool::Server {
            label: text(&choice["server_label"])?,
            tool: name,
        },
        "file_search" => ChosenTool::Builtin(UseKind::FileSearch),
        "code_interpreter" => ChosenTool::Builtin(UseKind::CodeInterpreter),
        "web_search"
        | "web_search_preview"
        | "web_search_preview_2025_03_11"
        | "web_search_2025_08_26" => ChosenTool::Builtin(UseKind::WebSearch),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_choice_is_a_word_a_tool_or_a_list() {
        for (given, read_as) in [
            (json!("required"), ToolChoice::Required),
            (
                json!({"type": "function", "name": "f"}),
                ToolChoice::One(ChosenTool::Function("f".to_owned())),
            ),
            (
                json!({"type": "allowed_tools", "mode": "auto", "tools": [
                    {"type": "mcp", "server_label": "docs"}, {"type": "teleport"}]}),
                ToolChoice::Allowed {
                    required: false,
                    tools: vec![ChosenTool::Server {
                        label: "docs".to_owned(),
                        tool: None,
                    }],
                },
            ),
        ] {
            assert_eq!(read(Some(&given)).unwrap(), read_as);
        }
        for wrong in [json!("maybe"), json!(5), json!({"type": "teleport"})] {
            assert!(read(Some(&wrong)).is_err(), "{wrong}");
        }
    }
}
