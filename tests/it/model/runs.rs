//! Two workers, one run of two tool calls, every order of their doings, deaths and delays.
//!
//! Why this tells about the code. One action of the model is one atomic thing of the program: a
//! statement of Postgres, or a request reaching the tool server. Between any two of them anything may
//! happen to anybody:
//!
//! * A worker that is paused is one whose turn does not come; no action is needed for it. One whose row
//!   in `nodes` has run out goes on as if nothing were, which is what a zombie does (`NodeLease`).
//! * `Look` and `Claim` are `take_up`: whether the owner lives is read at one time and the claim is
//!   appended at another, which succeeds only on the stream as it was read (its key).
//! * `Ask`, `Call`, `Keep` are `call_tool`: the journal is asked only in doubt; a call is made at the
//!   receiver and its answer may be lost with the worker; the first outcome kept is the one that stands.
//! * `Record` is `Recorder::record`: outcome and next plan in one append, or the end. On a conflict the
//!   stream is read again, and whoever finds another epoch there stops.
//! * `GiveUp` is a run that its process lets go of because the database was away, and also a process
//!   that dies and comes back: all it knew is gone. (It comes back under a new id and has to wait until
//!   its old row runs out. Here it may look at once, which allows more.) `Die` is a process that does
//!   not come back; somebody has to live.
//! * `Cancel` is the caller's, from anywhere. A run that was taken up too often is failed by `take_up`.
//!
//! The number of epochs is small, and no action leads back: whatever happens, a path of the model comes
//! to rest. A state at rest in which the run is open would be a run that nobody ends.

use std::collections::BTreeSet;

use stateright::{Checker, HasDiscoveries, Model, Property};

/// How often the run is taken up before it is given up for good.
const EPOCHS_MAX: u8 = 4;

/// What may be done when the outcome of a call is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Idempotent,
    Unsafe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Outcome {
    Returned,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Ending {
    Completed,
    InDoubt,
    Cancelled,
    TooManyAttempts,
}

/// The run's stream, folded. Its version is how many events it has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Stream {
    version: u8,
    epoch: u8,
    owner: Option<usize>,
    /// The epoch in which each call was planned.
    planned: [Option<u8>; 2],
    outcomes: [Option<Outcome>; 2],
    ending: Option<Ending>,
}

/// How far a process has come with the run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Worker {
    /// Carries nothing.
    Idle,
    /// Has read the stream, and found that nobody living carries the run.
    Looked(Stream),
    /// Carries the run as it knows it, and is about to do this.
    Carries(Stream, Next),
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Next {
    AskJournal,
    Call,
    Keep(Outcome),
    Record(Outcome),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    stream: Stream,
    journal: [Option<Outcome>; 2],
    /// Calls that the tool server saw, by step and by the key's epoch, which should make no difference.
    calls: [[u8; 1 + EPOCHS_MAX as usize]; 2],
    workers: [Worker; 2],
    /// Whether each one's row in `nodes` is valid.
    rows: [bool; 2],
}

/// What somebody does; the number is the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Action {
    Look(usize),
    Claim(usize),
    Go(usize),
    GiveUp(usize),
    Die(usize),
    Expire(usize),
    Cancel,
}

/// The rules as they are, or with one of them left out, which must be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    AsTheyAre,
    /// A claim is appended whatever the stream holds by then.
    ClaimsAreNotFenced,
    /// What is in doubt is done again, whatever it is.
    DoubtIsIgnored,
    /// The last outcome kept stands, not the first.
    JournalOverwrites,
    /// The key of a call changes with the epoch.
    KeysChange,
}

struct Runs {
    kinds: [Kind; 2],
    rules: Rules,
}

impl Runs {
    /// What a worker that knows `stream` does for its first call without outcome.
    fn next(&self, stream: &Stream) -> Next {
        let step = step_of(stream);
        let planned = stream.planned[step].expect("a step is planned before it is done");
        // Before the first process took the run up, nobody can have made the call.
        if planned.max(1) < stream.epoch && self.rules != Rules::DoubtIsIgnored {
            return Next::AskJournal;
        }
        Next::Call
    }

    fn go(&self, world: &mut World, at: usize, known: &Stream, next: Next) {
        let step = step_of(known);
        let next = match next {
            Next::AskJournal => match (world.journal[step], self.kinds[step]) {
                (Some(kept), _) => Next::Record(kept),
                (None, Kind::Unsafe) => Next::Keep(Outcome::Unknown),
                (None, Kind::Idempotent) => Next::Call,
            },
            Next::Call => {
                let changes = self.rules == Rules::KeysChange;
                let key = if changes { usize::from(known.epoch) } else { 0 };
                world.calls[step][key] += 1;
                Next::Keep(Outcome::Returned)
            }
            Next::Keep(outcome) => {
                let overwrites = self.rules == Rules::JournalOverwrites;
                let kept = world.journal[step]
                    .filter(|_| !overwrites)
                    .unwrap_or(outcome);
                world.journal[step] = Some(kept);
                Next::Record(kept)
            }
            Next::Record(outcome) => {
                world.workers[at] = self.record(&mut world.stream, known, outcome);
                return;
            }
        };
        world.workers[at] = Worker::Carries(known.clone(), next);
    }

    /// Appends an outcome with what follows from it, if the stream is as the worker knows it.
    fn record(&self, stream: &mut Stream, known: &Stream, outcome: Outcome) -> Worker {
        if stream != known {
            let mine = stream.ending.is_none() && stream.epoch == known.epoch;
            return if mine {
                Worker::Carries(stream.clone(), Next::Record(outcome))
            } else {
                Worker::Idle
            };
        }
        let step = step_of(known);
        stream.version += 1;
        stream.outcomes[step] = Some(outcome);
        match (outcome, step) {
            (Outcome::Unknown, _) => stream.ending = Some(Ending::InDoubt),
            (Outcome::Returned, 0) => stream.planned[1] = Some(stream.epoch),
            (Outcome::Returned, _) => stream.ending = Some(Ending::Completed),
        }
        match stream.ending {
            Some(_) => Worker::Idle,
            None => Worker::Carries(stream.clone(), self.next(stream)),
        }
    }

    fn claim(&self, stream: &mut Stream, at: usize, known: &Stream) -> Worker {
        let fenced = self.rules != Rules::ClaimsAreNotFenced;
        if stream != known && (fenced || stream.ending.is_some()) {
            return Worker::Idle;
        }
        stream.version += 1;
        if known.epoch >= EPOCHS_MAX {
            stream.ending = Some(Ending::TooManyAttempts);
            return Worker::Idle;
        }
        stream.epoch = known.epoch + 1;
        stream.owner = Some(at);
        Worker::Carries(stream.clone(), self.next(stream))
    }
}

/// The first call without an outcome.
fn step_of(stream: &Stream) -> usize {
    usize::from(stream.outcomes[0].is_some())
}

impl World {
    /// Whether the process may take the run up: nobody has it, or nobody living, or itself, which has
    /// lost it on the way.
    fn is_free_for(&self, at: usize) -> bool {
        let owner = self.stream.owner;
        let free = owner.is_none_or(|owner| owner == at || !self.rows[owner]);
        self.stream.ending.is_none() && free
    }
}

impl Model for Runs {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let stream = Stream {
            planned: [Some(0), None],
            ..Stream::default()
        };
        vec![World {
            stream,
            journal: [None; 2],
            calls: [[0; 1 + EPOCHS_MAX as usize]; 2],
            workers: [const { Worker::Idle }; 2],
            rows: [true; 2],
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let all_live = !world.workers.contains(&Worker::Dead);
        for (at, worker) in world.workers.iter().enumerate() {
            match worker {
                Worker::Idle if world.is_free_for(at) => actions.push(Action::Look(at)),
                Worker::Looked(_) => actions.push(Action::Claim(at)),
                Worker::Carries(..) => actions.extend([Action::Go(at), Action::GiveUp(at)]),
                Worker::Idle | Worker::Dead => {}
            }
            if all_live {
                actions.push(Action::Die(at));
            }
            if world.rows[at] {
                actions.push(Action::Expire(at));
            }
        }
        if world.stream.ending.is_none() {
            actions.push(Action::Cancel);
        }
    }

    fn next_state(&self, before: &World, action: Action) -> Option<World> {
        let mut world = before.clone();
        match action {
            Action::Look(at) => world.workers[at] = Worker::Looked(world.stream.clone()),
            Action::Claim(at) => {
                if let Worker::Looked(known) = &before.workers[at] {
                    world.workers[at] = self.claim(&mut world.stream, at, known);
                }
            }
            Action::Go(at) => {
                if let Worker::Carries(known, next) = &before.workers[at] {
                    self.go(&mut world, at, known, *next);
                }
            }
            Action::GiveUp(at) => world.workers[at] = Worker::Idle,
            Action::Die(at) => world.workers[at] = Worker::Dead,
            Action::Expire(at) => world.rows[at] = false,
            Action::Cancel => {
                world.stream.version += 1;
                world.stream.ending = Some(Ending::Cancelled);
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONCE, |model: &Self, world: &World| {
                let calls = model.kinds.iter().zip(&world.calls);
                let unsafe_ones = calls.filter(|(kind, _)| **kind == Kind::Unsafe);
                unsafe_ones
                    .map(|(_, calls)| calls)
                    .all(|calls| calls.iter().sum::<u8>() <= 1)
            }),
            Property::always(ONE_KEY, |_, world: &World| {
                let keys = |calls: &[u8]| calls.iter().filter(|calls| **calls > 0).count();
                world.calls.iter().all(|calls| keys(calls) <= 1)
            }),
            Property::always(KEPT, |_, world: &World| {
                let both = world.stream.outcomes.iter().zip(&world.journal);
                both.into_iter()
                    .all(|(told, kept)| told.is_none() || told == kept)
            }),
            Property::always(DONE, |_, world: &World| {
                let made = |step: usize| world.calls[step].iter().any(|calls| *calls > 0);
                let told = world.stream.outcomes;
                (0..2).all(|step| told[step] != Some(Outcome::Returned) || made(step))
            }),
            Property::always(ENDS, |model: &Self, world: &World| {
                let mut actions = Vec::new();
                model.actions(world, &mut actions);
                !actions.is_empty() || world.stream.ending.is_some()
            }),
            Property::sometimes("it is completed", |_, world: &World| {
                world.stream.ending == Some(Ending::Completed)
            }),
            Property::sometimes("two carry it at once", |_, world: &World| {
                let carries = |worker: &&Worker| matches!(worker, Worker::Carries(..));
                world.workers.iter().filter(carries).count() > 1
            }),
            Property::sometimes("it is given up for good", |_, world: &World| {
                world.stream.ending == Some(Ending::TooManyAttempts)
            }),
        ]
    }
}

const ONCE: &str = "an unsafe call is made once at most";
const ONE_KEY: &str = "a call comes under one key";
const KEPT: &str = "the outcome on record is the one that was kept";
const DONE: &str = "what is on record as done was done";
const ENDS: &str = "only a run that has ended comes to rest";

/// Whether some order of things breaks this law under these rules.
fn is_broken(law: &'static str, kinds: [Kind; 2], rules: Rules) -> bool {
    let checker = Runs { kinds, rules }.checker();
    let found = HasDiscoveries::AllOf(BTreeSet::from([law]));
    let checker = checker.finish_when(found).spawn_bfs().join();
    checker.discovery(law).is_some()
}

#[test]
#[expect(clippy::print_stdout, reason = "the tally is for people")]
fn two_workers_make_no_unsafe_call_twice_and_lose_no_outcome_in_any_order() {
    use Kind::{Idempotent, Unsafe};
    for kinds in [[Idempotent, Unsafe], [Unsafe, Idempotent], [Unsafe, Unsafe]] {
        let rules = Rules::AsTheyAre;
        let checker = Runs { kinds, rules }.checker().spawn_bfs().join();
        checker.assert_properties();
        println!("{kinds:?}: {} states", checker.unique_state_count());
    }
}

#[test]
fn the_model_notices_each_rule_that_is_left_out() {
    use Kind::{Idempotent, Unsafe};
    let kinds = [Unsafe, Idempotent];
    assert!(is_broken(ONCE, kinds, Rules::ClaimsAreNotFenced));
    assert!(is_broken(ONCE, kinds, Rules::DoubtIsIgnored));
    assert!(is_broken(KEPT, kinds, Rules::JournalOverwrites));
    let kinds = [Idempotent, Unsafe];
    assert!(is_broken(ONE_KEY, kinds, Rules::KeysChange));
}
