//! A process that dies while it keeps or deletes an image.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jan_commands::crash::{DELETE_POINTS, KEEP_POINTS};
use jan_tests::database::Database;
use jan_tests::process::Deployment;
use jan_tests::scripted_model::ScriptedModel;
use serde_json::{Value, json};

use crate::media::{files_below, png};

const MEDIA: &str = "/v1/media";

fn upload(bytes: &[u8]) -> Value {
    let url = format!("data:image/png;base64,{}", STANDARD.encode(bytes));
    json!({"source": {"type": "data_url", "data_url": url}})
}

struct Stage {
    deployment: Deployment,
    _model: ScriptedModel,
    _database: Database,
}

impl Stage {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let model = ScriptedModel::start().await;
        Self {
            deployment: Deployment::new(&database.options(), &model.base_url()),
            _model: model,
            _database: database,
        }
    }

    fn objects(&self) -> usize {
        files_below(&self.deployment.directory().join("media"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_a_death_interrupts_is_whole_when_it_is_sent_again() {
    let stage = Stage::set().await;
    for (number, point) in KEEP_POINTS.iter().enumerate() {
        let bytes = png(2, 2, point.as_bytes());
        let mut dying = stage.deployment.start_to_die_at(point, 1).await;
        let person = dying.remote().guest().await;
        let lost = person.post(MEDIA, &upload(&bytes)).await;
        assert!(lost.is_err(), "{point} was not passed: {lost:?}");
        assert!(!dying.until_dead().await.success());

        let next = stage.deployment.start().await;
        let person = person.at(&next.remote());
        let listed = person.get(MEDIA).await.unwrap().body;
        let recorded = listed["data"].as_array().unwrap().len();
        assert_eq!(
            recorded,
            usize::from(*point == "media.after_keep"),
            "{point}"
        );
        let kept = person.post(MEDIA, &upload(&bytes)).await.unwrap();
        assert_eq!(kept.status, 200, "{point}: {kept:?}");
        assert_eq!(kept.body["deduped"], *point == "media.after_keep");
        assert_eq!(stage.objects(), number + 1, "{point}: the same, once");
        let shown = format!("/v1/files/{}", kept.body["id"].as_str().unwrap());
        let shown = person.get(&shown).await.unwrap();
        assert_eq!(shown.body["bytes"], bytes.len(), "{point}");
        assert!(next.stop().await.success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_a_death_interrupts_is_a_deletion() {
    let stage = Stage::set().await;
    for (number, point) in DELETE_POINTS.iter().enumerate() {
        let bytes = png(2, 2, point.as_bytes());
        let mut dying = stage.deployment.start_to_die_at(point, 1).await;
        let person = dying.remote().guest().await;
        let kept = person.post(MEDIA, &upload(&bytes)).await.unwrap().body;
        let path = format!("{MEDIA}/{}", kept["id"].as_str().unwrap());
        let lost = person.delete(&path).await;
        assert!(lost.is_err(), "{point} was not passed: {lost:?}");
        assert!(!dying.until_dead().await.success());
        let lies_there = usize::from(*point == "media.after_delete");
        assert_eq!(stage.objects(), number + lies_there, "{point}");

        let next = stage.deployment.start().await;
        let person = person.at(&next.remote());
        assert_eq!(person.get(&path).await.unwrap().status, 404, "{point}");
        // What lies there still goes before the same is kept again.
        let again = person.post(MEDIA, &upload(&bytes)).await.unwrap();
        assert_eq!(again.status, 200, "{point}: {again:?}");
        assert_eq!(again.body["id"], kept["id"]);
        assert_eq!(again.body["deduped"], false, "{point}");
        assert_eq!(stage.objects(), number + 1, "{point}");
        assert!(next.stop().await.success());
    }
}
