use bytes::Bytes;
use jan_domain::ports::ProviderFailure;
use serde::Deserialize;
use serde_json::{Number, Value};
use std::time::Duration;
use tokio::time::Instant;

use super::client::{ask, read_json};
use super::question::Question;
use super::upstream::Upstream;

/// A model list is short work for a provider that is well.
const PATIENCE: Duration = Duration::from_secs(10);
/// Beyond these a list is no list of models.
const MODELS_MAX: usize = 10_000;
const ID_BYTES_MAX: usize = 512;

/// A model as its provider lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListedModel {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) owned_by: Option<String>,
}

/// Asks a provider for its models.
pub(super) async fn list_models(upstream: &Upstream) -> Result<Vec<ListedModel>, ProviderFailure> {
    let asked = async {
        let deadline = Instant::now() + PATIENCE;
        let response = ask(upstream, Question::Models, &Bytes::new(), None, deadline).await?;
        read_json(upstream, response, deadline).await
    };
    let body = tokio::time::timeout(PATIENCE, asked).await;
    read_list(&body.map_err(|_| ProviderFailure::Stalled)??)
}

/// OpenAI wraps the list, some others send it bare. `created` comes as whole number, fraction or
/// `null`.
fn read_list(body: &[u8]) -> Result<Vec<ListedModel>, ProviderFailure> {
    let list = serde_json::from_slice::<List>(body).map_err(|_| ProviderFailure::Garbled)?;
    let (List::Wrapped { data: listed } | List::Bare(listed)) = list;
    let usable = |model: &Listed| !model.id.is_empty() && model.id.len() <= ID_BYTES_MAX;
    let models = listed
        .into_iter()
        .filter(usable)
        .take(MODELS_MAX)
        .map(ListedModel::from);
    Ok(models.collect())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum List {
    Wrapped { data: Vec<Listed> },
    Bare(Vec<Listed>),
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    created: Option<Value>,
    owned_by: Option<Value>,
}

impl From<Listed> for ListedModel {
    fn from(listed: Listed) -> Self {
        let created = match listed.created {
            Some(Value::Number(number)) => whole(&number),
            _ => None,
        };
        let owned_by = match listed.owned_by {
            Some(Value::String(owner)) if !owner.is_empty() => Some(owner),
            _ => None,
        };
        Self {
            id: listed.id,
            created: created.unwrap_or(0),
            owned_by,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a fraction of a second is what is cut off"
)]
fn whole(number: &Number) -> Option<i64> {
    number
        .as_i64()
        .or_else(|| number.as_f64().map(|seconds| seconds as i64))
}

#[cfg(test)]
mod tests {
    use super::{ProviderFailure, read_list};

    #[test]
    fn lists_are_read_in_every_shape_providers_send() {
        let listed = |body: &str| {
            let models = read_list(body.as_bytes()).unwrap();
            models
                .into_iter()
                .map(|model| (model.id, model.created, model.owned_by.unwrap_or_default()))
                .collect::<Vec<_>>()
        };
        let model = |id: &str, created, owner: &str| (id.to_owned(), created, owner.to_owned());
        let openai =
            r#"{"object":"list","data":[{"id":"a","object":"model","created":5,"owned_by":"o"}]}"#;
        assert_eq!(listed(openai), [model("a", 5, "o")]);
        assert_eq!(
            listed(r#"[{"id":"a"},{"id":""},{"id":"b"}]"#),
            [model("a", 0, ""), model("b", 0, "")]
        );
        let odd = r#"{"data":[{"id":"a","created":5.7,"owned_by":null},{"id":"b","created":"x"}]}"#;
        assert_eq!(listed(odd), [model("a", 5, ""), model("b", 0, "")]);
    }

    #[test]
    fn anything_else_is_garbled() {
        for body in [
            "",
            "{}",
            r#"{"data":null}"#,
            r#"{"data":[{"name":"a"}]}"#,
            "[1]",
        ] {
            assert_eq!(
                read_list(body.as_bytes()),
                Err(ProviderFailure::Garbled),
                "{body}"
            );
        }
    }
}
