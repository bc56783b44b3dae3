//! Searching the web: one question, several engines, and our own index when none of them answers.
//!
//! An engine is a file that knows how its request looks and how its answer is read; everything else is
//! the same for all: patience, retries, and leaving one alone that keeps failing. What is found is
//! what an engine or the index said, and which of them it was is always told.
//!
//! Start reading at `searcher`, then `engine`.

mod brave;
mod breaker;
mod engine;
mod exa;
mod question;
mod searcher;
mod searxng;
mod serper;
mod settings;
mod station;
mod tavily;

pub use question::{Hit, Question, Recency};
pub use searcher::{Found, SearchFailure, Searcher};
pub use settings::{EngineName, EngineSettings, SearchSettings, SearchSetupError};
