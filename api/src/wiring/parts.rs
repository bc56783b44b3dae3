use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::ModelCatalog;
use jan_infra::database::Pool;
use jan_projections::Status;

/// Longest a readiness check may take.
const CHECK_MAX: Duration = Duration::from_secs(2);

/// Checks what the server needs to do its work, and names what is missing.
pub(super) async fn ready(pool: Pool, models: Arc<dyn ModelCatalog>) -> Result<(), Vec<String>> {
    let mut missing = Vec::new();
    let schema = jan_infra::database::require_schema(&pool);
    match tokio::time::timeout(CHECK_MAX, schema).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => missing.push(error.to_string()),
        Err(_) => missing.push("the database does not answer".to_owned()),
    }
    if missing.is_empty() {
        let projections = jan_projections::list_projections(&pool);
        match tokio::time::timeout(CHECK_MAX, projections).await {
            Ok(Ok(rows)) => {
                let live = rows.into_iter().filter(|row| row.status == Status::Live);
                let stuck = live.filter(|row| row.lease_owner.is_none());
                missing
                    .extend(stuck.map(|row| format!("nobody keeps the projection '{}'", row.name)));
            }
            _ => missing.push("the projections cannot be read".to_owned()),
        }
    }
    if models.list().is_empty() {
        missing.push("no model is on offer".to_owned());
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(missing)
    }
}
