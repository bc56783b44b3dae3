//! What must be true of a database at rest, whatever died before.

use std::time::{Duration, Instant};

use jan_projections::list_projections;
use sqlx::PgPool;

use super::runs::truth::RUN_RULES;

/// How long the living may take to put everything in order.
const REST_WITHIN: Duration = Duration::from_secs(20);
/// Pause between two looks.
const GLANCE: Duration = Duration::from_millis(50);

/// Waits until everything is true at once.
///
/// # Panics
///
/// If that does not come, with everything that is wrong.
pub(crate) async fn comes_true(pool: &PgPool) {
    let deadline = Instant::now() + REST_WITHIN;
    loop {
        let wrong = wrong(pool).await;
        if matches!(&wrong, Ok(wrong) if wrong.is_empty()) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "after {REST_WITHIN:?} this is still wrong: {wrong:#?}"
        );
        tokio::time::sleep(GLANCE).await;
    }
}

/// Everything that is not as it must be.
async fn wrong(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    let mut wrong = Vec::new();
    for (rule, sql) in RULES.iter().chain(RUN_RULES) {
        let broken: Vec<String> = sqlx::query_scalar(sql).fetch_all(pool).await?;
        wrong.extend(broken.into_iter().map(|what| format!("{rule}: {what}")));
    }
    let projections = list_projections(pool).await.map_err(|error| {
        sqlx::Error::Protocol(format!("the projections cannot be listed: {error}"))
    })?;
    for projection in projections {
        let clean = projection.lag_events == 0 && projection.parked_count == 0;
        if !clean || projection.last_error.is_some() {
            wrong.push(format!("a projection is not well: {projection:?}"));
        }
    }
    Ok(wrong)
}

/// A rule, and the statement that finds what breaks it.
const RULES: &[(&str, &str)] = &[
    (
        "a call ends exactly once",
        r"
        select aggregate_id || ' ended ' || count(*) filter (where event_type = any(endings)) || ' times'
          from events
          cross join (values (array['ResponseCompleted', 'ResponseIncomplete', 'ResponseFailed',
                                    'ResponseCancelled']))
               as known (endings)
         where aggregate_type = 'response'
         group by aggregate_id
        having count(*) filter (where event_type = any(endings)) <> 1
            or count(*) filter (where event_type = 'ResponseRequested') <> 1",
    ),
    (
        "a stream has no gaps",
        r"
        select aggregate_id
          from events
         group by aggregate_type, aggregate_id
        having min(sequence) <> 1 or max(sequence) <> count(*)",
    ),
    (
        "an event is written once",
        r"
        select event_id::text
          from events
         group by event_id
        having count(*) <> 1",
    ),
    (
        "a conversation has the turn of every answer and of nothing else",
        r"
        with calls as (
            select aggregate_id as id,
                   payload #>> '{Requested,call,conversation}' as conversation
              from events
             where event_type = 'ResponseRequested'),
        endings as (
            select aggregate_id as id, event_type as ending
              from events
             where event_type in ('ResponseCompleted', 'ResponseIncomplete', 'ResponseFailed',
                                  'ResponseCancelled')),
        turns as (
            select payload #>> '{ItemsAppended,response}' as id, aggregate_id as conversation,
                   count(*) as times
              from events
             where event_type = 'ConversationItemsAppended'
               and payload #>> '{ItemsAppended,response}' is not null
             group by 1, 2)
        select coalesce(calls.id, turns.id) || ' is ' || coalesce(ending, 'open') || ' and has '
               || coalesce(times, 0) || ' turns in ' || coalesce(calls.conversation, 'nothing')
          from calls
          left join endings on endings.id = calls.id
          full join turns on turns.id = calls.id and turns.conversation = calls.conversation
         where coalesce(times, 0) not between
               case when ending = 'ResponseCompleted' and calls.conversation is not null
                    then 1 else 0 end
               and
               case when ending in ('ResponseCompleted', 'ResponseIncomplete') then 1 else 0 end",
    ),
    (
        "an item is added once",
        r"
        select item ->> 'id'
          from events
         cross join json_array_elements(payload #> '{ItemsAppended,items}') as item
         where event_type = 'ConversationItemsAppended'
         group by 1
        having count(*) <> 1",
    ),
    (
        "a conversation's items are those on record, in their order",
        r"
        with told as (
            select aggregate_id as conversation, item ->> 'id' as item,
                   row_number() over (partition by aggregate_id order by sequence, place) as place
              from events
             cross join json_array_elements(payload #> '{ItemsAppended,items}')
                        with ordinality as items (item, place)
             where event_type = 'ConversationItemsAppended'),
        shown as (
            select conversation_id as conversation, item_id as item,
                   row_number() over (partition by conversation_id order by ordinal) as place
              from conversation_items)
        select coalesce(conversation, 'nothing') || ' ' || coalesce(item, 'nothing')
          from told full join shown using (conversation, item)
         where told.place is distinct from shown.place",
    ),
    (
        "a call is shown as it ended",
        r"
        with told as (
            select aggregate_id as id, case event_type when 'ResponseCompleted' then 'completed'
                                                       when 'ResponseIncomplete' then 'incomplete'
                                                       when 'ResponseFailed' then 'failed'
                                                       when 'ResponseCancelled' then 'cancelled' end as status
              from events
             where event_type in ('ResponseCompleted', 'ResponseIncomplete', 'ResponseFailed',
                                  'ResponseCancelled'))
        select coalesce(told.id, response_id) || ' is ' || coalesce(told.status, 'open')
               || ' and shown as ' || coalesce(responses.status, 'nothing')
          from told full join responses on response_id = told.id
         where told.status is distinct from responses.status",
    ),
    (
        "every call is counted once",
        r"
        with told as (
            select count(*) filter (where event_type = 'ResponseRequested') as requests,
                   count(*) filter (where event_type = 'ResponseCompleted') as completed,
                   count(*) filter (where event_type in ('ResponseIncomplete', 'ResponseCancelled')) as incomplete,
                   count(*) filter (where event_type = 'ResponseFailed') as failed
              from events),
        shown as (
            select coalesce(sum(requests), 0) as requests, coalesce(sum(completed), 0) as completed,
                   coalesce(sum(incomplete), 0) as incomplete, coalesce(sum(failed), 0) as failed
              from usage)
        select told::text || ' are counted as ' || shown::text
          from told, shown
         where (told.requests, told.completed, told.incomplete, told.failed)
               is distinct from
               (shown.requests, shown.completed, shown.incomplete, shown.failed)
            or exists (select from usage_open_calls)",
    ),
];
