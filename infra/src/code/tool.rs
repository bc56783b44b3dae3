//! The tool `python_exec`, in the words of Jan Server's own.

use std::sync::Arc;

use jan_domain::metadata::Request;
use jan_domain::ports::{ArtifactOf, ArtifactStore, ToolCall, ToolFailure, ToolOffer, ToolResult};
use jan_domain::response::EffectClass;
use serde_json::{Map, Value, json};

use super::runner::{CodeRunner, Program, Run, RunOutcome};
use super::settings::Approval;
use super::shown::{self, Shown};

/// Size of a program.
const CODE_BYTES_MAX: usize = 256 << 10;
/// Length of a session's name.
const SESSION_CHARS_MAX: usize = 128;
/// What a run without the caller's word is called in results.
const APPROVAL_REQUIRED: &str = "approval_required";

/// The tool that runs programs.
#[derive(Clone)]
pub struct PythonExec {
    runner: Arc<dyn CodeRunner>,
    approval: Approval,
    artifacts: Option<Arc<dyn ArtifactStore>>,
}

impl PythonExec {
    /// Its name.
    pub const NAME: &'static str = "python_exec";

    /// The tool, by this runner.
    pub fn new(runner: Arc<dyn CodeRunner>, approval: Approval) -> Self {
        Self {
            runner,
            approval,
            artifacts: None,
        }
    }

    /// The same tool, whose programs' files are kept in this store.
    #[must_use]
    pub fn keeping(self, artifacts: Arc<dyn ArtifactStore>) -> Self {
        Self {
            artifacts: Some(artifacts),
            ..self
        }
    }

    /// As it is offered.
    pub fn offer(&self) -> ToolOffer {
        let effect = self.runner.effect();
        ToolOffer {
            name: Self::NAME.to_owned(),
            description: Some(self.runner.describe().to_owned()),
            input_schema: self.input_schema(),
            output_schema: Some(output_schema()),
            annotations: Some(json!({
                "title": "Run Python",
                "readOnlyHint": effect == EffectClass::Pure,
                "destructiveHint": false,
                "idempotentHint": effect != EffectClass::Unsafe,
                "openWorldHint": effect == EffectClass::Unsafe,
            })),
            effect,
        }
    }

    fn input_schema(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "code": {
                    "type": "string",
                    "description": "The program. Print what you want to see.",
                },
                "language": {
                    "type": "string",
                    "enum": self.runner.languages(),
                    "default": self.runner.languages()[0],
                },
                "session_id": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": SESSION_CHARS_MAX,
                    "description": "A name of your choice. Programs that name the same session see \
                                    each other's variables.",
                },
                "approved": {
                    "type": "boolean",
                    "description": "Whether the user has agreed to this program, where that is asked \
                                    for.",
                },
            },
            "required": ["code"],
        })
    }

    /// Runs what a call brings.
    pub async fn call(&self, call: ToolCall) -> Result<ToolResult, ToolFailure> {
        let asked = Asked::read(call.arguments, self.runner.languages())?;
        if self.approval.is_needed_by(&call.owner) && !asked.approved {
            return Ok(unapproved(asked.session.as_deref()));
        }
        let session = asked.session.clone();
        let run = self.runner.run(Program {
            owner: call.owner.clone(),
            step: call.step.clone(),
            language: asked.language,
            code: asked.code,
            session: asked.session,
            keeps_session: call.keeps_content,
        });
        let mut run = run.await?;
        let files = std::mem::take(&mut run.artifacts);
        let request = Request {
            id: call.request_id,
            traceparent: call.traceparent,
        };
        let of = ArtifactOf {
            owner: &call.owner,
            step: &call.step,
            request: &request,
        };
        // What is not to be kept is told, and kept nowhere.
        let store = self.artifacts.as_deref().filter(|_| call.keeps_content);
        let shown = shown::show(files, store.map(|store| (store, of))).await;
        Ok(result(run, shown, session.as_deref()))
    }
}

/// The arguments of a call.
struct Asked {
    code: String,
    language: String,
    session: Option<String>,
    approved: bool,
}

impl Asked {
    fn read(mut arguments: Map<String, Value>, languages: &[&str]) -> Result<Self, ToolFailure> {
        let mut take = |name: &str| arguments.remove(name).unwrap_or_default();
        let Value::String(code) = take("code") else {
            return Err(refused("'code' must be a text"));
        };
        if code.len() > CODE_BYTES_MAX {
            return Err(refused(&format!(
                "'code' must not be longer than {CODE_BYTES_MAX} bytes"
            )));
        }
        let language = match take("language") {
            Value::Null => languages[0].to_owned(),
            Value::String(name) if languages.contains(&name.as_str()) => name,
            _ => {
                let languages = languages.join(", ");
                return Err(refused(&format!("'language' must be one of {languages}")));
            }
        };
        let session = match take("session_id") {
            Value::Null => None,
            Value::String(name) if is_session(&name) => Some(name),
            _ => {
                return Err(refused(&format!(
                    "'session_id' must be 1 to {SESSION_CHARS_MAX} letters, digits, '_', '-', '.' \
                     and ':'"
                )));
            }
        };
        let approved = match take("approved") {
            Value::Null => false,
            Value::Bool(approved) => approved,
            _ => return Err(refused("'approved' must be true or false")),
        };
        Ok(Self {
            code,
            language,
            session,
            approved,
        })
    }
}

fn refused(words: &str) -> ToolFailure {
    ToolFailure::Refused(words.to_owned())
}

fn is_session(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
    (1..=SESSION_CHARS_MAX).contains(&name.len()) && name.bytes().all(allowed)
}

fn output_schema() -> Value {
    let text = json!({"type": "string"});
    let text_or_null = json!({"type": ["string", "null"]});
    let outcomes = [
        RunOutcome::Finished,
        RunOutcome::Raised,
        RunOutcome::TimedOut,
        RunOutcome::OutOfMemory,
        RunOutcome::Killed,
    ];
    let mut outcomes = outcomes.map(RunOutcome::as_str).to_vec();
    outcomes.push(APPROVAL_REQUIRED);
    json!({
        "type": "object",
        "properties": {
            "stdout": text,
            "stderr": text,
            "value": text_or_null,
            "error": text_or_null,
            "outcome": {"type": "string", "enum": outcomes},
            "output_cut": {"type": "boolean"},
            "warning": text_or_null,
            "duration_ms": {"type": "integer"},
            "peak_memory_bytes": {"type": ["integer", "null"]},
            "session_id": text_or_null,
            "artifacts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": text,
                        "id": text_or_null,
                        "url": text_or_null,
                        "type": text,
                        "size": {"type": "integer"},
                    },
                    "required": ["name", "id", "url", "type", "size"],
                },
            },
        },
        "required": ["stdout", "stderr", "outcome", "duration_ms", "session_id", "artifacts", "error"],
    })
}

/// Nothing is run.
fn unapproved(session: Option<&str>) -> ToolResult {
    let structured = json!({
        "stdout": "",
        "stderr": "",
        "value": null,
        "error": "approval required: ask the user, then call again with \"approved\": true",
        "outcome": APPROVAL_REQUIRED,
        "output_cut": false,
        "warning": null,
        "duration_ms": 0,
        "peak_memory_bytes": null,
        "session_id": session,
        "artifacts": [],
    });
    answer(structured.to_string(), structured, true)
}

/// A program that raised has told what is wrong with it, so the tool has done its work.
fn result(run: Run, shown: Shown, session: Option<&str>) -> ToolResult {
    let is_error = !matches!(run.outcome, RunOutcome::Finished | RunOutcome::Raised);
    let took_ms = u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX);
    let mut structured = json!({
        "stdout": storable(run.stdout),
        "stderr": storable(run.stderr),
        "value": run.value.map(storable),
        "error": run.error.map(storable),
        "outcome": run.outcome.as_str(),
        "output_cut": run.output_cut,
        "warning": run.warning.or(shown.warning).map(storable),
        "duration_ms": took_ms,
        "peak_memory_bytes": run.peak_memory_bytes,
        "session_id": session,
    });
    structured["artifacts"] = shown.told.into();
    // A model is told of files and not their bytes.
    let told = structured.to_string();
    structured["artifacts"] = shown.whole.into();
    answer(told, structured, is_error)
}

/// No event can hold a NUL.
fn storable(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

fn answer(told: String, structured: Value, is_error: bool) -> ToolResult {
    ToolResult {
        structured: Some(structured),
        is_error,
        ..ToolResult::text(told)
    }
}
