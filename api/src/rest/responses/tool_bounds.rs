//! What a request says of OpenAI's tools, in the words of our own: bounds that no call of the model
//! leaves.

use std::collections::BTreeMap;

use jan_domain::document::AttributeFilter;
use jan_domain::limits::DOCUMENT_HITS_MAX;
use jan_domain::response::run::UseKind;
use serde_json::{Map, Value, json};

use super::warnings::Warnings;
use crate::error::ApiError;
use crate::rest::value_check::{expect, integer, number, one_of, text};
use crate::state::SearchPlaces;

/// Stores of one tool, and domains (OpenAI).
const STORES_MAX: usize = 100;
const DOMAINS_MAX: usize = 100;
/// Characters of a word about a place.
const PLACE_CHARS_MAX: usize = 100;
const SIZES: &[&str] = &["low", "medium", "high"];

/// Reads the settings of one tool. What has no effect is named.
pub(super) fn read(
    builtin: UseKind,
    fields: &Map<String, Value>,
    warnings: &mut Warnings,
) -> Result<Map<String, Value>, ApiError> {
    let mut reading = Reading {
        kind: fields["type"].as_str().unwrap_or_default(),
        fields,
        warnings,
        bounds: Map::new(),
    };
    match builtin {
        UseKind::FileSearch => reading.file_search()?,
        UseKind::WebSearch => reading.web_search()?,
        UseKind::Mcp | UseKind::CodeInterpreter => {}
    }
    Ok(reading.bounds)
}

/// Names what of a caller's place the search engines that are set up take no notice of.
pub(crate) fn name_unknown_places(
    bounds: &BTreeMap<UseKind, Map<String, Value>>,
    known: SearchPlaces,
    warnings: &mut Warnings,
) {
    let Some(bounds) = bounds.get(&UseKind::WebSearch) else {
        return;
    };
    let said = |name: &str| bounds.contains_key(name);
    let unknown = match (said("gl"), said("location")) {
        (true, _) if !known.countries => "'user_location' has",
        (false, true) if !known.places => "'user_location' has",
        (true, true) if !known.places => "'user_location.city' and 'user_location.region' have",
        _ => return,
    };
    warnings.add(format!(
        "{unknown} no effect on the search engines that are set up"
    ));
}

struct Reading<'r> {
    kind: &'r str,
    fields: &'r Map<String, Value>,
    warnings: &'r mut Warnings,
    bounds: Map<String, Value>,
}

impl<'r> Reading<'r> {
    fn file_search(&mut self) -> Result<(), ApiError> {
        if let Some(stores) = self.get("vector_store_ids") {
            texts(stores, STORES_MAX).map_err(|error| error.at("vector_store_ids"))?;
            self.bound("collections", stores.clone());
        }
        if let Some(most) = self.get("max_num_results") {
            let checked = integer(most, 1, i64::from(DOCUMENT_HITS_MAX));
            checked.map_err(|error| error.at("max_num_results"))?;
            self.bound("top_k", most.clone());
        }
        if let Some(filter) = self.get("filters") {
            AttributeFilter::parse(filter).map_err(|invalid| {
                let at = ["filters", &invalid.at];
                let at = at.into_iter().filter(|at| !at.is_empty());
                let at = at.collect::<Vec<_>>().join(".");
                ApiError::invalid_value(format!("Not a filter: {invalid}.")).at(at)
            })?;
            self.bound("filters", filter.clone());
        }
        self.ranking()
    }

    fn ranking(&mut self) -> Result<(), ApiError> {
        let Some(options) = self.object("ranking_options")? else {
            return Ok(());
        };
        if let Some(least) = given(options, "score_threshold") {
            let checked = number(least, 0.0, 1.0);
            checked.map_err(|error| error.at("ranking_options.score_threshold"))?;
            self.bound("score_min", least.clone());
        }
        // There is one way of ranking; "auto" asks for it.
        if given(options, "ranker").is_some_and(|ranker| ranker != "auto") {
            self.no_effect("ranking_options.ranker");
        }
        self.others_have_no_effect("ranking_options", options, &["score_threshold", "ranker"]);
        Ok(())
    }

    fn web_search(&mut self) -> Result<(), ApiError> {
        if let Some(filters) = self.object("filters")? {
            if let Some(domains) = given(filters, "allowed_domains") {
                let checked = texts(domains, DOMAINS_MAX).and_then(|()| hosts(domains));
                let hosts = checked.map_err(|error| error.at("filters.allowed_domains"))?;
                self.bound("domain_allow_list", hosts);
            }
            self.others_have_no_effect("filters", filters, &["allowed_domains"]);
        }
        if let Some(size) = self.get("search_context_size") {
            one_of(size, SIZES).map_err(|error| error.at("search_context_size"))?;
            let results = match size.as_str() {
                Some("low") => 5,
                Some("high") => 20,
                _ => 10,
            };
            self.bound("num", json!(results));
        }
        self.location()
    }

    fn location(&mut self) -> Result<(), ApiError> {
        let Some(location) = self.object("user_location")? else {
            return Ok(());
        };
        let mut place = Vec::new();
        for name in ["city", "region", "country"] {
            if let Some(said) = given(location, name) {
                let checked = text(said, PLACE_CHARS_MAX);
                checked.map_err(|error| error.at(format!("user_location.{name}")))?;
                place.extend(said.as_str().filter(|said| !said.trim().is_empty()));
            }
        }
        let country = given(location, "country").and_then(Value::as_str);
        let country = country.filter(|country| !country.trim().is_empty());
        if let Some(country) = country {
            let letters = country.len() == 2 && country.bytes().all(|it| it.is_ascii_alphabetic());
            let checked = expect(letters, "a country as two letters");
            checked.map_err(|error| error.at("user_location.country"))?;
            self.bound("gl", json!(country.to_ascii_lowercase()));
        }
        // A country alone is said by its letters.
        if place.len() > usize::from(country.is_some()) {
            self.bound("location", json!(place.join(", ")));
        }
        let known = ["type", "city", "region", "country"];
        self.others_have_no_effect("user_location", location, &known);
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&'r Value> {
        given(self.fields, name)
    }

    fn object(&self, name: &str) -> Result<Option<&'r Map<String, Value>>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        expect(value.is_object(), "an object").map_err(|error| error.at(name))?;
        Ok(value.as_object())
    }

    fn bound(&mut self, name: &str, value: Value) {
        self.bounds.insert(name.to_owned(), value);
    }

    fn others_have_no_effect(&mut self, of: &str, fields: &Map<String, Value>, known: &[&str]) {
        let others = fields.keys().filter(|name| !known.contains(&name.as_str()));
        for name in others.filter(|name| given(fields, name).is_some()) {
            let shown: String = name
                .chars()
                .filter(char::is_ascii_graphic)
                .take(40)
                .collect();
            self.no_effect(&format!("{of}.{shown}"));
        }
    }

    fn no_effect(&mut self, name: &str) {
        let kind = self.kind;
        self.warnings
            .add(format!("'{name}' of a '{kind}' tool has no effect"));
    }
}

fn given<'v>(fields: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn texts(list: &Value, most: usize) -> Result<(), ApiError> {
    let all = list.as_array().map(Vec::as_slice);
    expect(
        all.is_some_and(|all| all.iter().all(Value::is_string)),
        "a list of strings",
    )?;
    if all.is_some_and(|all| all.len() > most) {
        return Err(ApiError::invalid_value(format!(
            "Expected at most {most} strings."
        )));
    }
    Ok(())
}

/// Domains as people write them, which may come with a scheme.
fn hosts(domains: &Value) -> Result<Value, ApiError> {
    let host = |domain: &Value| {
        let text = domain.as_str()?.trim();
        let text = text.split_once("://").map_or(text, |(_, rest)| rest);
        let host = text.trim_end_matches('/').trim_start_matches("*.");
        let fits = !host.is_empty() && !host.contains(['/', ' ', ':', '@', '(', ')', '"']);
        fits.then(|| json!(host))
    };
    let listed = domains.as_array().into_iter().flatten();
    let hosts: Option<Vec<Value>> = listed.map(host).collect();
    hosts
        .map(Value::Array)
        .ok_or_else(|| ApiError::invalid_value("Expected domains such as example.com."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_engine_knows_of_a_place_is_named() {
        let city = "'user_location.city' and 'user_location.region' have no effect on the search \
            engines that are set up";
        let all = "'user_location' has no effect on the search engines that are set up";
        for (bounds, countries, places, expected) in [
            (json!({"gl": "gb"}), true, false, None),
            (json!({"gl": "gb"}), false, false, Some(all)),
            (
                json!({"gl": "gb", "location": "Hull, GB"}),
                true,
                true,
                None,
            ),
            (
                json!({"gl": "gb", "location": "Hull, GB"}),
                true,
                false,
                Some(city),
            ),
            (
                json!({"gl": "gb", "location": "Hull, GB"}),
                false,
                false,
                Some(all),
            ),
            (json!({"location": "Hull"}), true, false, Some(all)),
            (json!({"num": 5}), false, false, None),
        ] {
            let known = SearchPlaces { countries, places };
            let fields = bounds.as_object().unwrap().clone();
            let mut warnings = Warnings::default();
            let all_bounds = BTreeMap::from([(UseKind::WebSearch, fields)]);
            name_unknown_places(&all_bounds, known, &mut warnings);
            let named = warnings.into_list();
            assert_eq!(
                named.first().map(String::as_str),
                expected,
                "{bounds} {known:?}"
            );
        }
    }
}
