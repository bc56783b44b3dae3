//! What must be true of runs at rest: the read models are what a plain fold of the events gives, and
//! nothing is left behind that was only needed on the way.

/// A rule, and the statement that finds what breaks it.
pub(in crate::crash) const RUN_RULES: &[(&str, &str)] = &[
    (
        "a conversation is free when no run is under way in it",
        r"
        select aggregate_id || ' is held by ' || (payload #>> '{RunBegan,response}')
          from events as began
         where event_type = 'ConversationRunBegan'
           and not exists (select
                             from events as ended
                            where ended.aggregate_type = 'conversation'
                              and ended.aggregate_id = began.aggregate_id
                              and ended.event_type = 'ConversationRunEnded'
                              and ended.payload #>> '{RunEnded,response}'
                                  = began.payload #>> '{RunBegan,response}')",
    ),
    (
        "a run is taken up once in each epoch",
        r"
        select aggregate_id || ' in ' || string_agg(payload #>> '{Claimed,epoch}', ', ' order by sequence)
          from events
         where event_type = 'ResponseClaimed'
         group by aggregate_id
        having count(distinct payload #>> '{Claimed,epoch}') <> count(*)
            or max((payload #>> '{Claimed,epoch}')::int) <> count(*)",
    ),
    (
        "a run is shown as it was taken up last",
        r"
        with told as (
            select distinct on (aggregate_id)
                   aggregate_id as id, (payload #>> '{Claimed,epoch}')::int as epoch,
                   payload #>> '{Claimed,node}' as node
              from events
             where event_type = 'ResponseClaimed'
             order by aggregate_id, sequence desc)
        select runs.response_id
          from runs
          left join told on told.id = runs.response_id
         where coalesce(told.epoch, 0) <> runs.epoch
            or runs.background and told.node is distinct from runs.node_id",
    ),
    (
        "a run is shown as it ended",
        r"
        select coalesce(runs.response_id, responses.response_id)
          from runs
          full join (select * from responses where surface = 'responses') as responses
               using (response_id)
         where runs.status is distinct from responses.status",
    ),
    (
        "a step is shown as it was planned and as it ended",
        r"
        with planned as (
            select aggregate_id as id, payload #>> '{StepPlanned,step,id}' as step
              from events
             where event_type = 'ResponseStepPlanned'
             union all
            select aggregate_id, payload #>> '{Requested,call,step,id}'
              from events as requested
             where event_type = 'ResponseRequested'
               and payload #> '{Requested,call,run}' is not null
               and not exists (select
                                 from events as first
                                where first.aggregate_type = 'response'
                                  and first.aggregate_id = requested.aggregate_id
                                  and first.sequence = 2
                                  and first.event_type = 'ResponseStepPlanned')),
        ended as (
            select case event_type when 'ResponseStepSucceeded' then 'succeeded'
                                   when 'ResponseStepFailed' then 'failed'
                                   else 'unknown' end as status,
                   coalesce(payload #>> '{StepSucceeded,step}', payload #>> '{StepFailed,step}',
                            payload #>> '{StepOutcomeUnknown,step}') as step
              from events
             where event_type in ('ResponseStepSucceeded', 'ResponseStepFailed',
                                  'ResponseStepOutcomeUnknown')),
        told as (
            select planned.id, planned.step, coalesce(ended.status, 'in_progress') as status
              from planned left join ended using (step)),
        shown as (
            select response_id as id, step_id as step, status
              from run_steps)
        select coalesce(told.step, 'nothing') || ' of ' || coalesce(told.id, shown.id) || ' is '
               || coalesce(told.status, 'not there') || ' and shown as '
               || coalesce(shown.status, 'nothing')
          from told full join shown using (id, step)
         where told.status is distinct from shown.status",
    ),
    (
        "a step has one outcome",
        r"
        select step
          from (select coalesce(payload #>> '{StepSucceeded,step}', payload #>> '{StepFailed,step}',
                                payload #>> '{StepOutcomeUnknown,step}') as step
                  from events
                 where event_type in ('ResponseStepSucceeded', 'ResponseStepFailed',
                                      'ResponseStepOutcomeUnknown')) as ended
         group by step
        having count(*) <> 1",
    ),
    (
        "an outcome that was kept is the one on record",
        r"
        select step_id
          from effect_journal
          join events on event_type = 'ResponseStepSucceeded'
                     and payload #>> '{StepSucceeded,step}' = step_id
         where outcome::jsonb <> (payload #> '{StepSucceeded,outcome}')::jsonb",
    ),
    (
        "the keys of a run are forgotten with its end",
        r"
        select response_id
          from run_secrets
         where exists (select
                         from events
                        where aggregate_type = 'response'
                          and aggregate_id = response_id)",
    ),
    (
        "what is written down of a stream has no gap and no repeat",
        r"
        select response_id || ' at ' || first_sequence
          from (select response_id, first_sequence,
                       coalesce(lag(first_sequence + count)
                                over (partition by response_id order by first_sequence), 0) as due
                  from stream_log
                 where exists (select
                                 from events
                                where aggregate_type = 'response'
                                  and aggregate_id = response_id)) as written
         where first_sequence <> due",
    ),
];
