//! The REST surface as clients see it: the real router, a database per test, a model that obeys.

mod chat_whole;
