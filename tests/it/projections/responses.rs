//! Which responses their owner may read back, and which ones wait for a dead process.

use jan_domain::id::{NodeId, ResponseId};
use jan_domain::ports::OpenResponses;
use jan_domain::response::{
    Answer, PlannedStep, RequestedCall, Response, ResponseEvent, Retention, Surface, Timing, Usage,
};
use jan_domain::{Json, UserMetadata};
use jan_projections::{ListError, Order, PageRequest, ResponseFilter, RunCounts};
use sqlx::PgPool;

use super::database::database;
use super::log::{append, folded, minute, owner};

fn response(number: i64) -> ResponseId {
    ResponseId::parse(&format!("chatcmpl-{number}")).unwrap()
}

fn requested(number: i64, retention: Retention) -> ResponseEvent {
    let pair = ("parity".to_owned(), (number % 2).to_string());
    let call = RequestedCall {
        owner: owner("ann"),
        surface: Surface::ChatCompletions,
        model: format!("model-{}", number % 3),
        request: Json::of("asked"),
        stream: false,
        retention,
        conversation: None,
        metadata: UserMetadata::parse([pair].into()).unwrap(),
        node: NodeId::parse(&format!("node_{}", number % 2)).unwrap(),
        step: PlannedStep::inference(&response(number), 0, "local", "m", b""),
        run: None,
    };
    ResponseEvent::Requested {
        call: Box::new(call),
        at: minute(number),
    }
}

fn completed(number: i64) -> ResponseEvent {
    ResponseEvent::Completed {
        answer: Answer {
            provider_id: None,
            model: "m".to_owned(),
            body: Json::of("said"),
            system_fingerprint: None,
            service_tier: None,
        },
        usage: Usage::default(),
        timing: Timing::default(),
        at: minute(number),
    }
}

/// Twelve calls, a minute apart: 0 to 5 stored and completed, 6 only recorded, 7 to 11 open.
pub(super) async fn twelve_responses(pool: &PgPool) {
    let mut connection = pool.acquire().await.unwrap();
    for number in 0..12 {
        let id = response(number);
        let retention = if number == 6 {
            Retention::Recorded
        } else {
            Retention::Stored
        };
        let event = requested(number, retention);
        append::<Response>(&mut connection, id.as_str(), 1, &event).await;
        if number < 7 {
            append::<Response>(&mut connection, id.as_str(), 2, &completed(number)).await;
        }
    }
}

#[tokio::test]
async fn stored_responses_are_filtered_by_model_and_pairs() {
    let (pool, _database) = database().await;
    twelve_responses(&pool).await;
    let reads = folded(&pool).await;
    let ann = owner("ann");
    let request = PageRequest {
        after: None,
        limit: 100,
        order: Order::OldestFirst,
    };
    let ids = async |filter: ResponseFilter| -> Vec<String> {
        let page = reads
            .responses
            .list_stored(&ann, &filter, &request)
            .await
            .unwrap();
        page.items
            .into_iter()
            .map(|row| row.id.to_string())
            .collect()
    };
    let named = |numbers: &[i64]| -> Vec<String> {
        numbers
            .iter()
            .map(|&number| response(number).to_string())
            .collect()
    };
    assert_eq!(
        ids(ResponseFilter::default()).await,
        named(&[0, 1, 2, 3, 4, 5])
    );
    let odd = UserMetadata::parse([("parity".to_owned(), "1".to_owned())].into()).unwrap();
    let filter = ResponseFilter {
        model: None,
        metadata: odd.clone(),
    };
    assert_eq!(ids(filter).await, named(&[1, 3, 5]));
    let filter = ResponseFilter {
        model: Some("model-0".to_owned()),
        metadata: odd,
    };
    assert_eq!(ids(filter).await, named(&[3]));
    let request = PageRequest {
        after: Some(response(3)),
        limit: 2,
        order: Order::NewestFirst,
    };
    let page = reads
        .responses
        .list_stored(&ann, &ResponseFilter::default(), &request)
        .await;
    let page = page.unwrap();
    assert_eq!(
        (page.items[0].id.clone(), page.items.len(), page.has_more),
        (response(2), 2, true)
    );
    let bob = reads
        .responses
        .find_stored(&owner("bob"), &response(0))
        .await
        .unwrap();
    assert_eq!(bob, None);
    let counts = RunCounts {
        in_progress: 5,
        completed: 7,
        incomplete: 0,
        failed: 0,
    };
    assert_eq!(reads.usage.count_runs().await.unwrap(), counts);
}

#[tokio::test]
async fn open_responses_of_dead_nodes_are_found_oldest_first() {
    let (pool, _database) = database().await;
    twelve_responses(&pool).await;
    let reads = folded(&pool).await;
    let living = [NodeId::parse("node_0").unwrap()];
    let abandoned = reads.responses.abandoned(&living, 2).await.unwrap();
    assert_eq!(abandoned, [response(7), response(9)]);
    let all = reads.responses.abandoned(&[], 100).await.unwrap();
    assert_eq!(all.len(), 5);
}

#[tokio::test]
async fn a_response_that_is_not_in_the_list_is_no_cursor() {
    let (pool, _database) = database().await;
    twelve_responses(&pool).await;
    let reads = folded(&pool).await;
    for (name, strange) in [
        ("ann", response(99)),
        ("ann", response(6)),
        ("bob", response(1)),
    ] {
        let request = PageRequest {
            after: Some(strange),
            limit: 3,
            order: Order::OldestFirst,
        };
        let filter = ResponseFilter::default();
        let refused = reads
            .responses
            .list_stored(&owner(name), &filter, &request)
            .await;
        assert!(matches!(refused, Err(ListError::UnknownCursor(_))));
    }
}
