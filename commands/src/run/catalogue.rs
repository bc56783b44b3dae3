use std::collections::{BTreeMap, HashMap};

use jan_domain::response::EffectClass;
use jan_domain::response::run::{
    ListedTool, Progress, ServerTerms, StepOutcome, UseKind, Work, offered_name,
};
use serde_json::{Value, json};

use super::recorded::{ChosenTool, InNamespace, RecordedRequest, ToolChoice};

/// The label of the deployment's own tools.
pub const OWN_LABEL: &str = "jan";

/// The tools that a model is offered, and what a call of each means.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    /// In chat's words.
    pub(crate) tools: Vec<Value>,
    offered: HashMap<String, Offered>,
    namespaces: BTreeMap<String, InNamespace>,
}

/// A server-side tool behind a function name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offered {
    pub(crate) server: String,
    pub(crate) tool: String,
    pub(crate) effect: EffectClass,
    pub(crate) kind: UseKind,
    pub(crate) wants_approval: bool,
}

impl Catalogue {
    /// What the request brought and its servers have told, as far as the choice of tools allows.
    pub(crate) fn of(request: &RecordedRequest, progress: &Progress) -> Self {
        let mut catalogue = Self {
            namespaces: request.namespaces.clone(),
            ..Self::default()
        };
        for function in &request.functions {
            if allows(&request.tool_choice, &chosen_function(function)) {
                catalogue.tools.push(function.clone());
            }
        }
        for (server, tools) in listed(progress) {
            for tool in tools {
                catalogue.offer(request, server, tool);
            }
        }
        catalogue
    }

    /// What a call of the function `name` means; nothing for functions of the client.
    pub(crate) fn find(&self, name: &str) -> Option<&Offered> {
        self.offered.get(name)
    }

    /// Where the client knows the function `name` from, if it brought it in a group.
    pub(crate) fn namespace(&self, name: &str) -> Option<&InNamespace> {
        self.namespaces.get(name)
    }

    fn offer(&mut self, request: &RecordedRequest, server: &ServerTerms, tool: &ListedTool) {
        if !server.allows(&tool.name, tool.effect == EffectClass::Pure) {
            return;
        }
        let own = server.label == OWN_LABEL && server.item.is_none();
        if !own {
            let name = offered_name(&server.label, &tool.name);
            self.add(request, server, tool, (name, UseKind::Mcp));
            return;
        }
        let builtin = request
            .builtins
            .iter()
            .find(|kind| own_tool(**kind) == tool.name);
        if let Some(kind) = builtin {
            self.add(
                request,
                server,
                tool,
                (builtin_name(*kind).to_owned(), *kind),
            );
        } else if request.own_tools {
            self.add(request, server, tool, (tool.name.clone(), UseKind::Mcp));
        }
    }

    fn add(
        &mut self,
        request: &RecordedRequest,
        server: &ServerTerms,
        tool: &ListedTool,
        (name, kind): (String, UseKind),
    ) {
        let chosen = match kind {
            UseKind::Mcp => ChosenTool::Server {
                label: server.label.clone(),
                tool: Some(tool.name.clone()),
            },
            builtin => ChosenTool::Builtin(builtin),
        };
        if !allows(&request.tool_choice, &chosen) || self.offered.contains_key(&name) {
            return;
        }
        self.tools.push(json!({"type": "function", "function": {
            "name": name,
            "description": tool.description.clone().unwrap_or_default(),
            "parameters": tool.input_schema,
        }}));
        let offered = Offered {
            server: server.label.clone(),
            tool: tool.name.clone(),
            effect: tool.effect,
            kind,
            wants_approval: server.approval.wants(&tool.name),
        };
        self.offered.insert(name, offered);
    }

    /// The choice in chat's words. What must be used must be used once: after the first round the
    /// model is free, or it would never come to an end.
    pub(crate) fn choice(&self, choice: &ToolChoice, first_round: bool) -> Option<Value> {
        if self.tools.is_empty() {
            return None;
        }
        match choice {
            ToolChoice::None => Some(json!("none")),
            _ if !first_round => None,
            ToolChoice::Auto
            | ToolChoice::Allowed {
                required: false, ..
            } => None,
            ToolChoice::Required | ToolChoice::Allowed { required: true, .. } => {
                Some(json!("required"))
            }
            ToolChoice::One(tool) => Some(named(tool)),
        }
    }
}

/// One tool in chat's words.
fn named(tool: &ChosenTool) -> Value {
    let function = |name: &str| json!({"type": "function", "function": {"name": name}});
    match tool {
        ChosenTool::Function(name) => function(name),
        ChosenTool::Custom(name) => json!({"type": "custom", "custom": {"name": name}}),
        ChosenTool::Server {
            label,
            tool: Some(tool),
        } => function(&offered_name(label, tool)),
        ChosenTool::Server { tool: None, .. } => json!("required"),
        ChosenTool::Builtin(kind) => function(builtin_name(*kind)),
    }
}

/// The servers of a run that have told what they offer.
fn listed(progress: &Progress) -> impl Iterator<Item = (&ServerTerms, &[ListedTool])> {
    progress
        .steps
        .iter()
        .filter_map(|step| match (&step.step.work, &step.outcome) {
            (Work::ListTools { server, .. }, Some(StepOutcome::Listed(tools))) => {
                Some((progress.server(server)?, tools.as_slice()))
            }
            _ => None,
        })
}

fn chosen_function(function: &Value) -> ChosenTool {
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    if function["type"] == "custom" {
        ChosenTool::Custom(name(&function["custom"]))
    } else {
        ChosenTool::Function(name(&function["function"]))
    }
}

/// Whether a choice leaves this tool on offer: a list of allowed tools is a hard limit.
fn allows(choice: &ToolChoice, tool: &ChosenTool) -> bool {
    let ToolChoice::Allowed { tools, .. } = choice else {
        return true;
    };
    tools.iter().any(|allowed| match (allowed, tool) {
        (ChosenTool::Server { label, tool: None }, ChosenTool::Server { label: other, .. }) => {
            label == other
        }
        (allowed, tool) => allowed == tool,
    })
}

/// The deployment's own tool behind one of OpenAI's.
fn own_tool(kind: UseKind) -> &'static str {
    match kind {
        UseKind::Mcp => "",
        UseKind::WebSearch => "google_search",
        UseKind::FileSearch => "file_search_query",
        UseKind::CodeInterpreter => "python_exec",
    }
}

/// The function name under which a model knows one of OpenAI's tools.
fn builtin_name(kind: UseKind) -> &'static str {
    match kind {
        UseKind::Mcp => "",
        UseKind::WebSearch => "web_search",
        UseKind::FileSearch => "file_search",
        UseKind::CodeInterpreter => "code_interpreter",
    }
}
