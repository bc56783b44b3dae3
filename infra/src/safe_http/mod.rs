//! The one HTTP client for addresses that somebody else names: MCP servers, and whatever is fetched.
//!
//! A name is resolved once, by us, and only if *every* answer is a public address is one of them
//! connected to (`resolver`). The client asks no resolver about a host that is an address already,
//! so `vetting` looks at those itself; and what a socket really reached is looked at once more
//! before anything is sent through it (`reached`). No proxy, no redirect, no cookie, no referer.
//!
//! [`Fetcher`] is the whole way from an address to bytes: redirects are followed by hand, each hop
//! looked at like the first, and time, size and type of what comes are bounded.
//!
//! An operator may open doors in this wall: [`AllowedPlace`]. Whoever was refused is told no more
//! than that; the log says why.

mod address;
mod allowance;
mod body;
mod client;
mod fetch;
mod fetch_failure;
mod ourselves;
mod reached;
mod resolver;
#[cfg(test)]
mod tests;
mod vetting;

pub use allowance::AllowedPlace;
pub use client::{SafeHttp, SafeHttpSettings, VettedUrl};
pub use fetch::{FetchSettings, Fetched, Fetcher, Validators, Wanted};
pub use fetch_failure::FetchFailure;
pub use ourselves::OwnPlaces;
pub use vetting::AddressRefusal;
