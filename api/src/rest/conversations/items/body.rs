use chrono::SecondsFormat;
use jan_domain::Json;
use jan_domain::item::{Item, parse_item};
use jan_domain::ports::IdGenerator;
use jan_projections::ItemRow;
use serde_json::{Map, Value, json};

use crate::context::Flavour;
use crate::error::ApiError;

/// Reads the items of a request. Every item draws an id, needed or not, so that a repeated request
/// draws the same ones.
pub(crate) fn read(items: Vec<Value>, ids: &dyn IdGenerator) -> Result<Vec<Item>, ApiError> {
    let read = items.into_iter().enumerate().map(|(place, item)| {
        parse_item(item, ids.message()).map_err(|invalid| {
            let at = format!("items[{place}]{}", invalid.at);
            ApiError::invalid_value(invalid.problem).at(at)
        })
    });
    read.collect()
}

/// An item as it is shown: as it is kept, and under Jan's prefixes with its place and time.
pub(super) fn shown(row: ItemRow, flavour: Flavour) -> Json {
    match flavour {
        Flavour::OpenAi => row.body,
        Flavour::Jan => in_jan_shape(&row),
    }
}

/// Jan's fields win over what a client may have sent under the same names.
fn in_jan_shape(row: &ItemRow) -> Json {
    let mut fields: Map<String, Value> = row.body.read().unwrap_or_default();
    let added = [
        ("object", json!("conversation.item")),
        ("branch", json!("MAIN")),
        ("sequence_number", json!(row.sequence_number)),
        (
            "created_at",
            json!(row.created_at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        ),
    ];
    for (name, value) in added {
        fields.insert(name.to_owned(), value);
    }
    Json::of(&fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use jan_domain::ports::SeededIds;

    #[test]
    fn a_bad_item_is_refused_at_its_place_in_the_body() {
        let items = vec![
            json!({"role": "user", "content": "hi"}),
            json!({"role": "user", "content": [
                {"type": "input_text", "text": "a"}, {"type": "input_text", "text": 1}]}),
        ];
        let refused = read(items, &SeededIds::new([0; 32])).unwrap_err();
        let error = &refused.body()["error"];
        assert_eq!(error["param"], "items[1].content[1].text");
    }

    #[test]
    fn a_repeated_request_draws_the_same_ids() {
        let items = || {
            vec![
                json!({"id": "msg_own", "role": "user", "content": "hi"}),
                json!({"role": "user", "content": "there"}),
            ]
        };
        let read = |items| read(items, &SeededIds::new([7; 32])).unwrap();
        assert_eq!(read(items()), read(items()));
        assert_eq!(read(items())[0].id.as_str(), "msg_own");
    }

    #[test]
    fn jan_sees_where_and_when() {
        let item = read(
            vec![json!({"type": "reasoning", "summary": [], "object": "x"})],
            &SeededIds::new([0; 32]),
        );
        let item = item.unwrap().remove(0);
        let row = ItemRow {
            id: item.id.clone(),
            sequence_number: 3,
            body: Json::of(&item),
            created_at: DateTime::UNIX_EPOCH,
        };
        assert_eq!(shown(row.clone(), Flavour::OpenAi), Json::of(&item));
        let told: Value = shown(row, Flavour::Jan).read().unwrap();
        assert_eq!(
            told,
            json!({"id": item.id, "object": "conversation.item", "branch": "MAIN",
                "sequence_number": 3, "created_at": "1970-01-01T00:00:00.000Z",
                "type": "reasoning", "status": "completed", "summary": []})
        );
    }
}
