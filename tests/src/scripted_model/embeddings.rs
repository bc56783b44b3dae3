//! `POST /v1/embeddings`: vectors made of word hashes, so that texts that share words are close.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::answer::{AnswerPlan, JSON, Plan};
use super::directives::Directives;
use super::faults;
use super::refusal::{Refusal, to_json};
use super::stage::Stage;

const DIMENSIONS: usize = 384;
const DIMENSIONS_MAX: usize = 4_096;
const INPUTS_MAX: usize = 2_048;

#[derive(Debug, Deserialize)]
struct EmbeddingsRequest {
    model: String,
    input: Input,
    dimensions: Option<usize>,
    encoding_format: Option<Encoding>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u32>),
    TokenLists(Vec<Vec<u32>>),
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Float,
    Base64,
}

#[derive(Serialize)]
struct Embeddings<'a> {
    object: &'static str,
    data: Vec<Embedding>,
    model: &'a str,
    usage: EmbeddingUsage,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "OpenAI names them so")]
struct Embedding {
    object: &'static str,
    index: usize,
    embedding: Vector,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Vector {
    Floats(Vec<f32>),
    Base64(String),
}

#[derive(Serialize)]
struct EmbeddingUsage {
    prompt_tokens: usize,
    total_tokens: usize,
}

pub(super) fn plan(stage: &Stage, body: &[u8]) -> Result<Plan, Refusal> {
    let request: EmbeddingsRequest =
        serde_json::from_slice(body).map_err(|error| Refusal::unreadable(&error))?;
    stage.ensure_served(&request.model)?;
    let directives = Directives::parse(request.input.first_text())
        .map_err(|error| Refusal::invalid(error.to_string(), "input"))?;
    let wait = stage.pace(&directives).first;
    let directive = directives.fault.filter(|directive| stage.is_due(directive));
    if let Some(plan) = directive.as_ref().and_then(faults::instead) {
        return Ok(plan);
    }
    let body = request.answer()?;
    if directive.is_some() {
        return Ok(faults::whole(body, directive.as_ref()));
    }
    Ok(Plan::Answer(
        AnswerPlan::whole(StatusCode::OK, JSON, body).after(wait),
    ))
}

impl EmbeddingsRequest {
    fn answer(&self) -> Result<Bytes, Refusal> {
        let dimensions = self.dimensions.unwrap_or(DIMENSIONS);
        if !(1..=DIMENSIONS_MAX).contains(&dimensions) {
            return Err(Refusal::invalid(
                "'dimensions' must lie between 1 and 4096",
                "dimensions",
            ));
        }
        let inputs = self.input.words();
        if inputs.is_empty() || inputs.len() > INPUTS_MAX || inputs.iter().any(Vec::is_empty) {
            return Err(Refusal::invalid(
                "'input' must hold 1 to 2048 texts, none empty",
                "input",
            ));
        }
        let encoding = self.encoding_format.unwrap_or_default();
        let data = inputs.iter().enumerate().map(|(index, words)| Embedding {
            object: "embedding",
            index,
            embedding: encoding.encode(vector(words, dimensions)),
        });
        let data = data.collect();
        let words = inputs.iter().map(Vec::len).sum();
        let usage = EmbeddingUsage {
            prompt_tokens: words,
            total_tokens: words,
        };
        Ok(to_json(&Embeddings {
            object: "list",
            data,
            model: &self.model,
            usage,
        }))
    }
}

impl Input {
    fn first_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Texts(texts) => texts.first().map_or("", String::as_str),
            Self::Tokens(_) | Self::TokenLists(_) => "",
        }
    }

    /// The words of every input; a token counts as a word.
    fn words(&self) -> Vec<Vec<String>> {
        let of_tokens = |tokens: &Vec<u32>| tokens.iter().map(u32::to_string).collect();
        match self {
            Self::Text(text) => vec![words_of(text)],
            Self::Texts(texts) => texts.iter().map(|text| words_of(text)).collect(),
            Self::Tokens(tokens) if tokens.is_empty() => vec![],
            Self::Tokens(tokens) => vec![of_tokens(tokens)],
            Self::TokenLists(lists) => lists.iter().map(of_tokens).collect(),
        }
    }
}

impl Encoding {
    fn encode(self, vector: Vec<f32>) -> Vector {
        match self {
            Self::Float => Vector::Floats(vector),
            Self::Base64 => {
                let bytes: Vec<u8> = vector.into_iter().flat_map(f32::to_le_bytes).collect();
                Vector::Base64(STANDARD.encode(bytes))
            }
        }
    }
}

/// Lower-case words without punctuation around them; white space alone is one word.
fn words_of(text: &str) -> Vec<String> {
    let bare = |word: &str| {
        word.trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase()
    };
    let words: Vec<_> = text
        .split_whitespace()
        .map(bare)
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() && !text.is_empty() {
        vec![text.to_owned()]
    } else {
        words
    }
}

/// The sum of one pseudo-random direction per word, at unit length.
fn vector(words: &[String], dimensions: usize) -> Vec<f32> {
    let mut sum = vec![0.0_f32; dimensions];
    for word in words {
        let mut state = fnv1a(word);
        for value in &mut sum {
            *value += next_between_minus_one_and_one(&mut state);
        }
    }
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    sum.into_iter().map(|value| value / length).collect()
}

fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// One step of splitmix64.
fn next_between_minus_one_and_one(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let top = u16::try_from((mixed ^ (mixed >> 31)) >> 48).expect("16 bits are left");
    f32::from(top) / 32_767.5 - 1.0
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use serde_json::{Value, json};

    use super::{EmbeddingsRequest, STANDARD, vector, words_of};

    fn ask(mut body: Value) -> Value {
        body["model"] = json!("scripted-embed");
        let request: EmbeddingsRequest = serde_json::from_value(body).unwrap();
        match request.answer() {
            Ok(body) => serde_json::from_slice(&body).unwrap(),
            Err(refusal) => serde_json::from_slice(&refusal.json()).unwrap(),
        }
    }

    fn closeness(left: &str, right: &str) -> f32 {
        let (left, right) = (vector(&words_of(left), 256), vector(&words_of(right), 256));
        left.iter()
            .zip(&right)
            .map(|(left, right)| left * right)
            .sum()
    }

    #[test]
    fn the_same_text_has_the_same_vector_and_shared_words_bring_texts_closer() {
        assert!(closeness("The cat sat.", "the cat sat") > 0.999);
        let (near, far) = (
            closeness("the cat sat", "a cat sat"),
            closeness("the cat sat", "x y"),
        );
        assert!(near > 0.4 && near > far + 0.2, "{near} {far}");
    }

    #[test]
    fn every_input_form_is_answered() {
        for (input, count, words) in [
            (json!("two words"), 1, 2),
            (json!(["a", "b c"]), 2, 3),
            (json!([1, 2, 3]), 1, 3),
            (json!([[1], [2, 3]]), 2, 3),
        ] {
            let answer = ask(json!({"input": input, "dimensions": 5}));
            assert_eq!(answer["data"].as_array().unwrap().len(), count, "{answer}");
            assert_eq!(answer["usage"]["total_tokens"], words);
            assert_eq!(answer["data"][0]["embedding"].as_array().unwrap().len(), 5);
        }
    }

    #[test]
    fn base64_holds_the_same_numbers_as_little_endian_floats() {
        let floats = ask(json!({"input": "hello", "dimensions": 3}));
        let packed = ask(json!({"input": "hello", "dimensions": 3, "encoding_format": "base64"}));
        let bytes = STANDARD
            .decode(packed["data"][0]["embedding"].as_str().unwrap())
            .unwrap();
        let unpacked = bytes
            .chunks(4)
            .map(|four| f32::from_le_bytes(four.try_into().unwrap()));
        let floats = floats["data"][0]["embedding"].as_array().unwrap().iter();
        let floats = floats.map(|float| serde_json::from_value(float.clone()).unwrap());
        assert_eq!(unpacked.collect::<Vec<f32>>(), floats.collect::<Vec<f32>>());
    }

    #[test]
    fn nothing_to_embed_is_refused() {
        for input in [json!(""), json!([]), json!(["a", ""]), json!([[]])] {
            assert_eq!(ask(json!({"input": input}))["error"]["param"], "input");
        }
        assert_eq!(
            ask(json!({"input": "a", "dimensions": 0}))["error"]["param"],
            "dimensions"
        );
    }
}
