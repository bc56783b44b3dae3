/// An OpenAI-compatible model server that obeys its prompt.
pub mod scripted_model;
