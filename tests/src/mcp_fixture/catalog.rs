//! What there is, by the names that the suites know.

use serde_json::{Value, json};

use super::asking;
use super::results::{PIXEL, embedded, text};

/// Tools without arguments, besides those that ask.
const SIMPLE: [&str; 10] = [
    "test_simple_text",
    "test_image_content",
    "test_audio_content",
    "test_embedded_resource",
    "test_multiple_content_types",
    "test_error_handling",
    "test_tool_with_logging",
    "test_tool_with_progress",
    "test_logging_tool",
    "test_missing_capability",
];

pub(super) fn tools() -> Vec<Value> {
    let empty = json!({"type": "object", "properties": {}});
    let simple = SIMPLE.iter().chain(asking::TOOLS.iter());
    let mut tools: Vec<_> = simple.map(|name| tool(name, &empty)).collect();
    let header = json!({"type": "string", "x-mcp-header": "Region"});
    let schema = json!({"type": "object", "properties": {"region": header}});
    tools.push(tool("test_custom_header", &schema));
    tools.push(tool("json_schema_2020_12_tool", &rich_schema()));
    tools
}

fn tool(name: &str, schema: &Value) -> Value {
    json!({
        "name": name,
        "description": "What the conformance suites ask for.",
        "inputSchema": schema,
        "annotations": {"readOnlyHint": true},
    })
}

fn rich_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }},
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": false,
    })
}

pub(super) fn resources() -> Value {
    let resource = |uri: &str, name: &str, kind: &str| json!({"uri": uri, "name": name, "description": "For the conformance suites.", "mimeType": kind});
    json!([
        resource("test://static-text", "Text", "text/plain"),
        resource("test://static-binary", "Pixel", "image/png"),
        resource("test://watched-resource", "Watched", "text/plain"),
    ])
}

pub(super) fn templates() -> Value {
    json!([{
        "uriTemplate": "test://template/{id}/data",
        "name": "Data",
        "description": "For the conformance suites.",
        "mimeType": "application/json",
    }])
}

pub(super) fn contents(uri: &str) -> Option<Value> {
    let text = |kind: &str, words: String| json!({"uri": uri, "mimeType": kind, "text": words});
    Some(match uri {
        "test://static-text" => {
            let words = "This is the content of the static text resource.";
            text("text/plain", words.to_owned())
        }
        "test://static-binary" => json!({"uri": uri, "mimeType": "image/png", "blob": PIXEL}),
        "test://watched-resource" => text("text/plain", "It never changes.".to_owned()),
        other => {
            let id = other
                .strip_prefix("test://template/")?
                .strip_suffix("/data")?;
            let data =
                json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
            text("application/json", data.to_string())
        }
    })
}

pub(super) fn prompts() -> Value {
    let argument =
        |name: &str| json!({"name": name, "description": "An argument.", "required": true});
    let prompt = |name: &str, arguments: Vec<Value>| json!({"name": name, "description": "For the conformance suites.", "arguments": arguments});
    json!([
        prompt("test_simple_prompt", Vec::new()),
        prompt(
            "test_prompt_with_arguments",
            vec![argument("arg1"), argument("arg2")]
        ),
        prompt(
            "test_prompt_with_embedded_resource",
            vec![argument("resourceUri")]
        ),
        prompt("test_prompt_with_image", Vec::new()),
        prompt(asking::PROMPT, Vec::new()),
    ])
}

/// The messages of a prompt.
pub(super) fn messages(prompt: &str, argument: impl Fn(&str) -> String) -> Option<Value> {
    let said = |content: Value| json!({"role": "user", "content": content});
    Some(match prompt {
        "test_simple_prompt" => json!([said(text("This is a simple prompt for testing."))]),
        "test_prompt_with_arguments" => {
            let (first, second) = (argument("arg1"), argument("arg2"));
            let words = format!("Prompt with arguments: arg1='{first}', arg2='{second}'");
            json!([said(text(&words))])
        }
        "test_prompt_with_embedded_resource" => {
            let words = "Embedded resource content for testing.";
            let resource = embedded(&argument("resourceUri"), "text/plain", words);
            let wish = text("Please process the embedded resource above.");
            json!([said(resource), said(wish)])
        }
        "test_prompt_with_image" => {
            let image = json!({"type": "image", "data": PIXEL, "mimeType": "image/png"});
            json!([said(image), said(text("Please analyze the image above."))])
        }
        _ => return None,
    })
}
