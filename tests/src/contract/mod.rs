/// Where what callers are granted is kept.
pub mod grant_store;
/// Models behind OpenAI's chat protocol.
pub mod model_provider;
/// Where bytes lie.
pub mod object_store;
/// Tools behind MCP.
pub mod tool_host;
