//! Several clients at one stream, each on its own idea of how it stands: what a plain model of the
//! aggregate says must happen is what happens, in memory and in Postgres.

mod account;
mod conversation;
mod document;
mod media;
mod projection;
mod response;
mod streams;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::marker::PhantomData;

use cqrs_es::Aggregate;
use jan_commands::store::Loaded;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use self::streams::{Streams, Submitted};
use super::laws::Subject;

/// Clients of one stream.
const CLIENTS: usize = 3;

/// What a person would write down of an aggregate.
pub(super) trait Model: Clone + Debug + Default + PartialEq + 'static {
    /// What it is a model of.
    type Aggregate: Subject;

    /// Commands worth trying.
    fn commands() -> BoxedStrategy<<Self::Aggregate as Aggregate>::Command>;

    /// What a command makes of it: `None` if it is no news, or the name of the refusal.
    fn after(
        &self,
        command: &<Self::Aggregate as Aggregate>::Command,
    ) -> Result<Option<Self>, &'static str>;

    /// What it would say of the aggregate as it really stands.
    fn of(state: &Self::Aggregate) -> Self;
}

/// What one of the clients does.
#[derive(Debug, Clone)]
pub(super) enum Act<C> {
    /// Looks how the stream stands.
    Load(usize),
    /// Asks for something, on the strength of what it saw last.
    Do(usize, C),
}

/// How an act must end.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Seen,
    Refused(String),
    NoNews,
    Done,
    Conflict,
}

/// Everything that has become of a stream, and what each client has seen of it.
#[derive(Debug, Clone)]
pub(super) struct History<M> {
    states: Vec<M>,
    seen: [usize; CLIENTS],
    outcome: Outcome,
}

impl<M> History<M> {
    fn newest(&self) -> &M {
        self.states.last().expect("a stream begins somehow")
    }

    fn head(&self) -> usize {
        self.states.len() - 1
    }
}

/// The machine that says what must happen.
pub(super) struct Lives<M>(PhantomData<M>);

impl<M: Model> ReferenceStateMachine for Lives<M> {
    type State = History<M>;
    type Transition = Act<<M::Aggregate as Aggregate>::Command>;

    fn init_state() -> BoxedStrategy<History<M>> {
        let beginning = History {
            states: vec![M::default()],
            seen: [0; CLIENTS],
            outcome: Outcome::Seen,
        };
        Just(beginning).boxed()
    }

    fn transitions(_: &History<M>) -> BoxedStrategy<Self::Transition> {
        let client = || 0..CLIENTS;
        prop_oneof![
            1 => client().prop_map(Act::Load),
            4 => (client(), M::commands()).prop_map(|(client, command)| Act::Do(client, command)),
        ]
        .boxed()
    }

    fn apply(mut history: History<M>, act: &Self::Transition) -> History<M> {
        let (client, command) = match act {
            Act::Load(client) => {
                history.seen[*client] = history.head();
                history.outcome = Outcome::Seen;
                return history;
            }
            Act::Do(client, command) => (*client, command),
        };
        let stale = history.seen[client] != history.head();
        history.outcome = match history.states[history.seen[client]].after(command) {
            Err(name) => Outcome::Refused(name.to_owned()),
            Ok(None) => Outcome::NoNews,
            Ok(Some(_)) if stale => Outcome::Conflict,
            Ok(Some(next)) => {
                history.states.push(next);
                history.seen[client] = history.head();
                Outcome::Done
            }
        };
        history
    }
}

/// The same stream in a real store.
pub(super) struct Subjects<S, A: Aggregate> {
    streams: S,
    held: [Loaded<A>; CLIENTS],
}

/// The test that both say the same.
struct Compared<S, M>(PhantomData<(S, M)>);

impl<S, M> StateMachineTest for Compared<S, M>
where
    M: Model,
    S: Streams<M::Aggregate>,
{
    type SystemUnderTest = Subjects<S, M::Aggregate>;
    type Reference = Lives<M>;

    fn init_test(_: &History<M>) -> Self::SystemUnderTest {
        let streams = S::begin();
        let held = std::array::from_fn(|_| streams.load());
        Subjects { streams, held }
    }

    fn apply(
        mut subjects: Self::SystemUnderTest,
        history: &History<M>,
        act: Act<<M::Aggregate as Aggregate>::Command>,
    ) -> Self::SystemUnderTest {
        let (client, outcome) = match act {
            Act::Load(client) => {
                subjects.held[client] = subjects.streams.load();
                (client, Outcome::Seen)
            }
            Act::Do(client, command) => {
                let held = subjects.held[client].clone();
                let outcome = match subjects.streams.submit(held, command) {
                    Submitted::Refused(refusal) => Outcome::Refused(name_of(&refusal)),
                    Submitted::Conflict => Outcome::Conflict,
                    Submitted::NoNews => Outcome::NoNews,
                    Submitted::Done(after) => {
                        subjects.held[client] = after;
                        Outcome::Done
                    }
                };
                (client, outcome)
            }
        };
        assert_eq!(outcome, history.outcome);
        let seen = &history.states[history.seen[client]];
        assert_eq!(&M::of(&subjects.held[client].state), seen);
        subjects
    }

    fn check_invariants(subjects: &Self::SystemUnderTest, history: &History<M>) {
        let stands = subjects.streams.load();
        assert_eq!(&M::of(&stands.state), history.newest());
        assert_eq!(stands.version == 0, history.head() == 0);
    }
}

/// The name of a refusal, without what it is about.
fn name_of(refusal: &impl Debug) -> String {
    let shown = format!("{refusal:?}");
    shown
        .split(['(', ' '])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The outcomes that many lives come to: a machine that never meets a conflict proves little.
fn reached<M: Model>() -> BTreeSet<String> {
    let mut runner = TestRunner::deterministic();
    let acts = Lives::<M>::sequential_strategy(1..40);
    let lives = (0..300).map(|_| acts.new_tree(&mut runner).expect("nothing is rejected"));
    let mut outcomes = BTreeSet::new();
    for life in lives {
        let (mut history, acts, _) = life.current();
        for act in acts {
            history = Lives::<M>::apply(history, &act);
            outcomes.insert(match &history.outcome {
                Outcome::Refused(name) => name.clone(),
                other => format!("{other:?}"),
            });
        }
    }
    outcomes
}

/// Runs a machine over so many lives; what fails is kept in `proptest-regressions`.
fn compare<S, M>(lives: u32, file: &'static str)
where
    M: Model,
    S: Streams<M::Aggregate>,
{
    let config = Config {
        cases: lives,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(file))),
        ..Config::default()
    };
    let acts = Lives::<M>::sequential_strategy(1..40);
    let ran = TestRunner::new(config.clone()).run(&acts, |(beginning, acts, seen)| {
        Compared::<S, M>::test_sequential(config.clone(), beginning, acts, seen);
        Ok(())
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
}
