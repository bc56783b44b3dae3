//! How much later a client has a token than the model gave it away, on each way between them.

use std::fmt;
use std::time::Duration;

use anyhow::ensure;
use tokio::task::JoinSet;

use super::paced::{MARK, now};
use super::{ResponsesSettings, progress};
use crate::bench::connection::{Connection, request};
use crate::bench::load::Door;
use crate::bench::report::Percentiles;
use crate::bench::stage::{Stage, Variant};
use crate::bench::workload::Kind;

/// A way from the model to a client.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    variant: Variant,
    kind: Kind,
}

const WAYS: [Way; 4] = [
    Way {
        name: "direct",
        variant: Variant::Direct,
        kind: Kind::ChatStream,
    },
    Way {
        name: "pass-through",
        variant: Variant::PassThrough,
        kind: Kind::ChatStream,
    },
    Way {
        name: "/v1/chat/completions",
        variant: Variant::Full,
        kind: Kind::ChatStream,
    },
    Way {
        name: "/v1/responses",
        variant: Variant::Full,
        kind: Kind::ResponseStream,
    },
];
/// The way that the others are held against.
const PROXY: usize = 1;

/// What was heard on one way, with so many streams at once.
#[derive(Default)]
struct Heard {
    /// From the model's writing to the client's reading, for every frame.
    delays: Vec<Duration>,
    /// From the client's question to the first word, for every stream.
    first_words: Vec<Duration>,
}

/// All delays of a run.
pub(super) struct Delays {
    about: String,
    by_load: Vec<(usize, [Heard; WAYS.len()])>,
}

/// Reads paced streams on every way, in interleaved rounds.
pub(super) async fn measure(stage: &Stage, own: &ResponsesSettings) -> anyhow::Result<Delays> {
    let loads = own.streams_at_once.iter();
    let mut by_load: Vec<(usize, [Heard; WAYS.len()])> = loads
        .map(|count| ((*count).max(1), Default::default()))
        .collect();
    for way in WAYS {
        listen(stage, way, (1, own.frames)).await?;
    }
    for round in 0..own.delay_rounds {
        for (count, heard) in &mut by_load {
            progress(&format!("round {}: {count} paced streams", round + 1))?;
            for place in 0..WAYS.len() {
                // Each way begins a round now and then.
                let place = (place + round) % WAYS.len();
                let new = listen(stage, WAYS[place], (*count, own.frames)).await?;
                heard[place].delays.extend(new.delays);
                heard[place].first_words.extend(new.first_words);
            }
        }
    }
    Ok(Delays {
        about: format!(
            "{} frames every {} ms, {} rounds",
            own.frames, own.frame_ms, own.delay_rounds
        ),
        by_load,
    })
}

async fn listen(
    stage: &Stage,
    way: Way,
    (streams, frames): (usize, usize),
) -> anyhow::Result<Heard> {
    let door = stage.door(way.variant);
    let mut listeners = JoinSet::new();
    for _ in 0..streams {
        listeners.spawn(listen_once(door.clone(), way.kind));
    }
    let mut all = Heard::default();
    while let Some(listener) = listeners.join_next().await {
        let ear = listener??;
        ensure!(
            ear.delays.len() == frames,
            "{} told {} of {frames} frames",
            way.name,
            ear.delays.len()
        );
        let first = ear.first_at.saturating_sub(ear.asked_at);
        all.first_words.push(Duration::from_micros(first));
        all.delays.extend(ear.delays);
    }
    Ok(all)
}

async fn listen_once(door: Door, kind: Kind) -> anyhow::Result<Ear> {
    let mut connection = Connection::open(door.address).await?;
    let request = request(kind.path(), door.token.as_deref(), &kind.body("paced"));
    let mut ear = Ear {
        asked_at: now(),
        ..Ear::default()
    };
    let heard = &mut |body: &[u8]| ear.hear(body);
    connection.call_hearing(&request, heard).await?;
    Ok(ear)
}

/// Finds the times that frames tell, each once: a stream of events repeats its words at the end.
#[derive(Default)]
struct Ear {
    asked_at: u64,
    first_at: u64,
    /// How far the body was understood.
    read: usize,
    newest: u64,
    delays: Vec<Duration>,
}

impl Ear {
    fn hear(&mut self, body: &[u8]) {
        let heard_at = now();
        loop {
            let unread = &body[self.read..];
            let Some(begin) = unread.iter().position(|byte| *byte == MARK.0) else {
                self.read = body.len();
                return;
            };
            let Some(length) = unread[begin..].iter().position(|byte| *byte == MARK.1) else {
                self.read += begin;
                return;
            };
            let digits = std::str::from_utf8(&unread[begin + 1..begin + length]);
            let told: u64 = digits.unwrap_or_default().parse().unwrap_or_default();
            if told > self.newest {
                if self.newest == 0 {
                    self.first_at = heard_at;
                }
                self.newest = told;
                let delay = Duration::from_micros(heard_at.saturating_sub(told));
                self.delays.push(delay);
            }
            self.read += begin + length;
        }
    }
}

impl fmt::Display for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "from the model's writing a frame to the client's reading it, in ms ({})",
            self.about
        )?;
        writeln!(
            f,
            "  {:>7}  {:<22}{:>8}{:>9}{:>9}{:>18}{:>18}{:>20}",
            "streams",
            "way",
            "frames",
            "p50",
            "p99",
            "p50 over proxy",
            "p99 over proxy",
            "first word p50/p99",
        )?;
        for (streams, ways) in &self.by_load {
            let proxy = Percentiles::of(ways[PROXY].delays.iter());
            for (way, heard) in WAYS.iter().zip(ways) {
                let delay = Percentiles::of(heard.delays.iter());
                let first = Percentiles::of(heard.first_words.iter());
                writeln!(
                    f,
                    "  {streams:>7}  {:<22}{:>8}{:>9.3}{:>9.3}{:>+18.3}{:>+18.3}{:>20}",
                    way.name,
                    heard.delays.len(),
                    delay.p50,
                    delay.p99,
                    delay.p50 - proxy.p50,
                    delay.p99 - proxy.p99,
                    first.to_string(),
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ear_counts_every_word_once_however_it_comes() {
        let mut ear = Ear::default();
        let body = b"a @1; b @2; and again: @1;@2;";
        for end in 0..=body.len() {
            ear.hear(&body[..end]);
        }
        assert_eq!(ear.delays.len(), 2);
    }
}
