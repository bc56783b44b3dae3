//! The stream of a response as its reader heard it, and what is wrong with it.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use crate::remote::{Lost, Remote, frames};

const RESPONSES: &str = "/v1/responses";

/// What was heard of one response, in the order in which it came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// The events.
    pub events: Vec<Value>,
    /// Whether `[DONE]` has come.
    pub done: bool,
    /// An answer that is no stream: its status and its body.
    pub refused: Option<(u16, Value)>,
}

impl Remote {
    /// Asks for a streamed response, leaving in `heard` what came, also when it broke off.
    pub async fn hear(
        &self,
        body: &Value,
        key: Option<&str>,
        heard: &mut Heard,
    ) -> Result<(), Lost> {
        let mut request = self.request(Method::POST, RESPONSES).json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        heard.listen(request.send().await?).await
    }

    /// Reads the stream of a response from its beginning, or from what comes after an event.
    pub async fn hear_again(
        &self,
        id: &str,
        after: Option<u64>,
        heard: &mut Heard,
    ) -> Result<(), Lost> {
        let after = after.map_or(String::new(), |after| format!("&starting_after={after}"));
        let path = format!("{RESPONSES}/{id}?stream=true{after}");
        let request = self.request(Method::GET, &path);
        heard.listen(request.send().await?).await
    }
}

impl Heard {
    async fn listen(&mut self, answer: reqwest::Response) -> Result<(), Lost> {
        let status = answer.status().as_u16();
        if status != 200 {
            self.refused = Some((status, answer.json().await?));
            return Ok(());
        }
        frames(answer, |frame| self.take(frame)).await
    }

    fn take(&mut self, frame: &str) {
        let data = frame.lines().find_map(|line| line.strip_prefix("data: "));
        match data {
            Some("[DONE]") => self.done = true,
            Some(event) => self
                .events
                .push(serde_json::from_str(event).expect("events are JSON")),
            None => {}
        }
    }

    /// The response's id.
    pub fn id(&self) -> Option<&str> {
        self.events.first()?["response"]["id"].as_str()
    }

    /// The number of the last event.
    pub fn last_number(&self) -> Option<u64> {
        number(self.events.last()?)
    }

    /// The response as it ended.
    pub fn ending(&self) -> Option<&Value> {
        let last = self.events.last()?;
        is_last(last).then(|| &last["response"])
    }

    /// What came before, and then this.
    #[must_use]
    pub fn after(&self, before: &Self) -> Self {
        let events = before.events.iter().chain(&self.events);
        Self {
            events: events.cloned().collect(),
            ..self.clone()
        }
    }

    /// What every reader hears alike: everything but the response as it stood, of which those who
    /// read it back later know more.
    pub fn told(&self) -> Vec<Value> {
        let mut events = self.events.clone();
        for event in &mut events {
            if event["response"].is_object() {
                event["response"] = event["response"]["status"].clone();
            }
        }
        events
    }

    /// Everything that is wrong with it as a whole stream.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.faults_of_order();
        faults.extend(self.faults_of_words());
        faults.extend(self.faults_of_items());
        faults
    }

    fn faults_of_order(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (expected, event) in (0..).zip(&self.events) {
            if number(event) != Some(expected) {
                faults.push(format!("expected number {expected}: {event}"));
            }
        }
        let first = |event: &&Value| event["type"] == "response.created";
        if !self.events.first().as_ref().is_some_and(first)
            || self.events.iter().filter(first).count() != 1
        {
            faults.push("it does not begin once".to_owned());
        }
        let ends = self.events.iter().filter(|event| is_last(event)).count();
        if self.ending().is_none() || ends != 1 || !self.done {
            faults.push(format!("it ends {ends} times, done: {}", self.done));
        }
        faults
    }

    /// Pieces add up to the whole.
    fn faults_of_words(&self) -> Vec<String> {
        let mut words: BTreeMap<(u64, u64), String> = BTreeMap::new();
        let mut faults = Vec::new();
        for event in &self.events {
            let at = |key: &str| event[key].as_u64().unwrap_or_default();
            let place = (at("output_index"), at("content_index"));
            if event["type"] == "response.output_text.delta" {
                let said = words.entry(place).or_default();
                said.push_str(event["delta"].as_str().unwrap_or_default());
            }
            let said = words.get(&place).map_or("", String::as_str);
            if event["type"] == "response.output_text.done" && event["text"] != said {
                faults.push(format!("the pieces make '{said}': {event}"));
            }
        }
        faults
    }

    /// Every item begins once before it is done once, and those that are done are the output.
    fn faults_of_items(&self) -> Vec<String> {
        let mut begun: BTreeMap<u64, &Value> = BTreeMap::new();
        let mut done: BTreeMap<u64, &Value> = BTreeMap::new();
        let mut faults = Vec::new();
        for event in &self.events {
            let index = event["output_index"].as_u64().unwrap_or_default();
            let id = &event["item"]["id"];
            let again = match event["type"].as_str() {
                Some("response.output_item.added") => begun.insert(index, id).is_some(),
                Some("response.output_item.done") => {
                    begun.get(&index) != Some(&id) || done.insert(index, id).is_some()
                }
                _ => false,
            };
            if again {
                faults.push(format!("an item begins or is done again: {event}"));
            }
        }
        let output = self.ending().map(|ending| &ending["output"]);
        let output = output.and_then(Value::as_array).into_iter().flatten();
        let output: BTreeMap<u64, &Value> = (0..).zip(output.map(|item| &item["id"])).collect();
        if self
            .ending()
            .is_some_and(|ending| ending["status"] == "completed")
            && output != done
        {
            faults.push(format!("the output is {output:?}, and {done:?} was told"));
        }
        faults
    }
}

fn number(event: &Value) -> Option<u64> {
    event["sequence_number"].as_u64()
}

fn is_last(event: &Value) -> bool {
    let kind = event["type"].as_str();
    matches!(
        kind,
        Some("response.completed" | "response.incomplete" | "response.failed")
    )
}
