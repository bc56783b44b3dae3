//! Ports and their adapters: the same contract for the real thing and its scripted twin.

mod code;
mod model_provider;
mod objects;
pub(crate) mod scrape;
mod search;
mod tool_host;
