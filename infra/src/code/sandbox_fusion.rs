//! SandboxFusion: somebody else's sandbox, over HTTP. It has no sessions and no credentials, answers 200
//! to failures, and is believed as little as a program that it runs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use jan_domain::ports::ToolFailure;
use jan_domain::response::EffectClass;
use serde::{Deserialize, Serialize};
use url::Url;

use super::artifact::{is_clean, media_type};
use super::dialogue::clipped;
use super::runner::{Artifact, CodeRunner, Program, Run, RunOutcome};
use super::settings::CodeLimits;
use crate::model_provider::install_crypto;

/// What it is given beyond a program's own time, to queue and to compile.
const GRACE: Duration = Duration::from_secs(5);
/// To open a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// It cuts outputs near a megabyte itself; files come besides.
const ANSWER_BYTES_AHEAD: usize = 4 << 20;
/// Some of its languages, under its own names.
const LANGUAGES: &[&str] = &[
    "python",
    "bash",
    "cpp",
    "csharp",
    "go",
    "java",
    "julia",
    "lua",
    "nodejs",
    "perl",
    "php",
    "R",
    "ruby",
    "rust",
    "typescript",
];

/// Runs programs by SandboxFusion.
#[derive(Clone)]
pub(super) struct SandboxFusion {
    client: reqwest::Client,
    run_code: Url,
    limits: CodeLimits,
}

impl SandboxFusion {
    /// Sets it up, without connecting. Nothing if the address is none.
    pub(super) fn try_new(url: &str, limits: &CodeLimits) -> Result<Option<Self>, reqwest::Error> {
        let Ok(base) = Url::parse(&format!("{}/", url.trim_end_matches('/'))) else {
            return Ok(None);
        };
        let Some(run_code) = base.join("run_code").ok().filter(is_http) else {
            return Ok(None);
        };
        install_crypto();
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_MAX)
            .timeout(limits.time + GRACE);
        if run_code.scheme() == "http" {
            // No certificate is ever checked, so a machine without any authorities is fine.
            builder = builder.tls_certs_only([]);
        }
        Ok(Some(Self {
            client: builder.build()?,
            run_code,
            limits: limits.clone(),
        }))
    }

    async fn ask(&self, program: Program) -> Result<Run, ToolFailure> {
        let begun = Instant::now();
        let question = Question {
            code: &program.code,
            language: &program.language,
            run_timeout: self.limits.time.as_secs_f64(),
            compile_timeout: self.limits.time.as_secs_f64(),
            memory_limit_mb: self.limits.memory_bytes >> 20,
        };
        let asked = self.client.post(self.run_code.clone()).json(&question);
        let response = asked.send().await.map_err(|error| failure(&error))?;
        match response.status().as_u16() {
            200 => {}
            status @ 400..500 => {
                return Err(ToolFailure::Refused(format!("status {status}")));
            }
            _ => return Err(ToolFailure::Garbled),
        }
        let body = self.body(response).await?;
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| ToolFailure::Garbled)?;
        let mut run = answer.run(&self.limits);
        run.took = begun.elapsed();
        run.warning = program
            .session
            .map(|_| "sessions are not kept here".to_owned());
        Ok(run)
    }

    async fn body(&self, response: reqwest::Response) -> Result<Vec<u8>, ToolFailure> {
        let most = ANSWER_BYTES_AHEAD + 2 * self.limits.artifact_bytes;
        let (mut body, mut chunks) = (Vec::new(), response.bytes_stream());
        while let Some(chunk) = chunks.next().await {
            body.extend_from_slice(&chunk.map_err(|error| failure(&error))?);
            if body.len() > most {
                return Err(ToolFailure::TooLarge);
            }
        }
        Ok(body)
    }
}

impl CodeRunner for SandboxFusion {
    fn run(&self, program: Program) -> BoxFuture<'static, Result<Run, ToolFailure>> {
        let sandbox = self.clone();
        Box::pin(async move { sandbox.ask(program).await })
    }

    fn describe(&self) -> &'static str {
        "Runs a program in a sandbox, in Python unless another language is named. What it prints is \
         given back. Every program starts anew."
    }

    fn languages(&self) -> &'static [&'static str] {
        LANGUAGES
    }

    /// Nobody here knows what a program can reach from there.
    fn effect(&self) -> EffectClass {
        EffectClass::Unsafe
    }
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Until the connection stands nothing has been sent.
fn failure(error: &reqwest::Error) -> ToolFailure {
    if error.is_connect() || error.is_builder() {
        ToolFailure::Unreachable
    } else if error.is_timeout() {
        ToolFailure::TimedOut
    } else {
        ToolFailure::Cut
    }
}

#[derive(Serialize)]
struct Question<'a> {
    code: &'a str,
    language: &'a str,
    run_timeout: f64,
    compile_timeout: f64,
    #[serde(rename = "memory_limit_MB")]
    memory_limit_mb: usize,
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    compile_result: Option<Part>,
    #[serde(default)]
    run_result: Option<Part>,
    #[serde(default)]
    files: BTreeMap<String, Option<String>>,
}

#[derive(Deserialize)]
struct Part {
    status: String,
    #[serde(default)]
    return_code: Option<i64>,
    #[serde(default)]
    stdout: Option<String>,
    #[serde(default)]
    stderr: Option<String>,
}

impl Part {
    fn outcome(&self) -> RunOutcome {
        match (self.status.as_str(), self.return_code) {
            ("Finished", Some(0) | None) => RunOutcome::Finished,
            ("Finished", _) => RunOutcome::Raised,
            ("TimeLimitExceeded", _) => RunOutcome::TimedOut,
            _ => RunOutcome::Killed,
        }
    }
}

impl Answer {
    fn run(self, limits: &CodeLimits) -> Run {
        // What does not compile does not run.
        let stopped = |part: &Part| part.outcome() != RunOutcome::Finished;
        let compiled = self.compile_result.filter(stopped);
        let part = compiled.or(self.run_result);
        let outcome = match &part {
            Some(part) if self.status != "SandboxError" => part.outcome(),
            _ => RunOutcome::Killed,
        };
        let (stdout, stderr) = part.map_or((None, None), |part| (part.stdout, part.stderr));
        let (stdout, stderr) = (stdout.unwrap_or_default(), stderr.unwrap_or_default());
        let error = match outcome {
            RunOutcome::Finished => None,
            RunOutcome::Raised => stderr.trim_end().lines().last().map(str::to_owned),
            RunOutcome::TimedOut => Some(format!("it took longer than {:?}", limits.time)),
            _ => Some("the sandbox could not run it".to_owned()),
        };
        Run {
            outcome,
            output_cut: stdout.len().max(stderr.len()) > limits.output_bytes,
            stdout: clipped(stdout, limits.output_bytes),
            stderr: clipped(stderr, limits.output_bytes),
            value: None,
            error: error.map(|error| clipped(error, limits.output_bytes)),
            artifacts: artifacts(self.files, limits),
            warning: None,
            took: Duration::ZERO,
            peak_memory_bytes: None,
        }
    }
}

fn artifacts(files: BTreeMap<String, Option<String>>, limits: &CodeLimits) -> Vec<Artifact> {
    let mut room = limits.artifact_bytes;
    let whole = |(name, text): (String, Option<String>)| {
        let bytes = STANDARD.decode(text?).ok()?;
        let size = bytes.len() as u64;
        let kept = (bytes.len() <= room).then_some(bytes);
        room -= kept.as_ref().map_or(0, Vec::len);
        Some(Artifact {
            media_type: media_type(&name),
            name,
            size,
            bytes: kept,
        })
    };
    files
        .into_iter()
        .filter(|(name, _)| is_clean(name))
        .filter_map(whole)
        .take(limits.artifacts)
        .collect()
}
