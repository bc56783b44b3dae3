/// Models behind OpenAI's chat protocol.
pub mod model_provider;
