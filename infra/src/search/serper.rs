use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::engine::{Answer, Engine, beside, hits};
use super::question::Question;
use super::settings::EngineName;
use crate::secret::Secret;

/// Google's results, by Serper: `POST /search`.
pub(super) struct Serper {
    pub(super) base_url: String,
    pub(super) key: Secret,
}

impl Engine for Serper {
    fn name(&self) -> EngineName {
        EngineName::Serper
    }

    fn request(
        &self,
        client: &reqwest::Client,
        question: &Question,
        _: DateTime<Utc>,
    ) -> reqwest::RequestBuilder {
        let mut body = json!({
            "q": question.text_with_hosts(),
            "num": question.results_max,
            "page": question.page,
        });
        let wishes = [
            ("gl", question.country.clone().map(Value::from)),
            ("hl", question.language.clone().map(Value::from)),
            ("location", question.location.clone().map(Value::from)),
            ("autocorrect", question.autocorrect.map(Value::from)),
            (
                "tbs",
                question
                    .recency
                    .map(|age| json!(format!("qdr:{}", age.letter()))),
            ),
        ];
        for (name, wish) in wishes {
            if let Some(wish) = wish {
                body[name] = wish;
            }
        }
        client
            .post(format!("{}/search", self.base_url))
            .header("x-api-key", self.key.expose())
            .json(&body)
    }

    fn read(&self, answer: &Map<String, Value>, _: &Question) -> Option<Answer> {
        // Without results there is no such list, but always what was searched for.
        let results = match (answer.get("organic"), answer.get("searchParameters")) {
            (Some(results), _) => results.as_array()?.as_slice(),
            (None, Some(_)) => &[],
            (None, None) => return None,
        };
        Some(Answer {
            hits: hits(results, ("title", "link", &["snippet"], "date")),
            beside: beside(
                answer,
                &[
                    "answerBox",
                    "knowledgeGraph",
                    "peopleAlsoAsk",
                    "relatedSearches",
                ],
            ),
        })
    }
}
