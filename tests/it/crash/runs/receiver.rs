//! What the tools did by their own account, and what the people heard, beside what is on record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jan_tests::heard::Heard;
use jan_tests::remote::Remote;
use jan_tests::scripted_tools::Entry;
use sqlx::PgPool;

use super::load::Acknowledged;

/// What tools did.
#[derive(Debug, Default)]
pub(super) struct Tally {
    charges: usize,
    notes: usize,
    repeated: usize,
    failures: usize,
    in_doubt: i64,
}

impl fmt::Display for Tally {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            charges,
            notes,
            repeated,
            failures,
            in_doubt,
        } = self;
        write!(
            to,
            "the receiver saw {charges} charges and {failures} failing calls, none twice, and \
             {notes} notes, {repeated} of them repeated under their key; {in_doubt} runs stopped in \
             doubt"
        )
    }
}

/// A run asks for each of its tools once, so the receiver may have seen each only once for its mark:
/// a call that must not be repeated, or a key of one that may be.
pub(super) async fn assert_ledger(pool: &PgPool, entries: &[Entry]) -> Tally {
    let mut calls: BTreeMap<(&str, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        let mark = entry.arguments["text"].as_str().unwrap();
        calls.entry((&entry.tool, mark)).or_default().push(entry);
    }
    let mut tally = Tally::default();
    for ((tool, mark), of_run) in &calls {
        let effects = of_run.iter().filter(|entry| entry.effect).count();
        let keys: BTreeSet<_> = of_run.iter().map(|entry| &entry.key).collect();
        assert!(keys.len() == 1, "{tool} for {mark}: {of_run:#?}");
        match *tool {
            "charge" | "fail" => {
                assert_eq!(of_run.len(), 1, "{tool} for {mark}: {of_run:#?}");
                let kind = (usize::from(*tool == "charge"), usize::from(*tool == "fail"));
                tally.charges += kind.0;
                tally.failures += kind.1;
            }
            "note" => {
                assert_eq!(effects, 1, "{tool} for {mark}: {of_run:#?}");
                tally.notes += 1;
                tally.repeated += usize::from(of_run.len() > 1);
            }
            _ => {}
        }
    }
    assert_all_were_seen(pool, &calls).await;
    let sql = "select count(*) from events where event_type = 'ResponseStepOutcomeUnknown'";
    tally.in_doubt = sqlx::query_scalar(sql).fetch_one(pool).await.unwrap();
    tally
}

/// Whatever is on record as done was seen by the receiver.
async fn assert_all_were_seen(pool: &PgPool, calls: &BTreeMap<(&str, &str), Vec<&Entry>>) {
    let sql = r"
        select planned.payload #>> '{StepPlanned,step,work,call_tool,tool}',
               substring(planned.payload #>> '{StepPlanned,step,work,call_tool,arguments}'
                         from 'w\d+x\d+y')
          from events as planned
          join events as ended
               on ended.event_type = 'ResponseStepSucceeded'
              and ended.payload #>> '{StepSucceeded,step}'
                  = planned.payload #>> '{StepPlanned,step,id}'
         where planned.event_type = 'ResponseStepPlanned'
           and planned.payload #> '{StepPlanned,step,work,call_tool}' is not null";
    let done: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
    for (tool, mark) in &done {
        let seen = calls.contains_key(&(tool.as_str(), mark.as_str()));
        assert!(seen, "{tool} for {mark} is on record, and nobody made it");
    }
}

/// What was heard is a whole stream, the same on every node, and ends as the run did. Answers how
/// many streams were heard.
pub(super) async fn assert_heard(
    pool: &PgPool,
    acknowledged: &[Acknowledged],
    nodes: &[Remote],
) -> u64 {
    assert_on_record(pool, acknowledged).await;
    let mut alike = 0;
    for run in acknowledged {
        let Some(heard) = &run.heard else { continue };
        assert_eq!(heard.faults(), [""; 0], "{} {:#?}", run.id, heard.told());
        let text = heard.ending().unwrap()["output"].to_string();
        let whole = heard.ending().unwrap()["status"] == "completed";
        assert!(!whole || text.contains(&run.mark), "{}: {text}", run.id);
        if !run.background {
            continue;
        }
        for node in nodes {
            let mut again = Heard::default();
            node.hear_again(&run.id, None, &mut again).await.unwrap();
            assert_eq!(again.told(), heard.told(), "{}", run.id);
        }
        alike += 1;
    }
    alike
}

/// Whatever was told to be a run has its end on record, and that end.
async fn assert_on_record(pool: &PgPool, acknowledged: &[Acknowledged]) {
    let sql = r"
        select response_id, status
          from runs
         where response_id = any($1)";
    let ids: Vec<&str> = acknowledged.iter().map(|run| run.id.as_str()).collect();
    let rows: Vec<(String, String)> = sqlx::query_as(sql).bind(ids).fetch_all(pool).await.unwrap();
    let known: BTreeMap<_, _> = rows.into_iter().collect();
    for run in acknowledged {
        let Some(status) = known.get(&run.id) else {
            panic!("acknowledged and not on record: {run:#?}")
        };
        if let Some(ending) = run.heard.as_ref().and_then(Heard::ending) {
            assert_eq!(&ending["status"], status, "{}", run.id);
        }
    }
}
