use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::engine::{Answer, Engine, beside, hits};
use super::question::Question;
use super::settings::EngineName;
use crate::secret::Secret;

/// What Exa gives at once. It has no pages.
const RESULTS_MAX: u32 = 100;

/// Exa: `POST /search`.
pub(super) struct Exa {
    pub(super) base_url: String,
    pub(super) key: Secret,
}

impl Engine for Exa {
    fn name(&self) -> EngineName {
        EngineName::Exa
    }

    fn request(
        &self,
        client: &reqwest::Client,
        question: &Question,
        now: DateTime<Utc>,
    ) -> reqwest::RequestBuilder {
        let mut body = json!({
            "query": question.text,
            "numResults": question.results_so_far().min(RESULTS_MAX),
            "type": "auto",
            "contents": {"highlights": true},
        });
        if !question.hosts.is_empty() {
            body["includeDomains"] = json!(question.hosts);
        }
        if let Some(age) = question.recency {
            body["startPublishedDate"] = json!(age.since(now).to_rfc3339());
        }
        client
            .post(format!("{}/search", self.base_url))
            .header("x-api-key", self.key.expose())
            .json(&body)
    }

    fn read(&self, answer: &Map<String, Value>, question: &Question) -> Option<Answer> {
        let results = answer.get("results")?.as_array()?;
        let before = question.results_before() as usize;
        let results = results.get(before..).unwrap_or_default();
        let snippets = &["highlights", "summary", "text"];
        Some(Answer {
            hits: hits(results, ("title", "url", snippets, "publishedDate")),
            beside: beside(answer, &["resolvedSearchType"]),
        })
    }
}
