//! The rules of media, one sentence each.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::test::TestFramework;

use super::{
    ContentHash, FileName, Media, MediaCommand as C, MediaContent, MediaError, MediaEvent as E,
    MediaLabel, ObjectPlace, ObjectPrefix, Purpose,
};
use crate::caller::Owner;
use crate::id::{AccountId, TenantId};

const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;
const HOUR: TimeDelta = TimeDelta::hours(1);

fn decided(given: Vec<E>, command: C) -> Result<Vec<E>, MediaError> {
    TestFramework::<Media>::with(())
        .given(given)
        .when(command)
        .inspect_result()
}

fn owner(account: &str) -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse(account).unwrap(),
    }
}

fn place() -> ObjectPlace {
    ObjectPlace::try_from("0a/1".to_owned()).unwrap()
}

fn label() -> MediaLabel {
    MediaLabel {
        file_name: FileName::parse("tea.png").ok(),
        purpose: Purpose::Vision,
    }
}

fn content(text: &str) -> MediaContent {
    MediaContent {
        bytes: text.len() as u64,
        sha256: ContentHash::of(text.as_bytes()),
        media_type: "image/png".to_owned(),
        dimensions: None,
    }
}

fn prepare(account: &str) -> C {
    C::Prepare {
        owner: owner(account),
        place: place(),
        label: label(),
        expires_at: NOON + HOUR,
        at: NOON,
    }
}

fn keep(text: &str, retain_until: Option<DateTime<Utc>>) -> C {
    C::Keep {
        place: place(),
        content: content(text),
        retain_until,
        at: NOON,
    }
}

fn prepared() -> E {
    E::UploadPrepared {
        owner: owner("user_ann"),
        place: place(),
        label: label(),
        expires_at: NOON + HOUR,
        at: NOON,
    }
}

fn stored(text: &str, retain_until: Option<DateTime<Utc>>) -> E {
    E::Stored {
        content: content(text),
        retain_until,
        at: NOON,
    }
}

#[test]
fn bytes_are_kept_where_they_were_prepared_and_only_once() {
    assert_eq!(decided(vec![], prepare("user_ann")), Ok(vec![prepared()]));
    assert_eq!(decided(vec![prepared()], prepare("user_ann")), Ok(vec![]));
    assert_eq!(
        decided(vec![], keep("tea", None)),
        Err(MediaError::NotFound)
    );
    assert_eq!(
        decided(vec![prepared()], keep("tea", None)),
        Ok(vec![stored("tea", None)])
    );
    let kept = || vec![prepared(), stored("tea", None)];
    assert_eq!(decided(kept(), keep("tea", None)), Ok(vec![]));
    assert_eq!(
        decided(kept(), keep("milk", None)),
        Err(MediaError::OtherContent)
    );
    assert_eq!(decided(kept(), prepare("user_ann")), Ok(vec![]));
    assert_eq!(
        decided(kept(), prepare("user_bob")),
        Err(MediaError::AlreadyExists)
    );
}

#[test]
fn bytes_of_a_life_that_is_over_are_not_taken_for_those_of_the_next() {
    let elsewhere = || ObjectPlace::try_from("0a/2".to_owned()).unwrap();
    let late = C::Keep {
        place: elsewhere(),
        content: content("tea"),
        retain_until: None,
        at: NOON,
    };
    let refused = decided(vec![prepared()], late.clone());
    assert_eq!(refused, Err(MediaError::NotFound));
    // Once the same bytes lie where they should, it makes no difference.
    let kept = vec![prepared(), stored("tea", None)];
    assert_eq!(decided(kept.clone(), late), Ok(vec![]));
    let gone_from = |place| C::Purge { place, at: NOON };
    let leaving = [kept, vec![E::Deleted { at: NOON }]].concat();
    assert_eq!(decided(leaving.clone(), gone_from(elsewhere())), Ok(vec![]));
    assert_eq!(
        decided(leaving, gone_from(place())),
        Ok(vec![E::Purged { at: NOON }])
    );
}

#[test]
fn the_same_again_is_kept_for_longer_and_never_for_less() {
    let kept = |until| vec![prepared(), stored("tea", until)];
    let (soon, late) = (Some(NOON + HOUR), Some(NOON + HOUR * 2));
    let retained = |until| Ok(vec![E::Retained { until, at: NOON }]);
    assert_eq!(decided(kept(soon), keep("tea", late)), retained(late));
    assert_eq!(decided(kept(soon), keep("tea", None)), retained(None));
    for (had, wanted) in [(soon, soon), (late, soon), (None, soon), (None, None)] {
        assert_eq!(decided(kept(had), keep("tea", wanted)), Ok(vec![]));
    }
}

#[test]
fn only_what_is_due_expires() {
    let at = NOON + HOUR;
    let expired = Ok(vec![E::Expired { at }]);
    let early = C::Expire {
        at: at - TimeDelta::seconds(1),
    };
    let due = C::Expire { at };
    let lives = [vec![prepared()], vec![prepared(), stored("tea", Some(at))]];
    for life in lives {
        assert_eq!(decided(life.clone(), early.clone()), Ok(vec![]));
        assert_eq!(decided(life, due.clone()), expired);
    }
    assert_eq!(
        decided(vec![prepared(), stored("tea", None)], due.clone()),
        Ok(vec![])
    );
    assert_eq!(decided(vec![], due), Ok(vec![]));
}

#[test]
fn what_was_given_up_is_purged_before_it_begins_anew() {
    let at = NOON;
    for end in [E::Deleted { at }, E::Expired { at }] {
        let leaving = || vec![prepared(), stored("tea", None), end.clone()];
        assert_eq!(
            decided(leaving(), prepare("user_ann")),
            Err(MediaError::Leaving)
        );
        assert_eq!(
            decided(leaving(), keep("tea", None)),
            Err(MediaError::Leaving)
        );
        assert_eq!(
            decided(leaving(), C::Delete { at }),
            Err(MediaError::NotFound)
        );
        let purge = C::Purge { place: place(), at };
        assert_eq!(
            decided(leaving(), purge.clone()),
            Ok(vec![E::Purged { at }])
        );
        let gone = || [leaving(), vec![E::Purged { at }]].concat();
        assert_eq!(decided(gone(), purge), Ok(vec![]));
        assert_eq!(decided(gone(), C::Delete { at }), Err(MediaError::NotFound));
        assert_eq!(decided(gone(), prepare("user_bob")).map(|e| e.len()), Ok(1));
    }
    let deleted = Ok(vec![E::Deleted { at }]);
    assert_eq!(decided(vec![prepared()], C::Delete { at }), deleted);
    let kept = vec![prepared(), stored("tea", None)];
    assert_eq!(decided(kept.clone(), C::Delete { at }), deleted);
    assert_eq!(
        decided(kept, C::Purge { place: place(), at }),
        Ok(vec![]),
        "it is in use"
    );
}

#[test]
fn the_same_bytes_of_two_owners_are_two_things() {
    let tea = ContentHash::of(b"tea");
    assert_eq!(
        tea.media_of(&owner("user_ann")),
        tea.media_of(&owner("user_ann"))
    );
    assert_ne!(
        tea.media_of(&owner("user_ann")),
        tea.media_of(&owner("user_bob"))
    );
    assert_ne!(
        ObjectPrefix::of_owner(&owner("user_ann")),
        ObjectPrefix::of_owner(&owner("user_bob"))
    );
}

#[test]
fn a_place_is_never_anybodys_words() {
    for wrong in [
        "", "a", "a/", "/a", "../a", "a/..", "a/b/c", "a/b\\c", "a/b\0", "g/1",
    ] {
        assert!(
            ObjectPlace::try_from(wrong.to_owned()).is_err(),
            "{wrong:?}"
        );
    }
    for wrong in ["", "a\nb", "a\0", &"a".repeat(256)] {
        assert!(FileName::parse(wrong).is_err(), "{wrong:?}");
    }
    for fine in [
        "../../x",
        "a\u{202e}gnp.exe",
        "C:\\x",
        "CON",
        &"ä".repeat(255),
    ] {
        assert!(FileName::parse(fine).is_ok(), "{fine:?}");
    }
}

#[test]
fn purposes_are_openais_words() {
    for purpose in Purpose::ALL {
        let written = serde_json::to_value(purpose).unwrap();
        assert_eq!(written, purpose.as_str());
        assert_eq!(Purpose::parse(purpose.as_str()), Ok(purpose));
    }
    assert!(Purpose::parse("Vision").is_err());
}
