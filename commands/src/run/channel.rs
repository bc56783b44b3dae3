use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;

use super::StreamEvent;

/// A stream event with its number, from 0 without gaps.
pub type Numbered = (u64, Arc<StreamEvent>);

/// The stream of one run within its process: told once, read by any number of readers, each at its
/// own pace. A slow reader holds up nobody; what it has not read yet is kept once for all.
#[derive(Debug)]
pub struct RunChannel {
    told: Mutex<Told>,
    released: watch::Sender<Released>,
}

#[derive(Debug, Default)]
struct Told {
    events: Vec<Arc<StreamEvent>>,
    /// How many of them may be read; the others are held.
    released: usize,
}

/// Up to where readers may read, and whether more will come.
#[derive(Debug, Clone, Copy, Default)]
struct Released {
    events: usize,
    closed: bool,
}

impl RunChannel {
    /// A channel whose first events are these, and were released before.
    pub(crate) fn beginning_with(events: Vec<StreamEvent>) -> Self {
        let events: Vec<_> = events.into_iter().map(Arc::new).collect();
        let released = Released {
            events: events.len(),
            closed: false,
        };
        let told = Told {
            released: events.len(),
            events,
        };
        Self {
            told: Mutex::new(told),
            released: watch::Sender::new(released),
        }
    }

    /// Tells an event without letting anyone read it yet.
    pub(crate) fn hold(&self, event: StreamEvent) {
        self.told().events.push(Arc::new(event));
    }

    /// Everything that is held, oldest first, with the first number.
    pub(crate) fn held(&self) -> Option<(u64, Vec<Arc<StreamEvent>>)> {
        let told = self.told();
        let held = &told.events[told.released..];
        (!held.is_empty()).then(|| (told.released as u64, held.to_vec()))
    }

    /// Lets everybody read `count` more events.
    pub(crate) fn release(&self, count: usize) {
        self.told().released += count;
        self.released
            .send_modify(|released| released.events += count);
    }

    /// Says that no more will come from this process.
    pub(crate) fn close(&self) {
        self.released.send_modify(|released| released.closed = true);
    }

    /// Everything that was told.
    pub(crate) fn all(&self) -> Vec<StreamEvent> {
        let told = self.told();
        told.events.iter().map(|event| (**event).clone()).collect()
    }

    /// The events from number `from` on, as they come. The stream ends after the last event, or when
    /// this process has stopped telling.
    pub fn read(self: &Arc<Self>, from: u64) -> BoxStream<'static, Numbered> {
        let reader = Reader {
            channel: Arc::clone(self),
            released: self.released.subscribe(),
            next: usize::try_from(from).unwrap_or(usize::MAX),
        };
        stream::unfold(reader, |mut reader| async move {
            Some((reader.next().await?, reader))
        })
        .boxed()
    }

    fn get(&self, at: usize) -> Option<Arc<StreamEvent>> {
        self.told().events.get(at).cloned()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Reader {
    channel: Arc<RunChannel>,
    released: watch::Receiver<Released>,
    next: usize,
}

impl Reader {
    async fn next(&mut self) -> Option<Numbered> {
        let next = self.next;
        let ready = self
            .released
            .wait_for(|released| released.events > next || released.closed)
            .await;
        if ready.ok()?.events <= next {
            return None;
        }
        let event = self.channel.get(next)?;
        self.next += 1;
        Some((next as u64, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn readers_see_what_was_released_each_from_its_place() {
        let channel = Arc::new(RunChannel::beginning_with(vec![StreamEvent::Created]));
        channel.hold(StreamEvent::Queued);
        channel.hold(StreamEvent::InProgress);
        let mut all = channel.read(0);
        let mut tail = channel.read(2);
        assert_eq!(all.next().await.unwrap().0, 0);
        assert!(all.next().now_or_never().is_none());
        let (first, held) = channel.held().unwrap();
        assert_eq!((first, held.len()), (1, 2));
        channel.release(2);
        assert!(channel.held().is_none());
        channel.close();
        assert_eq!(
            all.map(|(number, _)| number).collect::<Vec<_>>().await,
            [1, 2]
        );
        assert_eq!(*tail.next().await.unwrap().1, StreamEvent::InProgress);
        assert!(tail.next().await.is_none());
    }
}
