use serde_json::{Value, json};

/// One red pixel.
pub(super) const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/// A sound of no length.
const SILENCE: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

/// What the tools answer that only answer.
pub(super) fn of(tool: &str) -> Option<Value> {
    let image = || json!({"type": "image", "data": PIXEL, "mimeType": "image/png"});
    let content = match tool {
        "test_simple_text" => json!([text("This is a simple text response for testing.")]),
        "test_image_content" => json!([image()]),
        "test_audio_content" => {
            json!([{"type": "audio", "data": SILENCE, "mimeType": "audio/wav"}])
        }
        "test_embedded_resource" => json!([embedded(
            "test://embedded-resource",
            "text/plain",
            "This is an embedded resource content."
        )]),
        "test_multiple_content_types" => json!([
            text("Multiple content types test:"),
            image(),
            embedded(
                "test://mixed-content-resource",
                "application/json",
                r#"{"test":"data","value":123}"#
            ),
        ]),
        "test_error_handling" => {
            let words = "This tool intentionally returns an error for testing";
            return Some(json!({"content": [text(words)], "isError": true}));
        }
        "json_schema_2020_12_tool" => json!([text("JSON Schema 2020-12 is understood.")]),
        "test_custom_header" => json!([text("The headers are what the arguments say.")]),
        _ => return None,
    };
    Some(json!({ "content": content }))
}

pub(super) fn text(words: &str) -> Value {
    json!({"type": "text", "text": words})
}

pub(super) fn embedded(uri: &str, kind: &str, words: &str) -> Value {
    json!({"type": "resource", "resource": {"uri": uri, "mimeType": kind, "text": words}})
}
