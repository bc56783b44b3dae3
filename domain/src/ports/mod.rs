//! The doors to the outside world. A port is a capability; its adapters live in `infra`, its
//! scripted twins in `tests`, and both pass the same contract suite.

mod added_servers;
mod artifact_store;
mod clock;
mod code_session_store;
mod document_store;
mod embedder;
mod id_generator;
mod keyring;
mod master_keys;
mod media_index;
mod model_provider;
mod object_store;
mod open_responses;
mod page_store;
mod seal;
mod signer;
mod token_issuer;
mod tool_authorizations;
mod tool_grants;
mod tool_host;
mod tool_servers;
mod web_files;

pub use added_servers::{
    AddedFailure, AddedServer, AddedServers, AdditionRefused, Change, ServerAuth, ServerChange,
};
pub use artifact_store::{ArtifactFailure, ArtifactOf, ArtifactStore, KeptArtifact, NewArtifact};
pub use clock::Clock;
pub use code_session_store::{CodeSession, CodeSessionStore};
pub use document_store::{
    DocumentFailure, DocumentHit, DocumentHits, DocumentQuery, DocumentStore, IndexedDocument,
    SearchMode,
};
pub use embedder::Embedder;
pub use id_generator::{IdGenerator, SeededIds};
pub use keyring::{KeyFailure, KeyState, Keyring, NoKeys, OwnerKey};
pub use master_keys::{MasterKeys, WrappedKey};
pub use media_index::MediaIndex;
pub use model_provider::{
    ChatAnswer, ChatCall, Frame, Frames, ModelCatalog, ModelEntry, ModelProvider, ModelRoute,
    ProviderFailure,
};
pub use object_store::{ObjectFailure, ObjectStore, ServedAs};
pub use open_responses::{IdleGuests, OpenResponses, OpenWork, ReadFailure, UnattendedRuns};
pub use page_store::{KeptPage, PageHit, PageQuery, PageStore};
pub use seal::Seal;
pub use signer::Signer;
pub use token_issuer::{
    AccessClaims, MadeRefreshToken, ReadRefreshToken, TokenIssuer, TokenRefused,
};
pub use tool_authorizations::{
    AuthorizationAnswer, AuthorizationFailure, AuthorizationWish, AwaitedAuthorization,
    BegunAuthorization, Entrance, NamedServer, ServerDoor, ToolAuthorizations,
};
pub use tool_grants::{AwaitedAnswer, GrantFailure, GrantKind, GrantRecord, GrantStore, ToolGrant};
pub use tool_host::{
    Credential, TOOL_DEPTH_HEADER, ToolCall, ToolFailure, ToolHost, ToolListing, ToolOffer,
    ToolPlace, ToolResult, ToolServer,
};
pub use tool_servers::{Approval, ToolReport, ToolServerReport, ToolServers};
pub use web_files::{WebFileFailure, WebFiles};
