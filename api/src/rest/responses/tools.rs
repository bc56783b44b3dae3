use std::collections::BTreeMap;

use jan_commands::run::{InNamespace, ServerWish};
use jan_domain::response::run::{UseKind, offered_name};
use serde_json::{Map, Value, json};

use super::warnings::Warnings;
use super::{mcp_server, tool_bounds};
use crate::error::ApiError;
use crate::rest::value_check::function_name;

/// Tools of one request.
const TOOLS_MAX: usize = 512;

/// The tools of a request, by who runs them.
#[derive(Debug, Default)]
pub(super) struct Tools {
    /// Functions and custom tools of the client, in chat's words.
    pub(super) functions: Vec<Value>,
    /// Those of them that came in groups, by the names they are offered under.
    pub(super) namespaces: BTreeMap<String, InNamespace>,
    /// Tools of ours, by OpenAI's names.
    pub(super) builtins: Vec<UseKind>,
    /// What is said of them, in the words of our own tools.
    pub(super) bounds: BTreeMap<UseKind, Map<String, Value>>,
    /// Tool servers of the caller's.
    pub(super) servers: Vec<ServerWish>,
    /// As the response repeats them: nulls filled in, secrets left out.
    pub(super) shown: Vec<Value>,
}

/// Reads the tools. Types we do not know are accepted and never offered.
pub(super) fn read(list: Option<&Value>, warnings: &mut Warnings) -> Result<Tools, ApiError> {
    let mut tools = Tools::default();
    let Some(Value::Array(list)) = list else {
        return Ok(tools);
    };
    if list.len() > TOOLS_MAX {
        return Err(
            ApiError::invalid_value(format!("Expected at most {TOOLS_MAX} tools.")).at("tools"),
        );
    }
    for (place, tool) in list.iter().enumerate() {
        read_one(tool, &mut tools, warnings).map_err(|error| under(place, error))?;
    }
    Ok(tools)
}

fn under(place: usize, error: ApiError) -> ApiError {
    let at = match error.param() {
        Some(field) => format!("tools[{place}].{field}"),
        None => format!("tools[{place}]"),
    };
    error.at(at)
}

fn read_one(tool: &Value, tools: &mut Tools, warnings: &mut Warnings) -> Result<(), ApiError> {
    let Some(fields) = tool.as_object() else {
        return Err(ApiError::invalid_type("A tool must be an object."));
    };
    let kind = match fields.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        None => return Err(ApiError::missing("type")),
        Some(_) => return Err(ApiError::invalid_type("Expected a string.").at("type")),
    };
    match kind {
        "function" => {
            let (offered, shown) = function(fields)?;
            tools.functions.push(offered);
            tools.shown.push(shown);
        }
        "custom" => {
            function_name(&tool["name"]).map_err(|error| error.at("name"))?;
            let mut custom = fields.clone();
            custom.remove("type");
            tools
                .functions
                .push(json!({"type": "custom", "custom": custom}));
            tools.shown.push(tool.clone());
        }
        "namespace" => namespace(fields, tools)?,
        "mcp" => mcp(fields, tools, warnings)?,
        _ => {
            match builtin(kind) {
                Some(builtin) => own(builtin, fields, tools, warnings)?,
                None => warnings.ignored_tool(kind),
            }
            tools.shown.push(tool.clone());
        }
    }
    Ok(())
}

/// A server of the caller's; one without an address is shown and never asked.
fn mcp(
    fields: &Map<String, Value>,
    tools: &mut Tools,
    warnings: &mut Warnings,
) -> Result<(), ApiError> {
    tools.shown.push(mcp_server::shown(fields));
    let Some(server) = mcp_server::read(fields)? else {
        warnings.add("mcp tools without a 'server_url' are not offered".to_owned());
        return Ok(());
    };
    let label = &server.label;
    if tools.servers.iter().any(|known| known.label == *label) {
        return Err(ApiError::invalid_value("Another tool has this label.").at("server_label"));
    }
    tools.servers.push(server);
    Ok(())
}

/// A function as chat knows it, and as the response repeats it. Jan nests it as chat does.
fn function(fields: &Map<String, Value>) -> Result<(Value, Value), ApiError> {
    let nested = fields.get("function").and_then(Value::as_object);
    let told = nested.unwrap_or(fields);
    let get = |name: &str| told.get(name).cloned().unwrap_or_default();
    let at = if nested.is_some() {
        "function.name"
    } else {
        "name"
    };
    function_name(&get("name")).map_err(|error| error.at(at))?;
    let parameters = get("parameters");
    if !parameters.is_null() && !parameters.is_object() {
        return Err(ApiError::invalid_type("Expected an object.").at("parameters"));
    }
    let mut chat = json!({"name": get("name")});
    for name in ["description", "parameters", "strict"] {
        let value = get(name);
        if !value.is_null() {
            chat[name] = value;
        }
    }
    let shown = json!({"type": "function", "name": get("name"), "description": get("description"),
        "parameters": parameters, "strict": get("strict")});
    Ok((json!({"type": "function", "function": chat}), shown))
}

/// A group of functions: each is offered under its own name, or under both names when its own is
/// taken. The client is told which group was meant.
fn namespace(fields: &Map<String, Value>, tools: &mut Tools) -> Result<(), ApiError> {
    let group = fields.get("name");
    function_name(group.unwrap_or(&Value::Null)).map_err(|error| error.at("name"))?;
    let group = group.and_then(Value::as_str).unwrap_or_default();
    let inner = fields.get("tools").and_then(Value::as_array);
    for tool in inner.into_iter().flatten().filter_map(Value::as_object) {
        if tool.get("type").is_none_or(|kind| kind != "function") {
            continue;
        }
        let (mut offered, _) = function(tool)?;
        let name = offered["function"]["name"].as_str().unwrap_or_default();
        let mut known = tools.functions.iter();
        let known_as = if known.any(|other| other["function"]["name"] == name) {
            offered_name(group, name)
        } else {
            name.to_owned()
        };
        let member = InNamespace {
            namespace: group.to_owned(),
            name: name.to_owned(),
        };
        offered["function"]["name"] = json!(known_as);
        tools.functions.push(offered);
        tools.namespaces.insert(known_as, member);
    }
    tools.shown.push(Value::Object(fields.clone()));
    Ok(())
}

fn builtin(kind: &str) -> Option<UseKind> {
    match kind {
        "web_search"
        | "web_search_2025_08_26"
        | "web_search_preview"
        | "web_search_preview_2025_03_11" => Some(UseKind::WebSearch),
        "file_search" => Some(UseKind::FileSearch),
        "code_interpreter" => Some(UseKind::CodeInterpreter),
        _ => None,
    }
}

/// A tool of ours. When one comes twice, what the first says counts.
fn own(
    builtin: UseKind,
    fields: &Map<String, Value>,
    tools: &mut Tools,
    warnings: &mut Warnings,
) -> Result<(), ApiError> {
    let bounds = tool_bounds::read(builtin, fields, warnings)?;
    if !tools.builtins.contains(&builtin) {
        tools.builtins.push(builtin);
        tools.bounds.insert(builtin, bounds);
    } else if tools.bounds.get(&builtin) != Some(&bounds) {
        let kind = fields["type"].as_str().unwrap_or_default();
        warnings.add(format!("a second '{kind}' tool has no effect"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_effect_is_named() {
        let mut warnings = Warnings::default();
        let list = json!([{"type": "file_search", "vector_store_ids": ["vs_1"], "filters": null,
                "ranking_options": {"ranker": "auto", "hybrid_search": {"text_weight": 1}}},
            {"type": "file_search", "vector_store_ids": ["vs_2"]},
            {"type": "web_search", "user_location": {"type": "approximate",
                "timezone": "Europe/Paris"}}]);
        let tools = read(Some(&list), &mut warnings).unwrap();
        assert_eq!(
            tools.bounds[&UseKind::FileSearch],
            bounds(&json!({"collections": ["vs_1"]}))
        );
        assert_eq!(
            warnings.into_list(),
            [
                "'ranking_options.hybrid_search' of a 'file_search' tool has no effect",
                "a second 'file_search' tool has no effect",
                "'user_location.timezone' of a 'web_search' tool has no effect"
            ]
        );
    }

    fn bounds(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn what_is_said_of_our_tools_bounds_their_calls() {
        let filter = json!({"type": "eq", "key": "year", "value": 2024});
        let tools = read_all(&json!([
            {"type": "file_search", "max_num_results": 3, "filters": filter,
                "ranking_options": {"score_threshold": 0.5}},
            {"type": "web_search", "filters": {"allowed_domains": ["https://a.example/", "*.b.example"]},
                "search_context_size": "low",
                "user_location": {"type": "approximate", "country": "GB", "city": "London"}},
        ]))
        .unwrap();
        assert_eq!(
            tools.bounds[&UseKind::FileSearch],
            bounds(&json!({"top_k": 3, "filters": filter, "score_min": 0.5}))
        );
        assert_eq!(
            tools.bounds[&UseKind::WebSearch],
            bounds(
                &json!({"domain_allow_list": ["a.example", "b.example"], "num": 5, "gl": "gb",
                "location": "London, GB"})
            )
        );
    }

    fn read_all(list: &Value) -> Result<Tools, ApiError> {
        read(Some(list), &mut Warnings::default())
    }

    #[test]
    fn tools_are_sorted_by_who_runs_them() {
        let tools = read_all(&json!([
            {"type": "function", "name": "f", "parameters": {"type": "object"}},
            {"type": "function", "function": {"name": "g"}},
            {"type": "custom", "name": "shell"},
            {"type": "web_search"},
            {"type": "web_search_preview"},
            {"type": "teleport"},
            {"type": "mcp", "server_label": "docs", "server_url": "https://docs.example/mcp",
                "authorization": "secret-1", "headers": {"X-Key": "secret-2"}},
        ]))
        .unwrap();
        assert_eq!(tools.functions.len(), 3);
        assert_eq!(tools.builtins, [UseKind::WebSearch]);
        assert_eq!(tools.servers.len(), 1);
        assert_eq!(tools.shown.len(), 7);
        let shown = json!(tools.shown);
        assert_eq!(
            shown[1],
            json!({"type": "function", "name": "g", "description": null,
            "parameters": null, "strict": null})
        );
        assert!(!shown.to_string().contains("secret-"), "{shown}");
    }

    #[test]
    fn functions_of_a_group_are_known_by_their_names() {
        let function = |name: &str| json!({"type": "function", "name": name});
        let group = |name: &str| {
            json!({"type": "namespace", "name": name, "tools":
            [function("open"), function(&format!("only_{name}"))]})
        };
        let tools = read_all(&json!([function("open"), group("a"), group("b")])).unwrap();
        let known: Vec<_> = tools.namespaces.keys().map(String::as_str).collect();
        assert_eq!(known, ["a__open", "b__open", "only_a", "only_b"]);
        assert_eq!(tools.namespaces["b__open"].name, "open");
        assert_eq!(tools.functions.len(), 5);
    }

    #[test]
    fn a_bad_tool_is_refused_at_its_field() {
        for (tool, at) in [
            (json!(5), "tools[0]"),
            (json!({}), "tools[0].type"),
            (json!({"type": "function"}), "tools[0].name"),
            (
                json!({"type": "function", "function": {"name": "a b"}}),
                "tools[0].function.name",
            ),
            (
                json!({"type": "file_search", "max_num_results": 0}),
                "tools[0].max_num_results",
            ),
            (
                json!({"type": "file_search", "vector_store_ids": [1]}),
                "tools[0].vector_store_ids",
            ),
            (
                json!({"type": "file_search", "filters": {"type": "or", "filters": [{"type": "eq"}]}}),
                "tools[0].filters.filters[0].key",
            ),
            (
                json!({"type": "file_search", "ranking_options": {"score_threshold": 2}}),
                "tools[0].ranking_options.score_threshold",
            ),
            (
                json!({"type": "web_search", "filters": {"allowed_domains": ["a b"]}}),
                "tools[0].filters.allowed_domains",
            ),
            (
                json!({"type": "web_search", "search_context_size": "huge"}),
                "tools[0].search_context_size",
            ),
            (
                json!({"type": "web_search", "user_location": {"country": "Britain"}}),
                "tools[0].user_location.country",
            ),
            (
                json!({"type": "mcp", "server_url": "https://x"}),
                "tools[0].server_label",
            ),
            (
                json!({"type": "mcp", "server_label": "a", "server_url": 5}),
                "tools[0].server_url",
            ),
            (
                json!({"type": "mcp", "server_label": "a", "server_url": "https://x",
                "require_approval": "maybe"}),
                "tools[0].require_approval",
            ),
        ] {
            let refused = read_all(&json!([tool])).unwrap_err().body();
            assert_eq!(refused["error"]["param"], at);
        }
    }
}
