//! People who go on talking whatever dies, and keep a ledger of what they were told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jan_tests::given::{chat, with};
use jan_tests::remote::{Remote, Seen};
use serde_json::{Value, json};
use tokio::sync::RwLock;
use tokio::time::{Instant, sleep};

use super::dice::Dice;

/// How long one call is asked again before the server counts as dead.
const GIVES_UP_AFTER: Duration = Duration::from_secs(45);

/// A call that a person saw come to its end.
#[derive(Debug, Clone)]
pub(super) struct Acknowledged {
    pub(super) response: String,
    pub(super) conversation: Option<String>,
    /// The words that occur in this call and in no other.
    pub(super) words: String,
    /// The key and the body, to ask once more.
    pub(super) repeatable: Option<(String, Value)>,
}

/// What all people were told.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    acknowledged: Mutex<Vec<Acknowledged>>,
    pub(super) lost: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) asked_again: AtomicU64,
}

impl Ledger {
    pub(super) fn acknowledged(&self) -> Vec<Acknowledged> {
        self.acknowledged.lock().unwrap().clone()
    }
}

/// One person. All of them share the ledger, and one conversation besides their own.
pub(super) struct Person {
    pub(super) number: u64,
    pub(super) remote: Remote,
    pub(super) own: String,
    pub(super) shared: String,
    pub(super) ledger: Arc<Ledger>,
    /// Held for writing while nobody may talk.
    pub(super) quiet: Arc<RwLock<()>>,
}

enum Answer {
    /// The whole answer was seen.
    Whole {
        id: String,
        conversation: Option<String>,
    },
    /// The server said that there is none.
    Refused(Value),
    /// The connection was lost; nobody knows.
    Lost,
}

impl Person {
    /// Makes one call after another until `until`.
    pub(super) async fn talk(self, until: tokio_util::sync::CancellationToken) {
        let mut dice = Dice::new(self.number + 1);
        let mut call = 0;
        while !until.is_cancelled() {
            let _talking = self.quiet.read().await;
            call += 1;
            let words = format!("w{}x{call}y", self.number);
            self.call(&mut dice, words).await;
        }
    }

    async fn call(&self, dice: &mut Dice, words: String) {
        let frame_ms = dice.roll(12);
        let said = format!("reply exactly {words} and no more [frame_ms={frame_ms}]");
        let mut body = with(chat(&said), json!({"stream": dice.roll(2) == 0}));
        match dice.roll(4) {
            0 => {}
            1 => body = with(body, json!({"conversation": {}})),
            2 => body = with(body, json!({"conversation": self.own})),
            _ => body = with(body, json!({"conversation": self.shared})),
        }
        let key = (dice.roll(2) == 0).then(|| format!("key-{words}"));
        let answer = match &key {
            None => self.ask(&body, None).await,
            Some(key) => self.ask_until_answered(&body, key).await,
        };
        match answer {
            Answer::Whole { id, conversation } => {
                let acknowledged = Acknowledged {
                    response: id,
                    conversation,
                    words,
                    repeatable: key.map(|key| (key, body)),
                };
                self.ledger.acknowledged.lock().unwrap().push(acknowledged);
            }
            Answer::Refused(_) => {
                self.ledger.refused.fetch_add(1, Ordering::Relaxed);
            }
            Answer::Lost => {
                self.ledger.lost.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// Asks with a key until there is an answer, as a client would that must not ask twice.
    async fn ask_until_answered(&self, body: &Value, key: &str) -> Answer {
        let deadline = Instant::now() + GIVES_UP_AFTER;
        loop {
            let answer = self.ask(body, Some(key)).await;
            let again = match &answer {
                Answer::Lost => true,
                Answer::Refused(error) => {
                    let code = error["code"].as_str();
                    matches!(code, Some("idempotency_key_in_use" | "unavailable"))
                }
                Answer::Whole { .. } => false,
            };
            if !again || Instant::now() > deadline {
                assert!(!again, "no answer within {GIVES_UP_AFTER:?} for {key}");
                return answer;
            }
            self.ledger.asked_again.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn ask(&self, body: &Value, key: Option<&str>) -> Answer {
        if body["stream"] == true {
            let mut seen = Seen::default();
            let ended = self.remote.watch(body, key, &mut seen).await;
            return streamed(seen, ended.is_ok());
        }
        let told = match key {
            Some(key) => self.remote.post_once(CHAT, key, body).await,
            None => self.remote.post(CHAT, body).await,
        };
        match told {
            Ok(told) if told.status == 200 => Answer::Whole {
                id: text(&told.body["id"]).expect("an answer has an id"),
                conversation: text(&told.body["conversation"]["id"]),
            },
            Ok(told) => Answer::Refused(told.body["error"].clone()),
            Err(_) => Answer::Lost,
        }
    }
}

const CHAT: &str = "/v1/chat/completions";

/// Whoever has seen the finish has seen the answer, whether or not the stream ended well.
fn streamed(seen: Seen, ended: bool) -> Answer {
    match (seen.error, seen.id) {
        (Some(error), _) => Answer::Refused(error.get("error").cloned().unwrap_or(error)),
        (None, Some(id)) if seen.finished => Answer::Whole {
            id,
            conversation: seen.conversation,
        },
        _ => {
            assert!(!ended, "a stream ended well without an end");
            Answer::Lost
        }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned)
}
