//! What a person said can be made unreadable, everywhere and for good.

mod crashes;
mod rebuilt;
mod retention;
mod whole;

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{Instant, sleep};

/// A word that nobody says by chance.
const PLANTED: &str = "wormwood-7f3a";

/// How long it may take until the last trace is gone, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The columns of the database, all tables, in which this text can be read.
async fn places_of(pool: &PgPool, text: &str) -> Vec<String> {
    let sql = r"
        select table_name::text, column_name::text
          from information_schema.columns
         where table_schema = 'public'
         order by table_name, ordinal_position";
    let columns: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
    let mut places = Vec::new();
    for (table, column) in columns {
        // Bytes are printed as hex digits.
        let sql = format!(
            r#"select exists (select
                                from "{table}"
                               where strpos("{column}"::text, $1) > 0
                                  or strpos("{column}"::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0)"#
        );
        let found: bool = sqlx::query_scalar(&sql)
            .bind(text)
            .fetch_one(pool)
            .await
            .unwrap();
        if found {
            places.push(format!("{table}.{column}"));
        }
    }
    places
}

/// Waits until this text can be read nowhere.
async fn gone(pool: &PgPool, text: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let places = places_of(pool, text).await;
        if places.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{text} is still in {places:?}");
        sleep(Duration::from_millis(50)).await;
    }
}
