//! Models behind OpenAI's chat protocol: one [`OpenAiProvider`] per upstream, and the
//! [`ProviderCatalog`] that knows which upstream offers which model.
//!
//! Bytes pass through untouched. What is done here is what only this side of the wire can do:
//! finding the frames of a stream, noticing silence, keeping keys out of messages, and turning
//! every way an upstream can fail into one of the failures of the port.

mod catalog;
mod client;
mod discovery;
mod explanation;
mod failure;
mod frames;
pub(crate) mod masking;
mod measure;
mod offer;
mod probe;
mod question;
mod settings;
mod stream;
mod upstream;
mod whole;

pub use catalog::ProviderCatalog;
pub use client::OpenAiProvider;
pub use probe::{ProbeError, count_models};
pub use settings::{ModelSetting, ProviderLimits, ProviderSettings, ProviderSetupError};
pub use upstream::install_crypto;
