/// An OpenAI-compatible model server that obeys its prompt.
pub mod scripted_model;
/// What every adapter of a port must do, real or scripted.
pub mod contract;
