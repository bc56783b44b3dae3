//! What `jan-server doctor` says.

use jan_infra::runtime::{Part, Verdict, detect};

use super::ScratchDir;

#[tokio::test]
async fn an_empty_machine_is_told_what_is_missing() {
    let dir = ScratchDir::new();
    let mut settings = dir.settings();
    settings.wheels_dir = dir.0.join("nothing");
    settings.search_path = dir.0.join("nothing").into();
    settings.postgres.bin_dir = Some(dir.0.join("nothing"));
    let detection = detect(&settings).await;
    assert!(!detection.is_complete());
    for report in &detection.parts {
        let advised = report.advice.is_some();
        assert_eq!(advised, report.part != Part::Database, "{report}");
    }
    assert!(detection.to_string().contains("run `make setup`"));
    assert!(!dir.0.join("postgres").exists(), "looking made something");
}

#[tokio::test]
async fn a_machine_that_is_set_up_says_what_it_would_use() {
    let dir = ScratchDir::new();
    let settings = dir.settings();
    if !settings.wheels_dir.is_dir() {
        eprintln!(
            "SKIPPED: {} is not there (run `make setup`)",
            settings.wheels_dir.display()
        );
        return;
    }
    let detection = detect(&settings).await;
    assert!(detection.is_complete(), "{detection}");
    for report in &detection.parts {
        let chosen = report
            .found
            .iter()
            .filter(|one| one.verdict == Verdict::Chosen)
            .count();
        let several = report.part == Part::Wheels;
        assert!(several || chosen == 1, "{report}");
    }
    let json = serde_json::to_value(&detection).unwrap();
    assert_eq!(json["parts"][1]["part"], "postgres");
    assert_eq!(json["parts"][1]["found"][0]["verdict"], "chosen");
}
