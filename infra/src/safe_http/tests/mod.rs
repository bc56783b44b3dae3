//! The wall, tried from outside: a table of addresses, a canary behind each forbidden one, and a
//! resolver that lies. Nothing here reaches beyond loopback.

mod canary;
mod classes;
mod connections;
mod fetching;
mod refused;
mod taking;
mod urls;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;

use super::client::{SafeHttp, SafeHttpSettings};
use super::ourselves::OwnPlaces;
use super::resolver::Lookup;
use super::vetting::AddressRefusal;

/// Counts as public in these tests, the rest of 127.0.0.0/8 does not.
const PRETEND_PUBLIC: &str = "127.77.0.0/16";

/// A resolver that knows what it was told, and gives each name's answers in turn.
#[derive(Default)]
struct ScriptedLookup {
    answers: HashMap<&'static str, Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl ScriptedLookup {
    fn knowing(mut self, name: &'static str, turns: &[&[&str]]) -> Self {
        let turn = |turn: &&[&str]| turn.iter().map(|text| text.parse().unwrap()).collect();
        self.answers.insert(name, turns.iter().map(turn).collect());
        self
    }
}

impl Lookup for ScriptedLookup {
    fn look_up(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        let known = self.answers.get(name.as_str());
        let answer = known.map(|turns| turns[turn % turns.len()].clone());
        Box::pin(async move { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}

/// A client that allows `http:` and the ports of the canaries, so that only addresses can refuse.
fn client(ports: &[u16], allowed: &[&str], lookup: ScriptedLookup) -> SafeHttp {
    let settings = SafeHttpSettings {
        own: refused::own_places(),
        allowed: allowed.iter().map(|place| place.parse().unwrap()).collect(),
        allow_http: true,
        ports: ports.iter().copied().chain([80, 443]).collect(),
        ..SafeHttpSettings::default()
    };
    SafeHttp::with_lookup(&settings, Arc::new(lookup)).unwrap()
}

/// How a call went: the status, or who refused, or that nobody did and it failed all the same.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Answered(u16),
    Refused(AddressRefusal),
    Failed,
}

async fn call(client: &SafeHttp, url: &str) -> Outcome {
    let url = match client.vet(url) {
        Ok(url) => url,
        Err(refusal) => return Outcome::Refused(refusal),
    };
    match client.client(&url).get(url.as_str()).send().await {
        Ok(response) => Outcome::Answered(response.status().as_u16()),
        Err(error) => AddressRefusal::behind(&error).map_or(Outcome::Failed, Outcome::Refused),
    }
}
