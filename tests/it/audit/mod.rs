//! The audit: what is sealed stays as it was, or is found out.

mod proofs;
mod sealing;
mod tampering;

use std::sync::Arc;
use std::time::Duration;

use jan_domain::id::NodeId;
use jan_domain::ports::Signer;
use jan_infra::identity::{AuditKey, SigningKey};
use jan_projections::audit::{
    PublicKey, Sealer, SealerTuning, Verified, Verifier, VerifyError, VerifyWish,
};
use jan_tests::database::Database;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A log on a database of its own, and the key it is sealed with.
struct World {
    pool: PgPool,
    key: Arc<dyn Signer>,
    _database: Database,
}

impl World {
    async fn start() -> Self {
        let database = Database::fresh().await;
        Self {
            pool: database.pool(10).await,
            key: key(),
            _database: database,
        }
    }

    /// Appends so many events, in turn to four streams.
    async fn append(&self, events: i64) {
        let sql = r#"
            insert into events
                   (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                    metadata)
            select 'conversation', 'conv_' || n % 4, 1 + n / 4, 'ConversationTitleChanged', '1.0',
                   format('{"TitleChanged": {"title":"%s"}}', n)::json,
                   '{"tenant_id":"default","owner_id":"user_ann","actor_id":"user_ann"}'
              from generate_series((select count(*) from events),
                                   (select count(*) from events) + $1 - 1) as n
             order by n"#;
        sqlx::query(sql)
            .bind(events)
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// A sealer of this log, not yet at work.
    fn sealer(&self, node: &str, events_max: u32) -> Sealer {
        Sealer {
            pool: self.pool.clone(),
            signer: Arc::clone(&self.key),
            node: NodeId::parse(&format!("node_{node}")).unwrap(),
            tuning: SealerTuning {
                seal_events_max: events_max,
                pace: Duration::from_millis(10),
                ..SealerTuning::default()
            },
        }
    }

    /// Seals everything on record, so many events a seal.
    async fn seal(&self, events_max: u32) {
        let work = Work::of([self.sealer("one", events_max)]);
        self.until_sealed().await;
        work.stop().await;
    }

    async fn until_sealed(&self) {
        let sql = r"
            select coalesce((select max(position) from events), 0)
                   <= coalesce((select max(to_position) from event_seals), 0)
               and coalesce((select max(position) from events), 0)
                   <= coalesce((select max(indexed_through) from event_sealer), 0)";
        let until = Instant::now() + PATIENCE;
        while !sqlx::query_scalar::<_, bool>(sql)
            .fetch_one(&self.pool)
            .await
            .unwrap()
        {
            assert!(Instant::now() < until, "the log is not sealed");
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn number(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    async fn verify(&self) -> Result<Verified, VerifyError> {
        self.verify_as(&VerifyWish::default()).await
    }

    async fn verify_as(&self, wish: &VerifyWish) -> Result<Verified, VerifyError> {
        let verifier = Verifier {
            pool: self.pool.clone(),
            keys: vec![self.public_key()],
        };
        let extent = verifier.extent(wish).await.unwrap();
        verifier.verify(wish, &extent, |_| ()).await
    }

    fn public_key(&self) -> PublicKey {
        self.key.public_key().into()
    }
}

fn key() -> Arc<dyn Signer> {
    Arc::new(AuditKey::from(&SigningKey::ephemeral()))
}

/// Sealers at work.
struct Work {
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl Work {
    fn of(sealers: impl IntoIterator<Item = Sealer>) -> Self {
        let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
        for sealer in sealers {
            tracker.spawn(sealer.run(cancel.clone()));
        }
        Self { tracker, cancel }
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.tracker.close();
        tokio::time::timeout(PATIENCE, self.tracker.wait())
            .await
            .unwrap();
    }
}
