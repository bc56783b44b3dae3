//! The process dies between each two steps of a run, and another one carries it to its end.

use jan_commands::crash::RUN_POINTS;
use jan_tests::heard::Heard;
use jan_tests::process::ServerProcess;

use super::scene::{Manner, RESPONSES, Scene, WORDS};
use crate::crash::truth::comes_true;

const PLAIN: Manner = Manner {
    background: true,
    tool: None,
    converses: false,
};

/// Points that every run passes, each with the pass at which to die.
const OF_ALL: &[(&str, u32)] = &[
    ("run.before_intent", 1),
    ("run.after_intent", 1),
    ("run.during_effect", 1),
    ("run.before_outcome", 1),
    ("run.after_event", 1),
];

/// Points of a run that calls a tool. Its events are recorded in this order: what the server offers,
/// the call that the model wants, what came of it, the end.
const OF_TOOLS: &[(&str, u32)] = &[
    ("run.before_intent", 1),
    ("run.after_intent", 1),
    ("run.after_event", 1),
    ("run.during_effect", 1),
    ("run.after_event", 2),
    ("run.before_effect", 1),
    ("run.after_effect", 1),
    ("run.after_journal", 1),
    ("run.after_event", 3),
    ("run.before_outcome", 1),
    ("run.after_event", 4),
];

/// Where the process dies.
type Death = (&'static str, u32);

/// Whether the end is on record when the process dies.
fn has_ended(manner: Manner, (point, nth): Death) -> bool {
    point == "run.after_event" && (manner.tool.is_none() || nth == 4)
}

/// How the run ends, once others have taken it up.
fn expected(manner: Manner, death: Death) -> (&'static str, Option<&'static str>) {
    let in_doubt = matches!(
        death,
        ("run.after_event", 2) | ("run.before_effect" | "run.after_effect", _)
    );
    match manner {
        _ if has_ended(manner, death) => ("ResponseCompleted", None),
        Manner {
            background: false, ..
        } => ("ResponseFailed", Some("node_lost")),
        Manner {
            tool: Some("charge"),
            ..
        } if in_doubt => ("ResponseFailed", Some("tool_outcome_unknown")),
        _ => ("ResponseCompleted", None),
    }
}

/// How often the tool had its effect in the end.
fn effects(manner: Manner, death: Death) -> usize {
    let called = matches!(
        death,
        (
            "run.after_effect" | "run.after_journal" | "run.before_outcome",
            _
        ) | ("run.after_event", 3 | 4)
    );
    match manner {
        Manner { tool: None, .. } => 0,
        _ if called => 1,
        _ => usize::from(expected(manner, death).0 == "ResponseCompleted"),
    }
}

/// Dies at each of the points, each time on the record that the earlier deaths have left.
async fn die_at_each(manner: Manner, deaths: &[Death]) {
    let (mut scene, survivor) = Scene::set().await;
    for death in deaths {
        die_at(&mut scene, &survivor, manner, *death).await;
    }
}

async fn die_at(scene: &mut Scene, survivor: &ServerProcess, manner: Manner, death: Death) {
    let items = scene.items().await;
    let (mark, body) = scene.run(manner);
    let mut dying = scene.deployment.start_to_die_at(death.0, death.1).await;
    let person = scene.person.at(&dying.remote());
    let mut before = Heard::default();
    let lost = person.hear(&body, None, &mut before).await;
    assert!(lost.is_err(), "{death:?} {manner:?}: {before:?}");
    assert!(
        before.ending().is_none(),
        "{death:?} {manner:?}: {before:?}"
    );
    assert!(!dying.until_dead().await.success());

    let Some(id) = scene.find(&mark).await else {
        assert_eq!(death.0, "run.before_intent");
        return;
    };
    comes_true(&scene.pool).await;
    let (kind, why) = scene.ending(&id).await;
    let at = format!("{id} {death:?} {manner:?}");
    assert_eq!(
        (kind.as_str(), why.as_deref()),
        expected(manner, death),
        "{at}"
    );
    let (_, effects_seen, keys) = scene.calls(&mark);
    assert_eq!(effects_seen, effects(manner, death), "{at}");
    assert!(keys <= 1, "{at}");
    assert_heard_on(scene, survivor, &id, &before).await;
    if manner.converses {
        let gained = if kind == "ResponseCompleted" { 2 } else { 0 };
        assert_eq!(scene.items().await, items + gained, "{at}");
        assert_goes_on(scene, survivor).await;
    }
}

/// Whoever was cut off hears the rest elsewhere, and the whole is the same for everybody.
async fn assert_heard_on(scene: &Scene, survivor: &ServerProcess, id: &str, before: &Heard) {
    let whole = scene.heard_at(survivor, id).await;
    if let Some(last) = before.last_number() {
        let person = scene.person.at(&survivor.remote());
        let mut rest = Heard::default();
        person.hear_again(id, Some(last), &mut rest).await.unwrap();
        let all = rest.after(before);
        if whole.events[0]["response"]["background"] == true {
            assert_eq!(all.faults(), [""; 0], "{id} {all:#?}");
            assert_eq!(all.told(), whole.told(), "{id}");
        }
    }
    let read = scene.person.at(&survivor.remote());
    let read = read.get(&format!("{RESPONSES}/{id}")).await.unwrap();
    let ending = whole.ending().unwrap();
    assert_eq!(read.body["status"], ending["status"], "{id}");
    assert_eq!(read.body["output"], ending["output"], "{id}");
    if ending["status"] == "completed" {
        assert!(ending["output"].to_string().contains(WORDS), "{ending}");
    }
}

/// The conversation is free, and takes another turn.
async fn assert_goes_on(scene: &mut Scene, survivor: &ServerProcess) {
    let manner = Manner {
        background: false,
        tool: None,
        converses: true,
    };
    let (_, body) = scene.run(manner);
    let mut heard = Heard::default();
    let person = scene.person.at(&survivor.remote());
    person.hear(&body, None, &mut heard).await.unwrap();
    assert_eq!(heard.refused, None);
    assert_eq!(heard.ending().unwrap()["status"], "completed");
    comes_true(&scene.pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_in_the_background_is_carried_to_its_end_wherever_its_process_dies() {
    die_at_each(PLAIN, OF_ALL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_may_be_repeated_has_its_effect_once_wherever_the_process_dies() {
    let notes = Manner {
        tool: Some("note"),
        ..PLAIN
    };
    die_at_each(notes, OF_TOOLS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_must_not_be_repeated_is_not_wherever_the_process_dies() {
    let charges = Manner {
        tool: Some("charge"),
        ..PLAIN
    };
    die_at_each(charges, OF_TOOLS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_client_waits_fails_with_its_process() {
    let waits = Manner {
        background: false,
        ..PLAIN
    };
    die_at_each(waits, OF_ALL).await;
    let charges = Manner {
        tool: Some("charge"),
        ..waits
    };
    die_at_each(charges, OF_TOOLS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_has_each_turn_once_and_is_free_wherever_the_process_dies() {
    let converses = Manner {
        converses: true,
        ..PLAIN
    };
    die_at_each(converses, OF_ALL).await;
    let waits = Manner {
        background: false,
        ..converses
    };
    die_at_each(waits, OF_ALL).await;
}

/// Two die, one after the other: whoever had taken the run up dies before doing anything for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_survives_the_death_of_those_who_take_it_up() {
    let (mut scene, first) = Scene::set().await;
    assert!(first.stop().await.success());
    for (tool, points) in [
        (
            None,
            ["run.after_intent", "run.after_claim", "run.during_effect"],
        ),
        (
            Some("note"),
            ["run.before_effect", "run.after_claim", "run.after_effect"],
        ),
        (
            Some("charge"),
            ["run.after_journal", "run.after_claim", "run.after_event"],
        ),
    ] {
        let manner = Manner { tool, ..PLAIN };
        let (mark, body) = scene.run(manner);
        let mut before = Heard::default();
        for (time, point) in points.into_iter().enumerate() {
            let mut dying = scene.deployment.start_to_die_at(point, 1).await;
            let person = scene.person.at(&dying.remote());
            if time == 0 {
                assert!(person.hear(&body, None, &mut before).await.is_err());
            }
            assert!(!dying.until_dead().await.success());
        }
        let last = scene.deployment.start().await;
        comes_true(&scene.pool).await;
        let id = scene.find(&mark).await.unwrap();
        assert_eq!(
            scene.ending(&id).await.0,
            "ResponseCompleted",
            "{id} {tool:?}"
        );
        let (_, effects, _) = scene.calls(&mark);
        assert_eq!(effects, usize::from(tool.is_some()), "{id} {tool:?}");
        assert_heard_on(&scene, &last, &id, &before).await;
        last.kill();
    }
}

/// The tables above must not fall behind the code.
#[test]
fn every_point_of_a_run_is_died_at() {
    let died_at =
        |point: &&str| *point == "run.after_claim" || OF_TOOLS.iter().any(|(at, _)| at == point);
    assert!(RUN_POINTS.iter().all(died_at), "{RUN_POINTS:?}");
    assert!(OF_ALL.iter().all(|death| OF_TOOLS.contains(death)));
}
