use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::connection::{Answer, Connection, request};
use super::workload::{Kind, Workload};

/// Where a variant is called, and as whom.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) token: Option<String>,
}

/// What came back from one load.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) right: usize,
    pub(super) wrong: usize,
    /// The first wrong answer, for whoever wonders.
    pub(super) complaint: Option<String>,
    pub(super) took: Duration,
    pub(super) latencies: Vec<Duration>,
    pub(super) first_bytes: Vec<Duration>,
}

/// Calls until as many calls were made as the load says, or its patience is over.
pub(super) async fn drive(door: Door, workload: &Workload) -> anyhow::Result<Answers> {
    let path = workload.kind.path();
    let request: Arc<[u8]> = request(path, door.token.as_deref(), &workload.body).into();
    let left = Arc::new(AtomicUsize::new(workload.calls));
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..workload.connections {
        callers.spawn(call_while_any(
            Caller {
                connection: Connection::open(door.address).await?,
                request: Arc::clone(&request),
                expected: (workload.kind, workload.frames),
            },
            Arc::clone(&left),
            began + workload.patience,
        ));
    }
    let mut answers = Answers::default();
    while let Some(caller) = callers.join_next().await {
        answers.merge(caller??);
    }
    answers.took = began.elapsed();
    Ok(answers)
}

struct Caller {
    connection: Connection,
    request: Arc<[u8]>,
    expected: (Kind, usize),
}

async fn call_while_any(
    mut caller: Caller,
    left: Arc<AtomicUsize>,
    deadline: Instant,
) -> anyhow::Result<Answers> {
    let mut answers = Answers::default();
    let take = |left: usize| left.checked_sub(1);
    while Instant::now() < deadline
        && left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    {
        let answer = caller.connection.call(&caller.request).await?;
        answers.count(&answer, caller.expected);
    }
    Ok(answers)
}

impl Answers {
    fn count(&mut self, answer: &Answer, expected: (Kind, usize)) {
        if is_right(answer, expected) {
            self.right += 1;
            self.latencies.push(answer.took);
            self.first_bytes.push(answer.first_bytes);
        } else {
            self.wrong += 1;
            self.complaint.get_or_insert_with(|| {
                let body = String::from_utf8_lossy(&answer.body);
                let body: String = body.chars().take(300).collect();
                format!("{} {body}", answer.status)
            });
        }
    }

    fn merge(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.complaint = self.complaint.take().or(other.complaint);
        self.latencies.extend(other.latencies);
        self.first_bytes.extend(other.first_bytes);
    }
}

/// A stream must have all its frames and its end; a whole answer must be an object with what was
/// said.
fn is_right(answer: &Answer, (kind, frames): (Kind, usize)) -> bool {
    if answer.status != 200 {
        return false;
    }
    let has = |part: &[u8]| answer.body.windows(part.len()).any(|at| at == part);
    let done = answer.body.ends_with(b"data: [DONE]\n\n");
    match kind {
        Kind::Chat => answer.body.ends_with(b"}") && has(b"\"choices\":[{"),
        Kind::ChatStream => {
            let ends = answer.body.windows(2).filter(|pair| pair == b"\n\n");
            done && ends.count() == frames + 1
        }
        Kind::Response => answer.body.ends_with(b"}") && has(b"\"status\":\"completed\""),
        Kind::ResponseStream => done && has(b"event: response.completed\n"),
    }
}
