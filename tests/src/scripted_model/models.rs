//! `GET /v1/models` and `GET /v1/models/{id}`.

use http::StatusCode;
use serde::Serialize;

use super::answer::{AnswerPlan, JSON, Plan};
use super::refusal::{Refusal, to_json};
use super::stage::Stage;
use super::wire::CREATED;

#[derive(Serialize)]
struct ModelList<'a> {
    object: &'static str,
    data: Vec<Model<'a>>,
}

#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

pub(super) fn list(stage: &Stage) -> Plan {
    let data = stage.options.served().map(model).collect();
    answer(&ModelList {
        object: "list",
        data,
    })
}

pub(super) fn get(stage: &Stage, id: &str) -> Result<Plan, Refusal> {
    stage.ensure_served(id)?;
    Ok(answer(&model(id)))
}

fn model(id: &str) -> Model<'_> {
    Model {
        id,
        object: "model",
        created: CREATED,
        owned_by: "scripted",
    }
}

fn answer(body: &impl Serialize) -> Plan {
    Plan::Answer(AnswerPlan::whole(StatusCode::OK, JSON, to_json(body)))
}
