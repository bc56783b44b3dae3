use std::collections::BTreeMap;

use jan_domain::Caller;
use jan_domain::response::run::UseKind;
use jan_projections::{Consistency, Freshness, ReadModel, ReadModels};
use serde_json::{Map, Value};

use super::warnings::Warnings;
use crate::error::ApiError;

/// Names the vector stores of a request in which nothing of the caller's can be found. Asked only where
/// a request names some.
pub(crate) async fn name_empty_stores(
    reads: &ReadModels,
    caller: &Caller,
    bounds: &BTreeMap<UseKind, Map<String, Value>>,
    warnings: &mut Warnings,
) -> Result<(), ApiError> {
    let stores = bounds
        .get(&UseKind::FileSearch)
        .and_then(|bounds| bounds.get("collections")?.as_array());
    let Some(stores) = stores else {
        return Ok(());
    };
    let names: Vec<String> = stores
        .iter()
        .filter_map(|store| store.as_str().map(str::to_owned))
        .collect();
    let model = ReadModel::Documents;
    let reached = reads.barrier.reach(model, Consistency::Strong).await?;
    if reached == Freshness::Fresh {
        let owner = &caller.owner;
        for store in reads.documents.empty_collections(owner, &names).await? {
            warnings.empty_store(&store);
        }
    }
    Ok(())
}
