//! The indexes of a build: those of the live tables, made when the rows are in.

use sqlx::{Executor, FromRow, PgConnection};

use super::error::RebuildError;
use super::site::Site;

/// An index as the live table has it.
#[derive(FromRow)]
struct Index {
    name: String,
    definition: String,
    /// `PRIMARY KEY` or `UNIQUE`, where it belongs to a constraint.
    constraint: Option<String>,
}

/// Makes every index that is missing. Each is made concurrently: an ordinary one would hold a
/// transaction id for as long as it takes, and with that the gate.
pub(super) async fn make_indexes(site: &Site) -> Result<(), RebuildError> {
    let mut connection = site.own.acquire().await?;
    for table in site.definition.tables {
        for index in of_live(&mut connection, table.name).await? {
            make(&mut connection, site, (table.name, &index)).await?;
        }
        let sql = format!("analyze {}.{}", site.schema, table.name);
        connection.execute(sql.as_str()).await?;
    }
    Ok(())
}

async fn of_live(connection: &mut PgConnection, table: &str) -> Result<Vec<Index>, sqlx::Error> {
    let sql = r"
        select index.relname::text as name,
               pg_get_indexdef(index.oid) as definition,
               case owner.contype when 'p' then 'primary key' when 'u' then 'unique' end
                 as constraint
          from pg_index
          join pg_class as index on index.oid = pg_index.indexrelid
          left join pg_constraint as owner
                 on owner.conindid = index.oid
                and owner.contype in ('p', 'u')
         where pg_index.indrelid = $1::regclass
         order by index.relname";
    sqlx::query_as(sql)
        .bind(format!("public.{table}"))
        .fetch_all(connection)
        .await
}

async fn make(
    connection: &mut PgConnection,
    site: &Site,
    (table, index): (&str, &Index),
) -> Result<(), sqlx::Error> {
    let (schema, name) = (&site.schema, &index.name);
    match is_valid(connection, &format!("{schema}.{name}")).await? {
        Some(true) => {}
        made => {
            if made.is_some() {
                // Half made by somebody who died over it.
                let sql = format!("drop index {schema}.{name}");
                connection.execute(sql.as_str()).await?;
            }
            let sql = index
                .definition
                .replacen(" INDEX ", " INDEX CONCURRENTLY ", 1)
                .replacen(
                    &format!(" ON public.{table} "),
                    &format!(" ON {schema}.{table} "),
                    1,
                );
            connection.execute(sql.as_str()).await?;
        }
    }
    let Some(constraint) = &index.constraint else {
        return Ok(());
    };
    let sql = "select exists (select from pg_constraint where conindid = $1::regclass)";
    let known: bool = sqlx::query_scalar(sql)
        .bind(format!("{schema}.{name}"))
        .fetch_one(&mut *connection)
        .await?;
    if !known {
        let sql = format!(
            "alter table {schema}.{table} add constraint {name} {constraint} using index {name}"
        );
        connection.execute(sql.as_str()).await?;
    }
    Ok(())
}

/// Whether an index is whole; none if there is none.
async fn is_valid(connection: &mut PgConnection, name: &str) -> Result<Option<bool>, sqlx::Error> {
    let sql = "select indisvalid from pg_index where indexrelid = to_regclass($1)";
    sqlx::query_scalar(sql)
        .bind(name)
        .fetch_optional(connection)
        .await
}
