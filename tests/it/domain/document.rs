use jan_domain::document::{
    Document, DocumentCommand, DocumentContent, DocumentEvent, DocumentName,
};
use jan_domain::history::Event;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use serde_json::Map;

use super::laws::{self, Subject};
use super::values::{json, moment, owner};

impl Subject for Document {
    fn recorded(event: DocumentEvent) -> Event {
        Event::Document(event)
    }
}

fn name() -> impl Strategy<Value = DocumentName> {
    prop_oneof![Just("notes"), Just("a b/ç.md")].prop_map(|name| DocumentName::parse(name).unwrap())
}

/// Often one of two, so that the same is indexed again.
fn content() -> impl Strategy<Value = DocumentContent> {
    let said = prop_oneof![
        Just("high tide".to_owned()),
        Just("low tide".to_owned()),
        "\\PC{1,20}[a-z]"
    ];
    let fields = prop_oneof![
        4 => Just(Map::new()),
        1 => json().prop_map(|value| Map::from_iter([("field".to_owned(), value)])),
    ];
    let content = (said, fields, btree_set("[xy]", 0..2));
    content.prop_filter_map("beyond the limits", |(said, fields, tags)| {
        DocumentContent::try_new(&said, fields, tags).ok()
    })
}

/// Any command.
pub(super) fn command() -> impl Strategy<Value = DocumentCommand> {
    let index = (owner(), name(), content(), moment()).prop_map(|(owner, name, content, at)| {
        DocumentCommand::Index {
            owner,
            name,
            content,
            at,
        }
    });
    prop_oneof![3 => index, 1 => moment().prop_map(|at| DocumentCommand::Remove { at })]
}

fn commands() -> impl Strategy<Value = Vec<DocumentCommand>> {
    vec(command(), 0..40)
}

proptest! {
    #[test]
    fn what_is_recorded_is_what_was_decided(commands in commands()) {
        laws::records_what_was_decided::<Document>(commands)?;
    }

    #[test]
    fn events_add_up_to_the_state_from_any_point(commands in commands()) {
        laws::adds_up_from_any_point::<Document>(commands)?;
    }

    #[test]
    fn every_event_reads_back_as_itself(commands in commands()) {
        laws::reads_back_as_itself::<Document>(commands)?;
    }

    #[test]
    fn an_index_repeated_at_once_adds_nothing(commands in commands()) {
        // What was removed is gone: to remove it again is refused.
        let removed = |event: &DocumentEvent| matches!(event, DocumentEvent::Removed { .. });
        laws::repeats_harmlessly::<Document>(commands, removed)?;
    }

    #[test]
    fn nobody_takes_over_what_another_keeps(commands in commands()) {
        for step in laws::live::<Document>(commands) {
            if let (Document::Kept(before), Document::Kept(after)) = (step.before, step.after) {
                prop_assert_eq!(before.owner, after.owner);
            }
        }
    }
}

#[test]
fn the_commands_reach_every_event_and_every_refusal() {
    let (events, refusals) = laws::reached::<Document>(&commands());
    assert_eq!(events, laws::names(&["DocumentIndexed", "DocumentRemoved"]));
    assert_eq!(refusals, laws::names(&["AlreadyExists", "NotFound"]));
}
