use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::engine::{Answer, Engine, beside, hits};
use super::question::Question;
use super::settings::EngineName;
use crate::secret::Secret;

/// What Tavily gives at once. It has no pages.
const RESULTS_MAX: u32 = 20;

/// Tavily: `POST /search`.
pub(super) struct Tavily {
    pub(super) base_url: String,
    pub(super) key: Secret,
}

impl Engine for Tavily {
    fn name(&self) -> EngineName {
        EngineName::Tavily
    }

    fn request(
        &self,
        client: &reqwest::Client,
        question: &Question,
        _: DateTime<Utc>,
    ) -> reqwest::RequestBuilder {
        let mut body = json!({
            "query": question.text,
            "max_results": question.results_so_far().min(RESULTS_MAX),
            "search_depth": "basic",
        });
        if !question.hosts.is_empty() {
            body["include_domains"] = json!(question.hosts);
        }
        if let Some(age) = question.recency {
            body["time_range"] = json!(age.word());
        }
        client
            .post(format!("{}/search", self.base_url))
            .bearer_auth(self.key.expose())
            .json(&body)
    }

    fn read(&self, answer: &Map<String, Value>, question: &Question) -> Option<Answer> {
        let results = answer.get("results")?.as_array()?;
        let before = question.results_before() as usize;
        let results = results.get(before..).unwrap_or_default();
        Some(Answer {
            hits: hits(results, ("title", "url", &["content"], "published_date")),
            beside: beside(answer, &["answer", "follow_up_questions"]),
        })
    }
}
