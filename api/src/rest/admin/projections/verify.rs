use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use jan_projections::{Comparison, ProjectionOperator, RowDifference, TableComparison, TableSum};
use serde::Serialize;
use utoipa::ToSchema;

use super::Name;
use crate::caller::Administrator;
use crate::error::ApiError;
use crate::rest::path_id::InPath;

/// A projection held against a fresh fold of the log.
#[derive(Serialize, ToSchema)]
pub(super) struct VerificationBody {
    /// `projection.verification`
    object: &'static str,
    /// Whether they are the same.
    equal: bool,
    /// Both hold everything up to here.
    position: i64,
    /// Every table.
    tables: Vec<TableBody>,
}

/// One of its tables.
#[derive(Serialize, ToSchema)]
struct TableBody {
    /// Its name.
    name: &'static str,
    /// What answers reads.
    live: SumBody,
    /// What the log makes.
    fresh: SumBody,
    /// The first rows that differ.
    differences: Vec<DifferenceBody>,
}

/// A table in short.
#[derive(Serialize, ToSchema)]
struct SumBody {
    /// Its rows.
    rows: i64,
    /// A hash over them, in whatever order.
    hash: String,
}

/// A row that differs. What it holds is not told.
#[derive(Serialize, ToSchema)]
struct DifferenceBody {
    /// Its key.
    key: String,
    /// `changed`, `missing` or `unfounded`.
    kind: &'static str,
    /// The columns that differ.
    columns: Vec<String>,
}

/// Hold a projection against a fresh fold of the whole log. Takes as long as a rebuild.
#[utoipa::path(post, path = "/v1/admin/projections/{projection}/verify",
    operation_id = "verify_projection", tag = "Administration",
    params(("projection" = String, Path)), responses((status = 200, body = VerificationBody)))]
pub(super) async fn verify(
    State(operator): State<ProjectionOperator>,
    _: Administrator,
    name: InPath<Name>,
) -> Result<Json<VerificationBody>, ApiError> {
    let comparison = operator.verify(name.model()?, None).await?;
    Ok(Json(comparison.into()))
}

impl From<Comparison> for VerificationBody {
    fn from(comparison: Comparison) -> Self {
        Self {
            object: "projection.verification",
            equal: comparison.is_equal(),
            position: comparison.position,
            tables: comparison.tables.into_iter().map(TableBody::from).collect(),
        }
    }
}

impl From<TableComparison> for TableBody {
    fn from(table: TableComparison) -> Self {
        let differences = table.differences.into_iter();
        Self {
            name: table.name,
            live: table.live.into(),
            fresh: table.fresh.into(),
            differences: differences.map(DifferenceBody::from).collect(),
        }
    }
}

impl From<TableSum> for SumBody {
    fn from(sum: TableSum) -> Self {
        Self {
            rows: sum.rows,
            hash: sum.hash,
        }
    }
}

impl From<RowDifference> for DifferenceBody {
    fn from(row: RowDifference) -> Self {
        let kind = match (&row.live, &row.fresh) {
            (Some(_), None) => "unfounded",
            (None, _) => "missing",
            (Some(_), Some(_)) => "changed",
        };
        let both = [row.live, row.fresh].into_iter().flatten();
        let columns: BTreeSet<String> = both
            .flat_map(|row| row.into_iter().map(|(name, _)| name))
            .collect();
        Self {
            key: row.key,
            kind,
            columns: columns.into_iter().collect(),
        }
    }
}
