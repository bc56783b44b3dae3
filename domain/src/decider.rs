//! What all aggregates have in common: a pure rule, and the loop that records what it decides.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;

/// An aggregate whose rule is a pure function of the past and one command.
///
/// `decide` is total: it answers with events (none when the command was accepted before) or a
/// refusal, and never reads anything but its arguments.
pub trait Decider: Aggregate<Services = ()> {
    /// Raised when the state looks otherwise than before: states put away under another number are
    /// not read. Events are not concerned; the state follows from them.
    const STATE_VERSION: u32 = 1;

    /// The rule: which events follow from `command`, given everything applied so far.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;
}

/// The whole of every `Aggregate::handle` here: decide, then write what was decided.
pub(crate) async fn handle<D: Decider>(
    state: &mut D,
    command: D::Command,
    sink: &EventSink<D>,
) -> Result<(), D::Error>
where
    D::Command: Send,
    D::Event: Send,
{
    for event in state.decide(command)? {
        sink.write(event, state).await;
    }
    Ok(())
}
