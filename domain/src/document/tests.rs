//! The rules of a document, one sentence each.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::test::TestFramework;
use serde_json::{Map, Value, json};

use super::{
    Attributes, Document, DocumentCommand as C, DocumentContent, DocumentError, DocumentEvent as E,
    DocumentName, InvalidDocument,
};
use crate::caller::Owner;
use crate::id::{AccountId, TenantId};

const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn decided(given: Vec<E>, command: C) -> Result<Vec<E>, DocumentError> {
    TestFramework::<Document>::with(())
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

fn name(text: &str) -> DocumentName {
    DocumentName::parse(text).unwrap()
}

fn content(text: &str) -> DocumentContent {
    DocumentContent::try_new(text, Map::new(), BTreeSet::new()).unwrap()
}

fn index(text: &str) -> C {
    C::Index {
        owner: owner("user_ann"),
        name: name("tea"),
        content: content(text),
        at: NOON + TimeDelta::hours(1),
    }
}

fn indexed(text: &str, at: DateTime<Utc>) -> E {
    E::Indexed {
        owner: owner("user_ann"),
        name: name("tea"),
        content: content(text),
        at,
    }
}

#[test]
fn the_same_again_is_no_news_and_another_text_replaces() {
    let later = NOON + TimeDelta::hours(1);
    assert_eq!(decided(vec![], index("a")), Ok(vec![indexed("a", later)]));
    assert_eq!(decided(vec![indexed("a", NOON)], index("a")), Ok(vec![]));
    let replaced = decided(vec![indexed("a", NOON)], index("b"));
    assert_eq!(replaced, Ok(vec![indexed("b", later)]));
}

#[test]
fn what_was_removed_is_gone_and_can_be_indexed_again() {
    let remove = || C::Remove { at: NOON };
    let removed = || E::Removed { at: NOON };
    let once = decided(vec![indexed("a", NOON)], remove());
    assert_eq!(once, Ok(vec![removed()]));
    let gone = vec![indexed("a", NOON), removed()];
    assert_eq!(
        decided(gone.clone(), remove()),
        Err(DocumentError::NotFound)
    );
    assert_eq!(decided(vec![], remove()), Err(DocumentError::NotFound));
    assert_eq!(decided(gone, index("a")).unwrap().len(), 1);
}

#[test]
fn two_owners_come_to_two_streams_under_one_name() {
    let of = |account: &str, text: &str| name(text).stream_of(&owner(account));
    assert_eq!(of("user_ann", "tea"), of("user_ann", "tea"));
    assert_ne!(of("user_ann", "tea"), of("user_bob", "tea"));
    assert_ne!(of("user_ann", "tea"), of("user_ann", "te"));
    let foreign = C::Index {
        owner: owner("user_bob"),
        name: name("tea"),
        content: content("b"),
        at: NOON,
    };
    let refused = decided(vec![indexed("a", NOON)], foreign);
    assert_eq!(refused, Err(DocumentError::AlreadyExists));
}

#[test]
fn another_collection_or_attribute_is_news_and_none_is_what_was_before_there_were_any() {
    let written = serde_json::to_value(content("a")).unwrap();
    assert_eq!(written, json!({"text": "a", "metadata": {}, "tags": []}));
    let before: DocumentContent = serde_json::from_value(written).unwrap();
    assert_eq!(before, content("a"));
    let Value::Object(fields) = json!({"year": 2024}) else {
        unreachable!();
    };
    let attributes = Attributes::try_new(fields).unwrap();
    for more in [
        content("a").in_collection("teas").unwrap(),
        content("a").with_attributes(attributes),
    ] {
        let again: DocumentContent =
            serde_json::from_value(serde_json::to_value(&more).unwrap()).unwrap();
        assert_eq!(again, more);
        let command = C::Index {
            owner: owner("user_ann"),
            name: name("tea"),
            content: more,
            at: NOON,
        };
        let news = decided(vec![indexed("a", NOON)], command).unwrap();
        assert_eq!(news.len(), 1);
    }
    assert_eq!(
        content("a").in_collection(""),
        Err(InvalidDocument::Collection)
    );
}

#[test]
fn every_limit_is_refused_by_its_name() {
    for wrong in ["", "a\0", "a\nb", &"x".repeat(257)] {
        assert_eq!(DocumentName::parse(wrong), Err(InvalidDocument::Name));
    }
    assert!(DocumentName::parse(&"é".repeat(256)).is_ok());
    let made = |text: &str, metadata: Value, tags: Vec<String>| {
        let Value::Object(metadata) = metadata else {
            panic!("{metadata}");
        };
        DocumentContent::try_new(text, metadata, tags.into_iter().collect())
    };
    for wrong in ["", " \n", "a\0", &"x".repeat(1_000_001)] {
        assert_eq!(made(wrong, json!({}), vec![]), Err(InvalidDocument::Text));
    }
    let mut deep = json!({});
    for _ in 0..70 {
        deep = json!({ "k": deep });
    }
    for wrong in [json!({"k": "x".repeat(16_384)}), json!({"k": "a\0"}), deep] {
        assert_eq!(made("a", wrong, vec![]), Err(InvalidDocument::Metadata));
    }
    let many = (0..17).map(|n| n.to_string()).collect();
    for wrong in [
        many,
        vec![String::new()],
        vec!["x".repeat(65)],
        vec!["\0".to_owned()],
    ] {
        assert_eq!(made("a", json!({}), wrong), Err(InvalidDocument::Tags));
    }
    assert!(
        made(
            &"x".repeat(1_000_000),
            json!({"k": [1]}),
            vec!["t".to_owned()]
        )
        .is_ok()
    );
}
