//! Every limit of the GraphQL endpoint in one table. A document is measured before it is parsed
//! (`lexical.rs`) and before it is executed (`admission.rs`), each time in one pass over it.

use std::time::Duration;

/// Bytes of a document. What clients send is in variables, and as large as any body may be.
pub(super) const DOCUMENT_BYTES_MAX: usize = 32 * 1024;
/// Words, signs and values of a document. Introspection as tools ask for it has about 400.
pub(super) const TOKENS_MAX: usize = 2_000;
/// Brackets of any kind within each other, in a document's text.
pub(super) const BRACKETS_MAX: usize = 40;
/// Fields within each other, fragments put in place.
pub(super) const DEPTH_MAX: usize = 12;
/// The same below `__schema` and `__type`, whose types are chains by nature.
pub(super) const INTROSPECTION_DEPTH_MAX: usize = 20;
/// What an operation may cost: each field one, and what is in a list as often as the list is long.
pub(super) const COST_MAX: usize = 50_000;
/// Fields directly below an operation, fragments put in place.
pub(super) const ROOT_FIELDS_MAX: usize = 20;
/// Fields under other names than their own.
pub(super) const ALIASES_MAX: usize = 30;
/// Directives of a document.
pub(super) const DIRECTIVES_MAX: usize = 20;
/// Operations of a document, of which one is carried out.
pub(super) const OPERATIONS_MAX: usize = 10;
/// Entries of a list when nothing is said.
pub(super) const PAGE_ITEMS: usize = 20;

/// Operations of one connection at once.
pub(super) const OPERATIONS_AT_ONCE_MAX: usize = 32;
/// Operations of one caller at once, over all its connections to this process.
pub(super) const SUBSCRIPTIONS_OF_CALLER_MAX: usize = 100;
/// Time for the first message of a connection.
pub(super) const INIT_MAX: Duration = Duration::from_secs(10);
/// Silence after which a connection is asked whether it lives, and by which it must have answered.
pub(super) const PING: Duration = Duration::from_secs(20);
/// How often the token of something that goes on is checked again.
pub(super) const TOKEN_CHECK: Duration = Duration::from_secs(5);
/// How long a connection may live, as long as one of the responses' own.
pub(super) const LIFE_MAX: Duration = Duration::from_hours(1);
