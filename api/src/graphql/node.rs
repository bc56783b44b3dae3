use async_graphql::{Context, ID, Interface, Object};
use jan_domain::id::{AccountId, ConversationId, DocumentId, MediaId, ResponseId};

use super::account::{self, Account};
use super::asking::Asking;
use super::completion::{self, StoredCompletion};
use super::conversation::{self, Conversation};
use super::document::{self, Document};
use super::file::{self, File};
use super::response::{self, Response};
use crate::error::ApiError;

/// What is asked by an id alone.
#[derive(Default)]
pub(super) struct NodeQuery;

/// Whatever has an id of its own.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its id, as in the REST API."))]
pub(super) enum Node {
    /// `conv_…`
    Conversation(Conversation),
    /// `resp_…`
    Response(Box<Response>),
    /// `chatcmpl-…`
    StoredCompletion(Box<StoredCompletion>),
    /// `doc_…`
    Document(Box<Document>),
    /// `jan_…`
    File(Box<File>),
    /// `user_…`
    Account(Account),
}

#[Object]
impl NodeQuery {
    /// Whatever of yours has this id. Somebody else's is not there.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>, ApiError> {
        let asking = Asking::of(ctx);
        if let Ok(id) = ConversationId::parse(&id) {
            let found = conversation::find(asking, id).await?;
            return Ok(found.map(Node::Conversation));
        }
        if let Ok(id) = AccountId::parse(&id) {
            let own = id == asking.caller.owner.account;
            let found = if own {
                account::find(asking).await?
            } else {
                None
            };
            return Ok(found.map(Node::Account));
        }
        if let Ok(id) = DocumentId::parse(&id) {
            let found = document::find(asking, &id).await?;
            return Ok(found.map(|found| Node::Document(Box::new(found))));
        }
        if let Ok(id) = MediaId::parse(&id) {
            let found = file::find(asking, &id).await?;
            return Ok(found.map(|found| Node::File(Box::new(found))));
        }
        let Ok(id) = ResponseId::parse(&id) else {
            return Ok(None);
        };
        if id.as_str().starts_with(ResponseId::RUN_PREFIX) {
            let found = response::find(asking, id).await?;
            return Ok(found.map(|found| Node::Response(Box::new(found))));
        }
        let found = completion::find(asking, &id).await?;
        Ok(found.map(|found| Node::StoredCompletion(Box::new(found))))
    }
}
