use std::time::Duration;

use jan_api::wiring::retention;
use jan_commands::retention::{ClassReport, Retention, RetentionTerms};
use jan_tests::app::App;

use super::whole::leave_traces;
use super::{PLANTED, gone, places_of};

const DAY: Duration = Duration::from_hours(24);

fn sweeper(app: &App) -> Retention {
    let terms = RetentionTerms {
        guests: Some(DAY),
        media: None,
        stream_log: Some(DAY),
        effect_journal: None,
        idempotency_keys: Some(DAY),
    };
    let state = &app.application().state;
    let commands = &state.commands;
    let removing = (commands.eraser.clone(), commands.media.remover());
    retention(terms, app.pool(), removing, &state.reads)
}

fn of(reports: &[ClassReport], class: &str) -> (u64, u64) {
    let report = reports.iter().find(|report| report.class == class);
    report.map(|report| (report.found, report.removed)).unwrap()
}

/// Lets everything that is not an event have happened two days ago.
async fn two_days_pass(app: &App, guest: &str) {
    for sql in [
        "update stream_log set recorded_at = recorded_at - interval '2 days'",
        "update idempotency_keys set claimed_at = claimed_at - interval '2 days'",
        "update usage set day = day - 3",
    ] {
        sqlx::query(sql).execute(app.pool()).await.unwrap();
    }
    let sql =
        "update accounts set created_at = created_at - interval '2 days' where account_id = $1";
    let aged = sqlx::query(sql).bind(guest);
    aged.execute(app.pool()).await.unwrap();
    // Events cannot be changed; a moment that is long past can be copied.
    let mut connection = app.pool().acquire().await.unwrap();
    for sql in [
        "alter table events disable trigger events_are_append_only",
        "update events set recorded_at = recorded_at - interval '2 days' \
          where aggregate_type = 'account'",
        "alter table events enable trigger events_are_append_only",
    ] {
        sqlx::query(sql).execute(&mut *connection).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_is_found_first_and_given_up_then() {
    let app = App::start().await;
    let guest = app.guest().await;
    leave_traces(&guest, PLANTED).await;
    app.settle().await;
    let me = guest.get("/auth/me").await.json();
    let sweeper = sweeper(&app);
    let fresh = sweeper.sweep(false).await.unwrap();
    assert!(fresh.iter().all(|report| report.found == 0), "{fresh:?}");

    two_days_pass(&app, me["id"].as_str().unwrap()).await;
    let found = sweeper.sweep(true).await.unwrap();
    assert_eq!(of(&found, "guests"), (1, 0), "{found:?}");
    assert!(
        of(&found, "stream_log").0 > 0 && of(&found, "idempotency_keys").0 > 0,
        "{found:?}"
    );
    assert!(found.iter().all(|report| report.removed == 0), "{found:?}");
    assert!(!places_of(app.pool(), PLANTED).await.is_empty());

    let given_up = sweeper.sweep(false).await.unwrap();
    assert_eq!(of(&given_up, "guests"), (1, 1), "{given_up:?}");
    gone(app.pool(), PLANTED).await;
    let again = sweeper.sweep(false).await.unwrap();
    assert!(again.iter().all(|report| report.found == 0), "{again:?}");
    app.get("/auth/me").await.expect_status(200);
}
