use chrono::{DateTime, Utc};
use jan_domain::history::Event;
use jan_domain::media::{
    ContentHash, Media, MediaCommand, MediaContent, MediaEvent, MediaLabel, ObjectPlace, Purpose,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::laws::{self, Subject};
use super::values::{moment, owner};

impl Subject for Media {
    fn recorded(event: MediaEvent) -> Event {
        Event::Media(event)
    }
}

/// Often one of two, so that the same comes again.
fn content() -> impl Strategy<Value = MediaContent> {
    prop_oneof![2 => Just("tea"), 1 => Just("coffee")].prop_map(|bytes| MediaContent {
        bytes: bytes.len() as u64,
        sha256: ContentHash::of(bytes.as_bytes()),
        media_type: "text/plain".to_owned(),
        dimensions: None,
    })
}

/// Mostly one of two, so that the same life is met again.
fn place() -> impl Strategy<Value = ObjectPlace> {
    prop_oneof![4 => Just("0a/01"), 1 => Just("0a/02")]
        .prop_map(|place| ObjectPlace::try_from(place.to_owned()).unwrap())
}

/// Any command.
pub(super) fn command() -> impl Strategy<Value = MediaCommand> {
    let label = MediaLabel {
        file_name: None,
        purpose: Purpose::UserData,
    };
    let prepare =
        (owner(), place(), moment(), moment()).prop_map(move |(owner, place, expires_at, at)| {
            MediaCommand::Prepare {
                owner,
                place,
                label: label.clone(),
                expires_at,
                at,
            }
        });
    let keep = (place(), content(), option::of(moment()), moment()).prop_map(
        |(place, content, retain_until, at)| MediaCommand::Keep {
            place,
            content,
            retain_until,
            at,
        },
    );
    prop_oneof![
        3 => prepare,
        3 => keep,
        1 => moment().prop_map(|at| MediaCommand::Expire { at }),
        1 => moment().prop_map(|at| MediaCommand::Delete { at }),
        2 => (place(), moment()).prop_map(|(place, at)| MediaCommand::Purge { place, at }),
    ]
}

fn commands() -> impl Strategy<Value = Vec<MediaCommand>> {
    vec(command(), 0..40)
}

fn place_of(state: &Media) -> Option<&ObjectPlace> {
    match state {
        Media::Absent => None,
        Media::Prepared(prepared) => Some(&prepared.place),
        Media::Kept(kept) => Some(&kept.place),
        Media::Leaving(leaving) => Some(&leaving.place),
    }
}

/// Until when something is kept, if it is.
fn end_of(state: &Media) -> Option<DateTime<Utc>> {
    match state {
        Media::Kept(kept) => Some(kept.retain_until.unwrap_or(DateTime::<Utc>::MAX_UTC)),
        _ => None,
    }
}

proptest! {
    #[test]
    fn what_is_recorded_is_what_was_decided(commands in commands()) {
        laws::records_what_was_decided::<Media>(commands)?;
    }

    #[test]
    fn events_add_up_to_the_state_from_any_point(commands in commands()) {
        laws::adds_up_from_any_point::<Media>(commands)?;
    }

    #[test]
    fn every_event_reads_back_as_itself(commands in commands()) {
        laws::reads_back_as_itself::<Media>(commands)?;
    }

    #[test]
    fn a_command_repeated_at_once_adds_nothing(commands in commands()) {
        // What was deleted is gone: to delete it again is refused.
        let deleted = |event: &MediaEvent| matches!(event, MediaEvent::Deleted { .. });
        laws::repeats_harmlessly::<Media>(commands, deleted)?;
    }

    #[test]
    fn a_life_has_one_owner_and_one_place_and_its_bytes_go_before_it_does(commands in commands()) {
        for step in laws::live::<Media>(commands) {
            if let (Some(before), Some(after)) = (place_of(&step.before), place_of(&step.after)) {
                prop_assert_eq!(before, after);
                prop_assert_eq!(step.before.owner(), step.after.owner());
            }
            if step.after == Media::Absent {
                prop_assert!(matches!(step.before, Media::Absent | Media::Leaving(_)));
            }
        }
    }

    #[test]
    fn what_was_promised_to_be_kept_is_not_kept_for_less(commands in commands()) {
        for step in laws::live::<Media>(commands) {
            if let (Some(before), Some(after)) = (end_of(&step.before), end_of(&step.after)) {
                prop_assert!(before <= after);
            }
        }
    }
}

#[test]
fn the_commands_reach_every_event_and_every_refusal() {
    let (events, refusals) = laws::reached::<Media>(&commands());
    let every = [
        "MediaDeleted",
        "MediaExpired",
        "MediaPurged",
        "MediaRetained",
        "MediaStored",
        "MediaUploadPrepared",
    ];
    assert_eq!(events, laws::names(&every));
    let every = ["AlreadyExists", "Leaving", "NotFound", "OtherContent"];
    assert_eq!(refusals, laws::names(&every));
}
