use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::engine::{Answer, Engine, address, beside, hits};
use super::question::{Question, Recency};
use super::settings::EngineName;
use crate::secret::Secret;

/// What Brave gives at once, and how far one may leaf.
const RESULTS_MAX: u32 = 20;
const PAGES_MAX: u32 = 10;

/// Brave's own index: `GET /res/v1/web/search`.
pub(super) struct Brave {
    pub(super) base_url: String,
    pub(super) key: Secret,
}

impl Engine for Brave {
    fn name(&self) -> EngineName {
        EngineName::Brave
    }

    fn request(
        &self,
        client: &reqwest::Client,
        question: &Question,
        _: DateTime<Utc>,
    ) -> reqwest::RequestBuilder {
        let offset = question.page.clamp(1, PAGES_MAX) - 1;
        let mut query = vec![
            ("q", question.text_with_hosts()),
            ("count", question.results_max.min(RESULTS_MAX).to_string()),
            ("offset", offset.to_string()),
        ];
        query.extend(question.country.clone().map(|country| ("country", country)));
        query.extend(
            question
                .language
                .clone()
                .map(|language| ("search_lang", language)),
        );
        query.extend(
            question
                .autocorrect
                .map(|mend| ("spellcheck", u8::from(mend).to_string())),
        );
        query.extend(
            question
                .recency
                .map(|age| ("freshness", freshness(age).to_owned())),
        );
        let endpoint = format!("{}/res/v1/web/search", self.base_url);
        client
            .get(address(&endpoint, &query))
            .header("x-subscription-token", self.key.expose())
            .header("accept", "application/json")
    }

    fn read(&self, answer: &Map<String, Value>, _: &Question) -> Option<Answer> {
        // Without results there is no `web`.
        let results = match (answer.get("web"), answer.get("type")) {
            (Some(web), _) => web["results"].as_array()?.as_slice(),
            (None, Some(_)) => &[],
            (None, None) => return None,
        };
        Some(Answer {
            hits: hits(
                results,
                (
                    "title",
                    "url",
                    &["description", "extra_snippets"],
                    "page_age",
                ),
            ),
            beside: beside(answer, &["infobox", "faq"]),
        })
    }
}

fn freshness(age: Recency) -> &'static str {
    match age {
        Recency::Hour | Recency::Day => "pd",
        Recency::Week => "pw",
        Recency::Month => "pm",
        Recency::Year => "py",
    }
}
