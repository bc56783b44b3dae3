use jan_tests::database::Database;
use sqlx::PgPool;

/// A pool on a fresh database, which goes when the second part goes.
pub(super) async fn database() -> (PgPool, Database) {
    let database = Database::fresh().await;
    (database.pool(16).await, database)
}
