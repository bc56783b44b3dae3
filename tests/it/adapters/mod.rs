//! Ports and their adapters: the same contract for the real thing and its scripted twin.

mod code;
mod model_provider;
mod tool_host;
