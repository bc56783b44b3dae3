//! A real searx, the ancestor of `SearXNG`, as Debian has it: its engine asks a scripted page. `make
//! test` runs it where the package `searx` is installed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jan_infra::search::SearchSettings;
use jan_tests::scripted_web::{Reply, ScriptedWeb};
use serde_json::json;

use super::{Subject, question};

const PACKAGE: &str = "/usr/lib/python3/dist-packages/searx";
const EXAMPLE: &str = "/usr/share/doc/searx/examples/settings.yml";

/// Ends with the test.
struct Searx(Child);

impl Drop for Searx {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn settings(port: u16, upstream: &str) -> String {
    format!(
        r#"
use_default_settings: {{engines: {{keep_only: [loopback]}}}}
server: {{port: {port}, bind_address: "127.0.0.1", secret_key: "tests"}}
search: {{formats: [html, json]}}
engines:
  - name: loopback
    engine: json_engine
    shortcut: lo
    categories: general
    paging: true
    enable_http: true
    search_url: "{upstream}?q={{query}}&p={{pageno}}"
    results_query: results
    url_query: url
    title_query: title
    content_query: content
    disabled: false
"#
    )
}

/// Debian leaves the default settings to the administrator, so they are put beside a copy.
fn start(directory: &Path, port: u16, upstream: &str) -> Searx {
    let copied = Command::new("cp")
        .args(["-r", PACKAGE])
        .arg(directory)
        .status();
    assert!(
        copied.unwrap().success(),
        "the package searx is not installed"
    );
    std::fs::copy(EXAMPLE, directory.join("searx/settings.yml")).unwrap();
    let own = directory.join("settings.yml");
    std::fs::write(&own, settings(port, upstream)).unwrap();
    let child = Command::new("/usr/bin/python3")
        .args(["-m", "searx.webapp"])
        .env("PYTHONPATH", directory)
        .env("SEARX_SETTINGS_PATH", own)
        .current_dir(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Searx(child.unwrap())
}

#[tokio::test]
#[ignore = "needs Debian's package searx"]
async fn a_real_searx_is_asked_and_read() {
    let web = ScriptedWeb::start().await;
    let result =
        json!({"url": "https://coast.example/1", "title": "Tides", "content": "Twice a day."});
    web.tell("/upstream", [Reply::json(&json!({"results": [result]}))]);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let directory = std::env::temp_dir().join(format!("jan-searx-{port}"));
    std::fs::create_dir_all(&directory).unwrap();
    let searx = start(&directory, port, &web.url("/upstream"));
    let settings = SearchSettings {
        searxng_url: Some(format!("http://127.0.0.1:{port}")),
        ..SearchSettings::default()
    };
    let mut found = None;
    for _ in 0..60 {
        // A new searcher each time: one would leave it alone after some failures.
        let asked = Subject::over(&settings).await.ask(&question()).await;
        if asked.is_live() {
            found = Some(asked);
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    drop(searx);
    drop(std::fs::remove_dir_all(&directory));
    let found = found.expect("searx answers");
    assert_eq!((found.engine, found.status.as_str()), ("searxng", "live"));
    assert_eq!(found.hits.len(), 1, "{found:?}");
    let hit = &found.hits[0];
    assert_eq!(
        (hit.url.as_str(), hit.title.as_str(), hit.snippet.as_str()),
        ("https://coast.example/1", "Tides", "Twice a day.")
    );
}
