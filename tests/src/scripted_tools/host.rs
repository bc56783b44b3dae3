use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use jan_domain::ports::{
    ToolCall, ToolFailure, ToolHost, ToolListing, ToolOffer, ToolPlace, ToolResult, ToolServer,
};
use tokio::time::{sleep, timeout};

use super::catalog;
use super::ledger::{Circumstances, Ledger};
use super::performance::Performance;
use super::script::{Ending, Fault, Script, script};

/// The label of a server that cannot be reached.
const DEAD: &str = "dead";

/// The scripted tools behind the port itself: the same tools, ledger and faults, without a wire.
#[derive(Debug, Clone)]
pub struct ScriptedToolHost {
    stage: Arc<Stage>,
}

#[derive(Debug)]
struct Stage {
    ledger: Arc<Ledger>,
    changed: AtomicBool,
    bearer: Option<String>,
    patience: Duration,
    result_bytes_max: usize,
}

impl Default for ScriptedToolHost {
    fn default() -> Self {
        Self::new()
    }
}

impl ScriptedToolHost {
    /// Tools that anybody may call, and that are waited for as the real host waits.
    pub fn new() -> Self {
        Self::with(Arc::default(), None, Duration::from_secs(45))
    }

    /// Tools with a ledger of the caller's, a token without which nobody comes in, and a patience.
    pub fn with(ledger: Arc<Ledger>, bearer: Option<String>, patience: Duration) -> Self {
        let stage = Stage {
            ledger,
            changed: AtomicBool::new(false),
            bearer,
            patience,
            result_bytes_max: 1 << 20,
        };
        Self {
            stage: Arc::new(stage),
        }
    }

    /// What it did.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.stage.ledger
    }

    /// Offers one more tool from now on.
    pub fn change_list(&self) {
        self.stage.changed.store(true, Ordering::SeqCst);
    }

    /// A server that cannot be reached.
    pub fn dead() -> ToolServer {
        ToolServer {
            label: DEAD.to_owned(),
            place: ToolPlace::Own,
        }
    }
}

impl ToolHost for ScriptedToolHost {
    fn list(
        &self,
        listing: ToolListing,
    ) -> BoxFuture<'static, Result<Vec<ToolOffer>, ToolFailure>> {
        let stage = Arc::clone(&self.stage);
        Box::pin(async move {
            stage.let_in(&listing.server)?;
            Ok(catalog::offers(stage.changed.load(Ordering::SeqCst)))
        })
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<ToolResult, ToolFailure>> {
        let stage = Arc::clone(&self.stage);
        Box::pin(async move {
            let authorization = stage.let_in(&call.server)?;
            let changed = stage.changed.load(Ordering::SeqCst);
            let script = script(&call.tool, &call.arguments, changed)
                .ok_or_else(|| ToolFailure::UnknownTool(call.tool.clone()))?;
            if let Ending::Refused(words) = script.ending {
                return Err(ToolFailure::Refused(words));
            }
            let around = Circumstances {
                key: Some(call.step.as_str().to_owned()),
                traceparent: call.traceparent,
                authorization,
            };
            let performance =
                Performance::begin(&stage.ledger, &call.tool, &call.arguments, around);
            let playing = stage.play(script, performance);
            timeout(stage.patience, playing)
                .await
                .unwrap_or(Err(ToolFailure::TimedOut))
        })
    }
}

impl Stage {
    fn let_in(&self, server: &ToolServer) -> Result<Option<String>, ToolFailure> {
        if server.label == DEAD {
            return Err(ToolFailure::Unreachable);
        }
        let authorization = match &server.place {
            ToolPlace::Own => return Ok(None),
            ToolPlace::Remote { authorization, .. } => authorization.as_ref(),
        };
        let token = authorization.map(|token| token.reveal().to_owned());
        if self.bearer.is_some() && self.bearer != token {
            return Err(ToolFailure::Unauthorized);
        }
        Ok(token.map(|token| format!("Bearer {token}")))
    }

    async fn play(
        &self,
        script: Script,
        performance: Performance,
    ) -> Result<ToolResult, ToolFailure> {
        sleep(script.pause).await;
        let outcome = match script.ending {
            Ending::Answer(answer) if answer.told().len() > self.result_bytes_max => {
                Err(ToolFailure::TooLarge)
            }
            Ending::Answer(answer) => Ok(answer),
            Ending::Refused(words) => Err(ToolFailure::Refused(words)),
            Ending::Fault(Fault::Hang) => std::future::pending().await,
            Ending::Fault(fault) => Err(fault.failure()),
        };
        performance.end();
        outcome
    }
}

impl Fault {
    /// What a caller makes of it.
    fn failure(self) -> ToolFailure {
        match self {
            Self::Hang | Self::Status(408 | 504) => ToolFailure::TimedOut,
            Self::Cut | Self::HangUp | Self::StreamCut => ToolFailure::Cut,
            Self::Garbage | Self::Page | Self::StreamGarbage | Self::Status(500..) => {
                ToolFailure::Garbled
            }
            Self::Status(401 | 403) => ToolFailure::Unauthorized,
            Self::Status(status) => ToolFailure::Refused(format!("status {status}")),
        }
    }
}
