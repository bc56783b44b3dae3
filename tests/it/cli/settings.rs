//! `jan-server config`.

use serde_json::Value;

use super::Desk;

#[test]
fn secrets_are_not_printed() {
    let desk = Desk::new()
        .with("DATABASE_URL", "postgres://jan:TopSecret1@db/jan")
        .with("JAN_DEFAULT_NODE_URL", "http://127.0.0.1:9/v1")
        .with("JAN_DEFAULT_NODE_API_KEY", "sk-TopSecret2")
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        .with("OTEL_EXPORTER_OTLP_HEADERS", "authorization=TopSecret3");
    for arguments in [&["config"][..], &["config", "--json"]] {
        let said = desk.run(arguments);
        let text = said.answer();
        assert!(!text.contains("TopSecret"), "{text}");
        assert!(text.contains("postgres://jan:***@db/jan"), "{text}");
    }
}

#[test]
fn every_setting_tells_its_value_and_who_said_it() {
    let desk = Desk::new().with("JAN_PORT", "8123");
    std::fs::write(
        desk.directory.join("jan.toml"),
        "[limits]\nappend_queue = 7\n[server]\nport = 9000\n",
    )
    .unwrap();
    let said = desk.run(&["config", "--json", "--set", "auth.guests=false"]);
    let settings: Vec<Value> = serde_json::from_str(said.answer()).unwrap();
    let of = |name: &str| settings.iter().find(|line| line["name"] == name).unwrap();
    let told = |name| {
        [
            &of(name)["value"],
            &of(name)["default"],
            &of(name)["source"],
        ]
    };
    assert_eq!(told("server.port"), ["8123", "8000", "$JAN_PORT"]);
    assert_eq!(told("auth.guests"), ["false", "true", "command line"]);
    assert_eq!(told("server.bind"), ["127.0.0.1", "127.0.0.1", "default"]);
    assert_eq!(of("server.port")["env"][0], "JAN_PORT");
    assert!(settings.iter().all(|line| line["doc"] != ""));

    let changed = desk.run(&["config", "--changed"]);
    assert!(changed.answer().contains("server.port = 8123\n"));
    assert!(!changed.out.contains("server.bind"));
}

#[test]
fn a_misspelt_setting_is_refused_with_the_nearest_one() {
    let desk = Desk::new();
    std::fs::write(desk.directory.join("jan.toml"), "[server]\nprot = 1\n").unwrap();
    let said = desk.run(&["serve"]);
    assert_eq!(
        said.complaint(2),
        "jan.toml: there is no setting 'server.prot'; did you mean 'server.port'?"
    );
}

#[test]
fn a_misspelt_variable_is_pointed_out() {
    let said = Desk::new().with("JAN_PROT", "1").run(&["config"]);
    assert_eq!(said.code, Some(0));
    assert!(
        said.err.contains("$JAN_PROT") && said.err.contains("JAN_PORT"),
        "{}",
        said.err
    );
}

#[test]
fn lines_are_no_longer_than_a_page_is_wide() {
    let said = Desk::new().run(&["config"]);
    let prose = said
        .answer()
        .lines()
        .filter(|line| line.starts_with("    "));
    assert!(prose.clone().count() > 50);
    for line in prose {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
