//! The operations of one connection, side by side.

use std::collections::HashMap;

use async_graphql::Response;
use futures::StreamExt;
use futures::stream::{self, AbortHandle, BoxStream, SelectAll, abortable};
use jan_commands::runner::CallerPlace;

/// What an operation says next.
pub(super) struct Spoken {
    /// Its id.
    pub(super) id: String,
    /// An answer; none when it is over.
    pub(super) answer: Option<Response>,
}

/// Those that are under way.
#[derive(Default)]
pub(super) struct Operations {
    speaking: SelectAll<BoxStream<'static, (u64, Spoken)>>,
    known: HashMap<String, Known>,
    begun: u64,
}

struct Known {
    /// An id may be used again once it is free: this tells the one from the other.
    number: u64,
    end: AbortHandle,
    _place: Option<CallerPlace>,
}

impl Operations {
    pub(super) fn has(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    pub(super) fn count(&self) -> usize {
        self.known.len()
    }

    /// Begins one. Its place is free again when it is over.
    pub(super) fn begin(
        &mut self,
        id: String,
        answers: BoxStream<'static, Response>,
        place: Option<CallerPlace>,
    ) {
        self.begun += 1;
        let number = self.begun;
        let (answers, end) = abortable(answers);
        let answers = answers.map(Some).chain(stream::iter([None]));
        let name = id.clone();
        let spoken = answers.map(move |answer| {
            let id = name.clone();
            (number, Spoken { id, answer })
        });
        self.speaking.push(spoken.boxed());
        let known = Known {
            number,
            end,
            _place: place,
        };
        self.known.insert(id, known);
    }

    /// Ends one at its client's word; nothing more is said of it.
    pub(super) fn end(&mut self, id: &str) {
        if let Some(known) = self.known.remove(id) {
            known.end.abort();
        }
    }

    /// What is said next; none while nothing is under way.
    pub(super) async fn next(&mut self) -> Option<Spoken> {
        while let Some((number, spoken)) = self.speaking.next().await {
            let known = self.known.get(&spoken.id);
            if known.is_none_or(|known| known.number != number) {
                continue;
            }
            if spoken.answer.is_none() {
                self.known.remove(&spoken.id);
            }
            return Some(spoken);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::Value;

    fn saying(count: i32) -> BoxStream<'static, Response> {
        stream::iter(0..count)
            .map(|at| Response::new(Value::from(at)))
            .boxed()
    }

    #[tokio::test]
    async fn an_id_that_is_free_again_means_the_new_one() {
        let mut operations = Operations::default();
        operations.begin("a".to_owned(), saying(3), None);
        assert!(operations.next().await.unwrap().answer.is_some());
        operations.end("a");
        operations.begin("a".to_owned(), saying(1), None);
        assert_eq!(operations.count(), 1);
        let first = operations.next().await.unwrap().answer;
        assert_eq!(first.unwrap().data, Value::from(0));
        assert!(operations.next().await.unwrap().answer.is_none());
        assert!(!operations.has("a") && operations.next().await.is_none());
    }
}
