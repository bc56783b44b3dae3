//! Every event version that was ever written stays readable.
//!
//! `golden/` holds one file per event type and version: the stored payload, byte for byte. A file is
//! never edited. When an event changes its shape, it gets a new version, a new file beside the old
//! one, and an upcaster in `jan_domain::history` that reads the old file.

mod account_samples;
mod document_samples;
mod media_samples;
pub(crate) mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jan_domain::account::ClosedBecause;
use jan_domain::history::{self, Event};
use jan_domain::item::{ItemStatus, Role};
use jan_domain::response::run::{Finish, UseKind};
use jan_domain::response::{EffectClass, FailureKind, IncompleteReason, Retention, Surface};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use samples::{samples, stored};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("it/history/golden")
}

/// The golden payloads by event type and version, as their file names tell them.
fn golden() -> BTreeMap<(String, String), String> {
    let files = std::fs::read_dir(folder()).unwrap();
    files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let (event_type, version) = name
                .strip_suffix(".json")
                .and_then(|stem| stem.split_once('-'))
                .unwrap_or_else(|| panic!("{name} is not <EventType>-<version>.json"));
            let text = std::fs::read_to_string(&path).unwrap();
            let payload = text.trim_end_matches('\n').to_owned();
            ((event_type.to_owned(), version.to_owned()), payload)
        })
        .collect()
}

fn aggregate_of(event_type: &str) -> &'static str {
    [
        "Conversation",
        "Response",
        "Account",
        "Document",
        "Media",
        "Projection",
    ]
    .into_iter()
    .zip([
        "conversation",
        "response",
        "account",
        "document",
        "media",
        "projection",
    ])
    .find_map(|(prefix, aggregate)| event_type.starts_with(prefix).then_some(aggregate))
    .unwrap_or_else(|| panic!("{event_type} begins with no aggregate's name"))
}

fn read(event_type: &str, version: &str, payload: &str) -> Event {
    history::decode(aggregate_of(event_type), event_type, version, payload)
        .unwrap_or_else(|error| panic!("{event_type} {version}: {error:?}"))
}

#[test]
fn every_event_has_a_golden_file_that_tells_how_it_is_written_today() {
    let golden = golden();
    for sample in samples() {
        let written = stored(&sample);
        let key = (written.event_type, written.event_version);
        let Some(payload) = golden.get(&key) else {
            panic!(
                "golden/{}-{}.json is missing: {}",
                key.0, key.1, written.payload
            );
        };
        assert_eq!(payload, &written.payload, "{} is written otherwise", key.0);
    }
}

#[test]
fn every_golden_event_is_read_as_the_type_its_file_names() {
    for ((event_type, version), payload) in golden() {
        let event = read(&event_type, &version, &payload);
        assert_eq!(stored(&event).event_type, event_type);
    }
}

#[test]
fn an_event_of_todays_version_is_written_again_byte_for_byte() {
    let mut seen = BTreeSet::new();
    for ((event_type, version), payload) in golden() {
        let again = stored(&read(&event_type, &version, &payload));
        if again.event_version == version {
            assert_eq!(again.payload, payload, "{event_type} {version}");
            seen.insert(event_type);
        }
    }
    let known: BTreeSet<_> = samples()
        .iter()
        .map(|sample| stored(sample).event_type)
        .collect();
    assert_eq!(seen, known);
}

/// Words that stand in stored events. Words may be added; none may go.
#[test]
fn every_word_that_was_ever_stored_is_still_understood() {
    fn check<T: DeserializeOwned + Serialize>(words: &[&str]) {
        for word in words {
            let read: T = serde_json::from_value(json!(word)).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), json!(word));
        }
    }
    check::<Surface>(&["chat_completions", "responses"]);
    check::<Retention>(&["stored", "recorded", "usage_only"]);
    check::<IncompleteReason>(&[
        "client_disconnected",
        "max_output_tokens",
        "content_filter",
        "max_tool_depth",
        "run_timeout",
    ]);
    check::<EffectClass>(&["pure", "idempotent", "unsafe"]);
    check::<UseKind>(&["mcp", "web_search", "file_search", "code_interpreter"]);
    check::<Finish>(&["stop", "length", "content_filter"]);
    check::<FailureKind>(&[
        "provider_unreachable",
        "provider_error",
        "provider_overloaded",
        "provider_rejected",
        "provider_unauthorized",
        "provider_garbled",
        "provider_cut",
        "provider_stalled",
        "node_lost",
        "tool_outcome_unknown",
        "too_many_attempts",
        "internal",
    ]);
    check::<ClosedBecause>(&["logged_out", "refresh_token_reused"]);
    check::<ItemStatus>(&["in_progress", "completed", "incomplete", "failed"]);
    check::<Role>(&["user", "assistant", "system", "developer", "tool"]);
}
