//! The two effects of tools: asking a server what it offers, and calling one of its tools.

use std::time::Duration;

use jan_domain::ports::{ToolCall, ToolListing, ToolPlace, ToolResult, ToolServer};
use jan_domain::response::EffectClass;
use jan_domain::response::run::{
    ListedTool, Progress, ServerPlace, StepFailure, StepOutcome, StepSoFar, ToolReturn, ToolUse,
};
use serde_json::{Map, Value};

use super::bounds;
use super::carried::Carried;
use crate::runner::journal::Kept;

/// Size of what a client is shown of a result, as JSON: it is on record.
const CONTENT_BYTES_MAX: usize = 4 << 20;
/// Longest pause between two tries to keep an outcome: about half a minute in all.
const PAUSE_MAX: Duration = Duration::from_secs(16);

/// Asks a server what it offers. A server that does not say is no reason to end the run.
pub(super) async fn list_tools(run: &Carried, progress: &Progress, label: &str) -> StepOutcome {
    let Some(server) = server(run, progress, label) else {
        return failed("unknown_server", "the run has no such tool server");
    };
    let owner = run.owner.clone();
    let listing = run
        .commands
        .runner
        .tools
        .list(ToolListing { server, owner });
    match tokio::time::timeout(run.commands.runner.limits.tool_timeout, listing).await {
        Ok(Ok(offers)) => StepOutcome::Listed(
            offers
                .into_iter()
                .map(|offer| ListedTool {
                    name: offer.name,
                    description: offer.description,
                    input_schema: offer.input_schema,
                    annotations: offer.annotations,
                    effect: offer.effect,
                })
                .collect(),
        ),
        Ok(Err(failure)) => failed(failure.as_str(), &failure.to_string()),
        Err(_) => failed("timed_out", "the tool server took too long"),
    }
}

/// Performs one planned call. Safe to run again: the journal remembers the outcome, and a call that
/// must not be made twice is not made when nobody knows whether it was.
pub(super) async fn call_tool(
    run: &Carried,
    progress: &Progress,
    (step, used): (&StepSoFar, &ToolUse),
) -> Result<Kept, sqlx::Error> {
    if !run.keeps_content {
        // Nothing may be kept, and such a run does not outlive its process.
        return Ok(perform(run, progress, (step, used)).await);
    }
    let journal = &run.commands.runner.journal;
    // Before the first process took the run up, nobody can have made the call.
    let in_doubt = step.epoch.max(1) < run.epoch;
    if in_doubt && let Some(kept) = journal.find(&step.step.id).await? {
        return Ok(kept);
    }
    let made = if in_doubt && used.effect == EffectClass::Unsafe {
        Kept {
            outcome: StepOutcome::Unknown,
            took_ms: 0,
        }
    } else {
        run.commands.crash.pass("run.before_effect");
        perform(run, progress, (step, used)).await
    };
    run.commands.crash.pass("run.after_effect");
    let kept = keep(run, step, made).await?;
    run.commands.crash.pass("run.after_journal");
    Ok(kept)
}

/// Keeps an outcome, trying for a while when the database is away: what has happened is known here
/// and nowhere else.
async fn keep(run: &Carried, step: &StepSoFar, made: Kept) -> Result<Kept, sqlx::Error> {
    let journal = &run.commands.runner.journal;
    let place = (&run.id, &step.step.id, run.epoch);
    let mut pause = Duration::from_millis(100);
    loop {
        match journal.keep(place, made.clone()).await {
            Err(error) if pause < PAUSE_MAX => {
                tracing::warn!(response.id = %run.id, error = %error,
                    "the outcome of a tool call could not be kept yet");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            kept => return kept,
        }
    }
}

async fn perform(run: &Carried, progress: &Progress, (step, used): (&StepSoFar, &ToolUse)) -> Kept {
    let begun = tokio::time::Instant::now();
    let outcome = make_call(run, progress, (step, used)).await;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Kept { outcome, took_ms }
}

async fn make_call(
    run: &Carried,
    progress: &Progress,
    (step, used): (&StepSoFar, &ToolUse),
) -> StepOutcome {
    let Some(server) = server(run, progress, &used.server) else {
        return failed("unknown_server", "the run has no such tool server");
    };
    let Ok(arguments) = serde_json::from_str::<Map<String, Value>>(&used.arguments) else {
        return failed("invalid_arguments", "the arguments are not a JSON object");
    };
    let arguments = bounds::within(run.request.bounds.get(&used.kind), arguments);
    let call = run.commands.runner.tools.call(ToolCall {
        server,
        tool: used.tool.clone(),
        arguments,
        step: step.step.id.clone(),
        owner: run.owner.clone(),
        traceparent: run.metadata.traceparent.clone(),
        request_id: run.metadata.request_id.clone(),
        keeps_content: run.keeps_content,
    });
    match tokio::time::timeout(run.commands.runner.limits.tool_timeout, call).await {
        Ok(Ok(result)) => returned(result, progress.terms.tools_only),
        Ok(Err(failure)) => failed(failure.as_str(), &failure.to_string()),
        Err(_) => failed("timed_out", "the tool took too long"),
    }
}

/// What came back. A client that called the tool itself sees every block; a model sees the texts.
fn returned(result: ToolResult, for_client: bool) -> StepOutcome {
    let output = result.told();
    let said_by_output = match result.content.as_slice() {
        [block] => block["type"] == "text" && block.as_object().is_some_and(|it| it.len() == 2),
        blocks => blocks.is_empty(),
    };
    let content = if for_client && !said_by_output {
        result.content
    } else {
        Vec::new()
    };
    let size: usize = content.iter().map(|block| block.to_string().len()).sum();
    if size > CONTENT_BYTES_MAX {
        return failed("too_large", "the tool's answer is too large");
    }
    StepOutcome::Returned(ToolReturn {
        output,
        is_error: result.is_error,
        structured: result.structured,
        content,
    })
}

fn server(run: &Carried, progress: &Progress, label: &str) -> Option<ToolServer> {
    let terms = progress.server(label)?;
    let place = match &terms.place {
        ServerPlace::Own => ToolPlace::Own,
        ServerPlace::Remote(url) => {
            let key = run.keys.0.get(label).cloned().unwrap_or_default();
            ToolPlace::Remote {
                url: url.clone(),
                authorization: key.authorization,
                headers: key.headers,
            }
        }
    };
    Some(ToolServer {
        label: label.to_owned(),
        place,
    })
}

fn failed(code: &str, message: &str) -> StepOutcome {
    StepOutcome::Failed(StepFailure {
        code: code.to_owned(),
        message: message.to_owned(),
    })
}
