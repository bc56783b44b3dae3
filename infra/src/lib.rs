//! The outside world: adapters, configuration, telemetry, and the embedded runtime.

/// Models behind OpenAI's chat protocol, and the catalog of what they offer.
pub mod model_provider;
/// The embedded default: a supervised Postgres and a supervised local model.
pub mod runtime;
/// Keys and passwords that do not print.
pub mod secret;
