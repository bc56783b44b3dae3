//! GraphQL at `/graphql`: the same read models, commands and rules as the REST API, in one schema.

mod account;
mod admin;
mod admission;
mod asking;
mod completion;
mod conversation;
mod given;
mod item;
mod lexical;
mod limits;
mod loader;
mod model;
mod node;
mod once;
mod paging;
mod response;
mod scalar;
mod schema;
mod user_error;

/// The schema in its own language.
pub(crate) fn sdl() -> String {
    schema::sdl()
}
