//! Tools and a prompt that cannot answer before they know more. They ask within their results, as the
//! protocol has it since 2026-07-28, so no session is needed: what was known before comes back with
//! the answer, sealed.

use rmcp::model::{
    ClientCapabilities, ErrorData, InputRequests, InputRequiredResult, InputResponses,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::results::text;

pub(super) const TOOLS: [&str; 9] = [
    "test_input_required_result_elicitation",
    "test_input_required_result_sampling",
    "test_input_required_result_list_roots",
    "test_input_required_result_request_state",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_multi_round",
    "test_input_required_result_tampered_state",
    "test_input_required_result_capabilities",
    "test_streaming_elicitation",
];
pub(super) const PROMPT: &str = "test_input_required_result_prompt";

/// Seals states; as secret as a fixture needs.
const KEY: &str = "a key of the fixture";

/// What comes with a request that is asked again.
pub(super) struct Round {
    pub(super) responses: InputResponses,
    pub(super) state: Option<String>,
    pub(super) capabilities: ClientCapabilities,
}

/// What became of a round.
pub(super) enum Outcome {
    /// The words of the result.
    Known(String),
    Asked(InputRequiredResult),
}

impl Round {
    /// What a tool of [`TOOLS`] makes of it.
    pub(super) fn of(&self, tool: &str) -> Result<Outcome, ErrorData> {
        match tool {
            "test_input_required_result_sampling" => self.simple("capital_question", capital()),
            "test_input_required_result_list_roots" => self.simple("client_roots", roots()),
            "test_input_required_result_request_state"
            | "test_input_required_result_tampered_state" => self.confirmed(),
            "test_input_required_result_multiple_inputs" => self.several(),
            "test_input_required_result_multi_round" => self.by_rounds(),
            "test_input_required_result_capabilities" => self.as_able(),
            _ => self.simple("user_name", name("What is your name?")),
        }
    }

    /// What the prompt is told.
    pub(super) fn of_prompt(&self) -> Result<Outcome, ErrorData> {
        let words = "What context should the prompt use?";
        self.simple("user_context", form(words, "context", "string"))
    }

    /// The words of an answer, if it is one.
    fn answer(&self, id: &str) -> Option<String> {
        let answer = self.responses.get(id)?;
        let declined = answer
            .get("action")
            .is_some_and(|action| action != "accept");
        let fields = answer["content"].as_object().filter(|_| !declined);
        let sampled = answer["content"]["text"].as_str().map(str::to_owned);
        let roots = answer["roots"]
            .is_array()
            .then(|| answer["roots"].to_string());
        let form = || {
            let values = fields?.values();
            let values =
                values.map(|value| value.as_str().map_or(value.to_string(), str::to_owned));
            Some(values.collect::<Vec<_>>().join(", ")).filter(|words| !words.is_empty())
        };
        sampled.or(roots).or_else(form)
    }

    fn simple(&self, id: &str, request: Value) -> Result<Outcome, ErrorData> {
        match self.answer(id) {
            Some(words) if id == "user_name" => Ok(Outcome::Known(format!("Hello, {words}!"))),
            Some(words) => Ok(Outcome::Known(words)),
            None => asked(vec![(id, request)], None),
        }
    }

    fn confirmed(&self) -> Result<Outcome, ErrorData> {
        if let (Some(_), Some(_)) = (self.opened()?, self.answer("confirm")) {
            return Ok(Outcome::Known("state-ok".to_owned()));
        }
        let form = form("Please confirm", "ok", "boolean");
        asked(vec![("confirm", form)], Some("confirming"))
    }

    fn several(&self) -> Result<Outcome, ErrorData> {
        self.opened()?;
        let ids = ["user_name", "greeting", "client_roots"];
        let answers: Option<Vec<_>> = ids.iter().map(|id| self.answer(id)).collect();
        if let Some(answers) = answers {
            return Ok(Outcome::Known(answers.join("; ")));
        }
        let greeting = question("Generate a greeting", 50);
        let requests = [name("What is your name?"), greeting, roots()];
        asked(ids.into_iter().zip(requests).collect(), Some("several"))
    }

    fn by_rounds(&self) -> Result<Outcome, ErrorData> {
        let state = self.opened()?;
        match (state.as_deref(), self.answer("step1"), self.answer("step2")) {
            (Some("one"), Some(name), _) => {
                let form = form("Step 2: What is your favorite color?", "color", "string");
                asked(vec![("step2", form)], Some(&format!("two {name}")))
            }
            (Some(state), _, Some(color)) if state.starts_with("two ") => {
                let name = &state["two ".len()..];
                Ok(Outcome::Known(format!("{name} likes {color}.")))
            }
            _ => {
                let form = name("Step 1: What is your name?");
                asked(vec![("step1", form)], Some("one"))
            }
        }
    }

    /// Asks only for what the client can give.
    fn as_able(&self) -> Result<Outcome, ErrorData> {
        if self.capabilities.sampling.is_some() {
            self.simple("capital_question", capital())
        } else if self.capabilities.elicitation.is_some() {
            self.simple("user_name", name("What is your name?"))
        } else {
            Ok(Outcome::Known(
                "The client can be asked for nothing.".to_owned(),
            ))
        }
    }

    /// The state that came back, if it is ours.
    fn opened(&self) -> Result<Option<String>, ErrorData> {
        let Some(sealed) = &self.state else {
            return Ok(None);
        };
        let opened = sealed
            .split_once('.')
            .filter(|(tag, state)| *tag == tag_of(state));
        let (_, state) = opened.ok_or_else(|| {
            ErrorData::invalid_params("The request state is not one of ours.", None)
        })?;
        Ok(Some(state.to_owned()))
    }
}

fn asked(requests: Vec<(&str, Value)>, state: Option<&str>) -> Result<Outcome, ErrorData> {
    let requests = requests.into_iter().map(|(id, request)| {
        let request = serde_json::from_value(request);
        request.map(|request| (id.to_owned(), request))
    });
    let requests: InputRequests = requests
        .collect::<Result<_, _>>()
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    let state = state.map(|state| format!("{}.{state}", tag_of(state)));
    let result = InputRequiredResult::new(Some(requests), state);
    Ok(Outcome::Asked(result))
}

fn tag_of(state: &str) -> String {
    let digest = Sha256::digest(format!("{KEY} {state}"));
    format!("{digest:x}")
}

fn name(words: &str) -> Value {
    form(words, "name", "string")
}

fn form(words: &str, field: &str, kind: &str) -> Value {
    let schema =
        json!({"type": "object", "properties": {field: {"type": kind}}, "required": [field]});
    json!({"method": "elicitation/create", "params": {"message": words, "requestedSchema": schema}})
}

fn capital() -> Value {
    question("What is the capital of France?", 100)
}

fn question(words: &str, most: u32) -> Value {
    let message = json!({"role": "user", "content": text(words)});
    json!({"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": most}})
}

fn roots() -> Value {
    json!({"method": "roots/list", "params": {}})
}
