//! The contract of the `ToolHost` port. The other side has to be the scripted tools
//! ([`crate::scripted_tools::GUIDE`]), with a ledger that the suite can read.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, StepId, TenantId};
use jan_domain::ports::{
    Credential, ToolCall, ToolFailure, ToolHost, ToolListing, ToolOffer, ToolPlace, ToolResult,
    ToolServer,
};
use jan_domain::response::EffectClass;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::scripted_tools::Ledger;

/// Nothing in this suite takes longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time in which a tool server has to learn that nobody waits any more.
const CANCELLED_WITHIN: Duration = Duration::from_secs(1);
/// W3C trace context.
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A host, one of its servers, and that server's account of what it did.
#[derive(Clone)]
pub struct Subject {
    /// The host.
    pub host: Arc<dyn ToolHost>,
    /// A server of scripted tools.
    pub server: ToolServer,
    /// Its ledger.
    pub ledger: Arc<Ledger>,
}

impl Subject {
    /// Calls a tool under a step's id.
    pub async fn call_as(
        &self,
        step: &str,
        tool: &str,
        arguments: Value,
    ) -> Result<ToolResult, ToolFailure> {
        patient(self.host.call(call(&self.server, step, tool, arguments))).await
    }

    /// Calls a tool.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<ToolResult, ToolFailure> {
        self.call_as("step_1", tool, arguments).await
    }

    /// What the server offers.
    pub async fn list(&self) -> Result<Vec<ToolOffer>, ToolFailure> {
        patient(self.host.list(listing(&self.server))).await
    }

    /// The same host, with another server.
    #[must_use]
    pub fn at(&self, server: ToolServer) -> Self {
        Self {
            server,
            ..self.clone()
        }
    }

    /// The same server, with these credentials.
    #[must_use]
    pub fn authorized(&self, token: &str) -> Self {
        let mut server = self.server.clone();
        if let ToolPlace::Remote { authorization, .. } = &mut server.place {
            *authorization = Some(Credential::new(token.to_owned()));
        }
        self.at(server)
    }
}

/// Somebody.
pub fn owner() -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse("user_contract").expect("an id"),
    }
}

/// A question for what a server offers.
pub fn listing(server: &ToolServer) -> ToolListing {
    ToolListing {
        server: server.clone(),
        owner: owner(),
    }
}

/// A call of a tool.
pub fn call(server: &ToolServer, step: &str, tool: &str, arguments: Value) -> ToolCall {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object")
    };
    ToolCall {
        server: server.clone(),
        tool: tool.to_owned(),
        arguments,
        step: StepId::parse(step).expect("a step's id"),
        owner: owner(),
        traceparent: Some(TRACEPARENT.to_owned()),
        request_id: String::new(),
        keeps_content: true,
    }
}

/// The tools come in the server's order, with schemas and what may be done after a crash.
pub async fn offers_come_in_order_with_their_effects(subject: Subject) {
    let offers = subject.list().await.expect("a list");
    let told: Vec<_> = offers
        .iter()
        .map(|offer| (offer.name.as_str(), offer.effect))
        .collect();
    assert_eq!(
        told,
        [
            ("echo", EffectClass::Pure),
            ("add", EffectClass::Pure),
            ("note", EffectClass::Idempotent),
            ("charge", EffectClass::Unsafe),
            ("slow", EffectClass::Pure),
            ("fail", EffectClass::Unsafe),
            ("big", EffectClass::Pure),
        ]
    );
    let echo = &offers[0];
    assert_eq!(echo.description.as_deref(), Some("Gives the text back."));
    assert_eq!(echo.input_schema["properties"]["text"]["type"], "string");
    assert_eq!(
        echo.annotations.as_ref().expect("hints")["readOnlyHint"],
        true
    );
    assert_eq!(offers[3].annotations, None);
}

/// Results arrive as they were given: blocks, structured values, a tool's own failure.
pub async fn results_arrive_as_they_were_given(subject: Subject) {
    let echo = subject.call("echo", json!({"text": "zwölf 🙂\n"})).await;
    assert_eq!(echo, Ok(ToolResult::text("zwölf 🙂\n")));
    let sum = subject
        .call("add", json!({"a": 1.5, "b": 2}))
        .await
        .expect("a result");
    assert_eq!(sum.structured, Some(json!({"sum": 3.5})));
    assert_eq!(sum.told(), r#"{"sum":3.5}"#);
    let failed = subject
        .call("fail", json!({"message": "no luck"}))
        .await
        .expect("a result");
    assert!(failed.is_error);
    assert_eq!(failed.told(), "no luck");
}

/// What is sent along is there: the step as key, the trace, the credentials, and nothing is lost of
/// the arguments.
pub async fn what_is_sent_along_arrives(subject: Subject) {
    let arguments = json!({"text": "a", "deep": {"list": [1, null, "ä"]}});
    let subject = subject.authorized("sesame");
    subject
        .call_as("step_k1", "note", arguments.clone())
        .await
        .expect("a result");
    let entry = subject.ledger.entries().pop().expect("an entry");
    assert_eq!(entry.key.as_deref(), Some("step_k1"));
    assert_eq!(entry.traceparent.as_deref(), Some(TRACEPARENT));
    assert_eq!(Value::Object(entry.arguments), arguments);
    assert!(entry.authorization.is_some());
    assert!(entry.ended.is_some() && !entry.abandoned);
}

/// A call made again under one key has its effect once where the tool keeps the promise.
pub async fn a_key_makes_a_repetition_harmless(subject: Subject) {
    for (step, tool) in [
        ("step_a", "note"),
        ("step_a", "note"),
        ("step_b", "note"),
        ("step_c", "charge"),
        ("step_c", "charge"),
    ] {
        subject
            .call_as(step, tool, json!({"text": "t", "amount": 1}))
            .await
            .expect("a result");
    }
    assert_eq!(subject.ledger.effects("note"), 2);
    assert_eq!(subject.ledger.keys("note").len(), 2);
    assert_eq!(subject.ledger.effects("charge"), 2);
}

/// A tool that does not exist, and a call that the server refuses, have not happened.
pub async fn what_is_refused_has_not_happened(subject: Subject) {
    let unknown = subject.call("no_such_tool", json!({})).await;
    assert_eq!(
        unknown,
        Err(ToolFailure::UnknownTool("no_such_tool".to_owned()))
    );
    let refused = subject
        .call("charge", json!({"amount": 1, "fault": "rpc_error"}))
        .await;
    assert_eq!(
        refused,
        Err(ToolFailure::Refused("the script says no".to_owned()))
    );
    assert_eq!(subject.ledger.entries().len(), 0);
}

/// A server that cannot be reached has done nothing.
pub async fn a_dead_server_is_unreachable(subject: Subject) {
    let called = subject.call("charge", json!({"amount": 1})).await;
    assert_eq!(called, Err(ToolFailure::Unreachable));
    assert_eq!(subject.list().await, Err(ToolFailure::Unreachable));
}

/// The server must have been started with the token `sesame`.
pub async fn the_wrong_credentials_open_nothing(subject: Subject) {
    for stranger in [subject.clone(), subject.authorized("open")] {
        assert_eq!(stranger.list().await, Err(ToolFailure::Unauthorized));
        let called = stranger.call("charge", json!({"amount": 1})).await;
        assert_eq!(called, Err(ToolFailure::Unauthorized));
    }
    assert_eq!(subject.ledger.entries().len(), 0);
    let friend = subject.authorized("sesame");
    assert!(friend.list().await.is_ok_and(|offers| !offers.is_empty()));
    assert!(friend.call("echo", json!({"text": "a"})).await.is_ok());
}

/// When the answer is lost, the call may have happened, and the failure says so.
pub async fn a_lost_answer_is_not_a_call_that_did_not_happen(subject: Subject) {
    for (fault, expected) in [
        ("cut", ToolFailure::Cut),
        ("hang_up", ToolFailure::Cut),
        ("stream_cut", ToolFailure::Cut),
        ("garbage", ToolFailure::Garbled),
        ("page", ToolFailure::Garbled),
        ("stream_garbage", ToolFailure::Garbled),
        ("status_500", ToolFailure::Garbled),
        ("status_502", ToolFailure::Garbled),
        ("status_504", ToolFailure::TimedOut),
        ("status_401", ToolFailure::Unauthorized),
    ] {
        let before = subject.ledger.effects("charge");
        let lost = subject
            .call("charge", json!({"amount": 1, "fault": fault}))
            .await;
        assert_eq!(lost, Err(expected), "{fault}");
        let happened = subject.ledger.effects("charge") - before;
        assert_eq!(happened, 1, "{fault}: it is asked once");
    }
    assert!(
        subject.call("echo", json!({"text": "a"})).await.is_ok(),
        "the next call is fine"
    );
}

/// Silence has an end. The host must have been built with a patience well below ten seconds.
pub async fn silence_has_an_end(subject: Subject) {
    for arguments in [json!({"fault": "hang"}), json!({"ms": 60_000})] {
        let hung = subject.call("slow", arguments).await;
        assert_eq!(hung, Err(ToolFailure::TimedOut));
    }
    timeout(CANCELLED_WITHIN, subject.ledger.until_abandoned(2))
        .await
        .expect("the server learns of it");
}

/// A result of nearly 1 MiB passes, a larger one does not.
pub async fn a_result_has_a_size_limit(subject: Subject) {
    let big = |bytes: usize| subject.call("big", json!({"bytes": bytes}));
    let passed = big((1 << 20) - 100).await.expect("a result");
    assert_eq!(passed.told().len(), (1 << 20) - 100);
    for bytes in [(1 << 20) + 1, 3 << 20, 20 << 20] {
        assert_eq!(big(bytes).await, Err(ToolFailure::TooLarge), "{bytes}");
    }
}

/// Whoever drops a call stops the work at the other side.
pub async fn a_dropped_call_is_cancelled(subject: Subject) {
    for (count, arguments) in [json!({"ms": 60_000}), json!({"fault": "hang"})]
        .into_iter()
        .enumerate()
    {
        let calling = subject.call("slow", arguments);
        let called = subject.ledger.until_called(count + 1);
        tokio::select! {
            _ = calling => panic!("it does not answer"),
            () = called => {}
        }
        timeout(CANCELLED_WITHIN, subject.ledger.until_abandoned(count + 1))
            .await
            .expect("cancelled");
    }
}

/// A hundred calls at once get each their own answer.
pub async fn answers_do_not_cross(subject: Subject) {
    let calls = (0..100).map(|number| {
        let subject = subject.clone();
        async move {
            let text = format!("number {number}");
            let step = format!("step_{number}");
            let answer = subject.call_as(&step, "echo", json!({"text": text})).await;
            assert_eq!(answer, Ok(ToolResult::text(text)));
        }
    });
    join_all(calls).await;
    assert_eq!(subject.ledger.keys("echo").len(), 100);
}

async fn patient<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.expect("it does not hang")
}
