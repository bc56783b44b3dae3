//! The harness of the system tests, and what it is built from.
//!
//! [`app::App`] is the real application: own database ([`database`]), real adapters, and behind them
//! the [`scripted_model`], which does what its prompt says, and the [`scripted_tools`], which do what
//! their arguments say. Requests ([`request`]) go through the real edge, by a call or over a real
//! socket. [`contract`] is what every adapter of a port must do. Nothing is mocked, and nothing here
//! knows what a test wants to prove: the tests are in `tests/it`.
//!
//! Start reading at [`app::App::start`], then any file of `tests/it/rest`.

/// The real application on a database of its own.
pub mod app;
/// What a chat call costs, beside the model alone and a bare pass-through.
pub mod bench;
/// What every adapter of a port must do, real or scripted.
pub mod contract;
/// A real Postgres for every test.
pub mod database;
/// What tests say to a server.
pub mod given;
/// The stream of a response, as its reader heard it.
pub mod heard;
/// A port that refuses until it is opened.
pub mod late_port;
/// Requests over a real socket.
pub mod live;
/// Our client of tool servers, and a person at its side who agrees to everything.
pub mod mcp_client;
/// The server that the conformance suites of MCP ask for, behind our own door.
pub mod mcp_fixture;
/// What the conformance suites of MCP want a client to call.
pub mod mcp_scenario;
/// A directory that goes with whoever has it.
pub mod own_directory;
/// The real program as child processes.
pub mod process;
/// A client on the other side of a socket.
pub mod remote;
/// Requests and answers.
pub mod request;
/// What every stream of a response promises.
pub mod response_stream;
/// A real server of the S3 protocol, for as long as a test needs it.
pub mod s3_server;
/// An authorization server, and the tool server that it guards.
pub mod scripted_authorization;
/// Grants in memory.
pub mod scripted_grants;
/// An OpenAI-compatible model server that obeys its prompt.
pub mod scripted_model;
/// An MCP server that does what its arguments say.
pub mod scripted_tools;
/// Pages and search engines that answer as they were told.
pub mod scripted_web;
/// Long histories, made inside the database.
pub mod synthetic;
