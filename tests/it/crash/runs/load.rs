//! People who ask for runs whatever dies, hear them to their end wherever they can, and keep a ledger
//! of what they were told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jan_tests::given::{MODEL, with};
use jan_tests::heard::Heard;
use jan_tests::remote::Remote;
use serde_json::{Value, json};
use tokio::sync::RwLock;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::scene::RESPONSES;
use crate::crash::dice::Dice;

/// How long a run may take to its end before it counts as lost.
const GIVES_UP_AFTER: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(30);

/// A run that a person was told of.
#[derive(Debug, Clone)]
pub(super) struct Acknowledged {
    pub(super) id: String,
    /// The words that occur in this run and in no other.
    pub(super) mark: String,
    /// Everything that was told of it, if the person stayed to its end.
    pub(super) heard: Option<Heard>,
    pub(super) background: bool,
}

/// What all people were told.
#[derive(Debug, Default)]
pub(super) struct Book {
    acknowledged: Mutex<Vec<Acknowledged>>,
    pub(super) lost: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) resumed: AtomicU64,
    pub(super) cancelled: AtomicU64,
}

impl Book {
    pub(super) fn acknowledged(&self) -> Vec<Acknowledged> {
        self.acknowledged.lock().unwrap().clone()
    }

    fn enter(&self, run: Acknowledged) {
        self.acknowledged.lock().unwrap().push(run);
    }
}

/// One person. All of them share the book, and talk to every node.
pub(super) struct Person {
    pub(super) number: u64,
    pub(super) nodes: Vec<Remote>,
    pub(super) own: String,
    pub(super) tools: String,
    pub(super) book: Arc<Book>,
    /// Held for writing while nobody may ask.
    pub(super) quiet: Arc<RwLock<()>>,
}

impl Person {
    /// Asks for one run after another until `until`.
    pub(super) async fn ask(self, until: CancellationToken) {
        let mut dice = Dice::new(self.number + 77);
        let mut asked = 0;
        while !until.is_cancelled() {
            let _asking = self.quiet.read().await;
            asked += 1;
            let mark = format!("w{}x{asked}y", self.number);
            match dice.roll(3) {
                0 => self.waits(&mut dice, mark).await,
                _ => self.leaves_it(&mut dice, mark).await,
            }
        }
    }

    /// A run in the foreground: it ends with its process, or it was heard to its end.
    async fn waits(&self, dice: &mut Dice, mark: String) {
        let body = self.run(dice, &mark);
        let mut heard = Heard::default();
        let ended = self.node(dice).hear(&body, None, &mut heard).await;
        match (heard.id().map(str::to_owned), heard.ending().is_some()) {
            (Some(id), true) => self.book.enter(Acknowledged {
                id,
                mark,
                heard: Some(heard),
                background: false,
            }),
            _ => self.count(&heard, ended.is_ok()).await,
        }
    }

    /// A run in the background: once its id was told, it comes to its end.
    async fn leaves_it(&self, dice: &mut Dice, mark: String) {
        let body = with(self.run(dice, &mark), json!({"background": true}));
        let key = (dice.roll(2) == 0).then(|| format!("key-{mark}"));
        let mut heard = Heard::default();
        let deadline = Instant::now() + GIVES_UP_AFTER;
        let id = loop {
            let ended = self
                .node(dice)
                .hear(&body, key.as_deref(), &mut heard)
                .await;
            if let Some(id) = heard.id() {
                break id.to_owned();
            }
            self.count(&heard, ended.is_ok()).await;
            if key.is_none() || is_refused_for_good(&heard) {
                return;
            }
            assert!(Instant::now() < deadline, "no answer to {mark}: {heard:?}");
            heard = Heard::default();
        };
        if dice.roll(10) == 0 {
            self.cancel(dice, &id).await;
        }
        let stays = dice.roll(4) != 0;
        if stays {
            self.hear_to_the_end(dice, &id, &mut heard).await;
        }
        self.book.enter(Acknowledged {
            id,
            mark,
            heard: stays.then_some(heard),
            background: true,
        });
    }

    /// Goes on hearing wherever somebody answers, from where it was broken off.
    async fn hear_to_the_end(&self, dice: &mut Dice, id: &str, heard: &mut Heard) {
        let deadline = Instant::now() + GIVES_UP_AFTER;
        while heard.ending().is_none() || !heard.done {
            assert!(
                Instant::now() < deadline,
                "{id} does not end: {:#?}",
                heard.told()
            );
            sleep(PAUSE).await;
            let mut more = Heard::default();
            let node = self.node(dice);
            // However it broke off, what came before counts.
            let _lost = node.hear_again(id, heard.last_number(), &mut more).await;
            *heard = more.after(heard);
            self.book.resumed.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn cancel(&self, dice: &mut Dice, id: &str) {
        sleep(Duration::from_millis(dice.roll(400))).await;
        let path = format!("{RESPONSES}/{id}/cancel");
        let told = self.node(dice).post(&path, &Value::Null).await;
        if told.is_ok_and(|told| told.status == 200) {
            self.book.cancelled.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn run(&self, dice: &mut Dice, mark: &str) -> Value {
        let frame_ms = dice.roll(40);
        let wish = json!({"text": mark, "amount": 1, "message": mark, "ms": dice.roll(1500)});
        let call = |tool: &str| format!("call tool docs__{tool} with {wish}\n");
        let calls = match dice.roll(8) {
            0 => String::new(),
            1 => call("note"),
            2 => call("charge"),
            3 => call("slow"),
            4 => call("fail"),
            5 => call("note") + &call("charge"),
            6 => call("slow") + &call("note"),
            _ => call("charge") + &call("slow"),
        };
        let order = if calls.is_empty() { "" } else { "then " };
        let said =
            format!("{calls}{order}reply exactly {mark} one two three four [frame_ms={frame_ms}]");
        let server = json!({"type": "mcp", "server_label": "docs", "server_url": self.tools,
            "authorization": "tok-1", "require_approval": "never"});
        let body = json!({"model": MODEL, "input": said, "stream": true, "tools": [server]});
        match dice.roll(3) {
            0 => with(body, json!({"conversation": self.own})),
            _ => body,
        }
    }

    fn node(&self, dice: &mut Dice) -> &Remote {
        let at = usize::try_from(dice.roll(self.nodes.len() as u64)).unwrap_or_default();
        &self.nodes[at]
    }

    async fn count(&self, heard: &Heard, ended: bool) {
        if heard.refused.is_some() {
            self.book.refused.fetch_add(1, Ordering::Relaxed);
        } else {
            assert!(!ended, "a stream ended well without an end: {heard:?}");
            self.book.lost.fetch_add(1, Ordering::Relaxed);
        }
        sleep(PAUSE).await;
    }
}

/// Whether asking again under the same key would not help.
fn is_refused_for_good(heard: &Heard) -> bool {
    let Some((_, body)) = &heard.refused else {
        return false;
    };
    let code = body["error"]["code"].as_str();
    !matches!(code, Some("idempotency_key_in_use" | "unavailable"))
}
