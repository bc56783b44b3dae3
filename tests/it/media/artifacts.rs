//! Files that programs leave, kept as media of whoever had them run.

use jan_infra::code::{CodeSettings, RunnerKind};
use jan_tests::app::{App, Setup};
use jan_tests::given::MODEL;
use jan_tests::request::Client;
use jan_tests::scripted_web::{Reply, ScriptedWeb};
use serde_json::{Value, json};

use super::{FILES, objects, path_of, png};

/// A sandbox whose every program leaves a picture.
async fn sandbox(picture: &[u8]) -> ScriptedWeb {
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.encode(picture);
    let part = json!({"status": "Finished", "execution_time": 0.03, "return_code": 0,
        "stdout": "drawn\n", "stderr": ""});
    let answer = json!({"status": "Success", "message": "", "compile_result": null,
        "run_result": part, "executor_pod_name": null, "files": {"out/plot.png": data}});
    let web = ScriptedWeb::start().await;
    web.tell("/run_code", vec![Reply::json(&answer); 4]);
    web
}

async fn app(web: &ScriptedWeb, owner_bytes_max: usize) -> App {
    let code = CodeSettings {
        runner: Some(RunnerKind::SandboxFusion),
        sandbox_fusion_url: Some(web.base_url().to_owned()),
        ..CodeSettings::default()
    };
    let mut setup = Setup {
        code: Some(code),
        ..Setup::default()
    };
    setup.media.owner_bytes_max = owner_bytes_max;
    App::start_with(setup).await
}

/// The result of a program, called over MCP.
async fn drawn(client: &Client) -> Value {
    let params = json!({"name": "python_exec", "arguments": {"code": "draw()"}});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let told = client
        .post("/v1/mcp", message)
        .header("accept", "*/*")
        .await;
    told.expect_status(200).json()["result"].take()
}

#[tokio::test]
async fn a_picture_that_a_program_has_drawn_is_a_file_of_its_owners() {
    let picture = png(8, 8, b"plot");
    let web = sandbox(&picture).await;
    let app = app(&web, 1 << 20).await;
    let result = drawn(&app).await;
    let artifact = &result["structuredContent"]["artifacts"][0];
    let id = artifact["id"].as_str().unwrap();
    assert!(id.starts_with("jan_"), "{artifact}");
    assert_eq!(
        (&artifact["name"], &artifact["type"], &artifact["size"]),
        (
            &json!("out/plot.png"),
            &json!("image/png"),
            &json!(picture.len())
        )
    );
    // The model is told the same.
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(text).unwrap(),
        result["structuredContent"]
    );
    let path = path_of(&artifact["url"]);
    assert_eq!(path, format!("{FILES}/{id}/content"));
    let read = app.get(&path).await.expect_status(200);
    assert_eq!(read.bytes(), &picture);
    app.guest().await.get(&path).await.expect_status(404);
    let listed = app.get(&format!("{FILES}?purpose=assistants_output")).await;
    let listed = listed.expect_status(200).json();
    assert_eq!(listed["data"][0]["id"], id);
    assert_eq!(listed["data"][0]["filename"], "out/plot.png");
    // Another run has left another file.
    let again = drawn(&app).await;
    assert_ne!(again["structuredContent"]["artifacts"][0]["id"], id);
}

#[tokio::test]
async fn a_run_names_the_file_and_a_run_that_keeps_nothing_keeps_no_file() {
    let picture = png(8, 8, b"plot");
    let web = sandbox(&picture).await;
    let app = app(&web, 1 << 20).await;
    let tools = json!([{"type": "code_interpreter", "container": {"type": "auto"}}]);
    let include = json!(["code_interpreter_call.outputs"]);
    let asked = |store: bool| {
        let said = r#"call tool code_interpreter with {"code": "draw()"}"#;
        let wish = json!({"model": MODEL, "input": said, "tools": tools, "include": include,
            "store": store});
        app.post("/v1/responses", wish)
    };
    asked(false).await.expect_status(200);
    assert_eq!(objects(&app), 0);
    let told = asked(true).await.expect_status(200).json();
    assert_eq!(objects(&app), 1);
    let outputs = told["output"][0]["outputs"].as_array().unwrap();
    let image = outputs.iter().find(|output| output["type"] == "image");
    let path = path_of(&image.unwrap_or_else(|| panic!("{told}"))["url"]);
    assert_eq!(app.get(&path).await.expect_status(200).bytes(), &picture);
}

#[tokio::test]
async fn a_file_for_which_there_is_no_room_comes_whole_and_says_why() {
    let web = sandbox(&png(8, 8, b"plot")).await;
    let app = app(&web, 10).await;
    let result = drawn(&app).await;
    let told = &result["structuredContent"];
    assert_eq!(told["artifacts"][0]["id"], Value::Null);
    let url = told["artifacts"][0]["url"].as_str().unwrap();
    assert!(url.starts_with("data:image/png;base64,"), "{url}");
    assert_eq!(
        told["warning"],
        "'out/plot.png' is not kept: more than 10 bytes would be kept; delete something first"
    );
    assert_eq!(objects(&app), 0);
}
