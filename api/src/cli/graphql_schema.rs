//! `jan-server graphql-schema`: the GraphQL schema.

use std::io::Write;

use clap::Args;

/// Options of `graphql-schema`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server graphql-schema > schema.graphql

It is the schema behind /graphql, in GraphQL's own language. Nothing is started and no setting is read.
Exit codes: 0 done, 2 asked wrongly.")]
pub struct GraphqlSchemaArgs {}

/// Prints the schema.
pub fn graphql_schema(out: &mut impl Write) -> anyhow::Result<()> {
    write!(out, "{}", crate::graphql_schema())?;
    Ok(out.flush()?)
}
