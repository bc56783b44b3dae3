//! The schema: a list of its parts.

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, Schema};

use super::account::AccountQuery;
use super::admin::{AdminMutation, AdminQuery};
use super::audit::AuditQuery;
use super::completion::{CompletionMutation, CompletionQuery};
use super::conversation::{
    ConversationMutation, ConversationQuery, ConversationSubscription, ForkMutation, ItemMutation,
};
use super::document::{DocumentMutation, DocumentQuery};
use super::file::{FileMutation, FileQuery};
use super::model::ModelQuery;
use super::node::NodeQuery;
use super::order::InOrder;
use super::projection_upkeep::{UpkeepMutation, UpkeepQuery};
use super::projections::{ProjectionMutation, ProjectionQuery, ProjectionSubscription};
use super::response::{
    ReplayMutation, ReplayQuery, ResponseCreation, ResponseMutation, ResponseQuery,
    ResponseSubscription,
};

/// Everything that can be read. What is not there, or somebody else's, is null; so is what went wrong,
/// which `errors` tells.
#[derive(Default, MergedObject)]
pub(super) struct Query(
    AccountQuery,
    ConversationQuery,
    ResponseQuery,
    ReplayQuery,
    CompletionQuery,
    DocumentQuery,
    FileQuery,
    ModelQuery,
    NodeQuery,
    AuditQuery,
    AdminQuery,
    ProjectionQuery,
    UpkeepQuery,
);

/// Everything that can be done. Each answers with what it left, or with `userErrors`: what its caller
/// can put right. With an `idempotencyKey` it is carried out once.
#[derive(Default, MergedObject)]
pub(super) struct Mutation(
    ConversationMutation,
    ItemMutation,
    ForkMutation,
    ResponseCreation,
    ResponseMutation,
    ReplayMutation,
    CompletionMutation,
    DocumentMutation,
    FileMutation,
    ProjectionMutation,
    UpkeepMutation,
    AdminMutation,
);

/// Everything that can be followed: over WebSocket (`graphql-transport-ws`), or as server-sent events
/// (`Accept: text/event-stream`).
#[derive(Default, MergedSubscription)]
pub(super) struct Subscription(
    ConversationSubscription,
    ResponseSubscription,
    ProjectionSubscription,
);

/// The schema and its executor.
pub(super) type JanSchema = Schema<Query, Mutation, Subscription>;

/// Makes the schema. A name that is nearly right is not told: that would show the schema bit by bit.
pub(super) fn schema() -> JanSchema {
    let parts = (
        Query::default(),
        Mutation::default(),
        Subscription::default(),
    );
    Schema::build(parts.0, parts.1, parts.2)
        .disable_suggestions()
        .extension(InOrder)
        .finish()
}

/// The schema in its own language.
pub(super) fn sdl() -> String {
    schema().sdl_with_options(SDLExportOptions::new().prefer_single_line_descriptions())
}
