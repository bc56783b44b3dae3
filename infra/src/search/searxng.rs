use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::engine::{Answer, Engine, address, beside, hits};
use super::question::Question;
use super::settings::EngineName;

/// One's own `SearXNG`, or its ancestor searx: `GET /search`, with `json` among its formats.
pub(super) struct Searxng {
    pub(super) base_url: String,
}

impl Engine for Searxng {
    fn name(&self) -> EngineName {
        EngineName::Searxng
    }

    fn request(
        &self,
        client: &reqwest::Client,
        question: &Question,
        _: DateTime<Utc>,
    ) -> reqwest::RequestBuilder {
        let mut query = vec![
            ("q", question.text_with_hosts()),
            ("format", "json".to_owned()),
            ("safesearch", "1".to_owned()),
            ("pageno", question.page.to_string()),
        ];
        query.extend(
            question
                .language
                .clone()
                .map(|language| ("language", language)),
        );
        query.extend(
            question
                .recency
                .map(|age| ("time_range", age.word().to_owned())),
        );
        client.get(address(&format!("{}/search", self.base_url), &query))
    }

    fn read(&self, answer: &Map<String, Value>, _: &Question) -> Option<Answer> {
        let results = answer.get("results")?.as_array()?;
        Some(Answer {
            hits: hits(results, ("title", "url", &["content"], "publishedDate")),
            beside: beside(
                answer,
                &[
                    "answers",
                    "infoboxes",
                    "suggestions",
                    "corrections",
                    "unresponsive_engines",
                ],
            ),
        })
    }
}
