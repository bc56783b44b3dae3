//! Running as root, which Postgres refuses to do.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use jan_infra::runtime::RuntimeError;

use super::postgres::{start, words, write};
use super::{ScratchDir, is_root};

#[tokio::test]
async fn root_hands_the_database_to_an_unprivileged_user() {
    if !is_root() {
        eprintln!("SKIPPED: only root hands anything over");
        return;
    }
    let dir = ScratchDir::new();
    let postgres = start(&dir.settings()).await.unwrap();
    for owned in ["postgres", "run"] {
        let found = std::fs::metadata(dir.0.join(owned)).unwrap();
        assert_ne!(found.uid(), 0, "{owned}");
        assert_eq!(found.mode() & 0o777, 0o700, "{owned}");
    }
    postgres.stop().await;
}

#[tokio::test]
async fn root_moves_the_database_out_of_a_directory_that_others_cannot_enter() {
    if !is_root() {
        eprintln!("SKIPPED: only root is in this trap");
        return;
    }
    let dir = ScratchDir::new();
    set_permissions(&dir.0, Permissions::from_mode(0o700)).unwrap();
    let mut settings = dir.settings();
    settings.data_dir = dir.0.join("data");
    let postgres = start(&settings).await.unwrap();
    write(&postgres, "reachable").await;
    postgres.stop().await;

    let pointer = std::fs::read_to_string(settings.data_dir.join("postgres.moved")).unwrap();
    let cluster = Path::new(pointer.trim());
    assert!(cluster.starts_with("/var/lib/jan-server"), "{pointer}");
    // It is still the same database when the way is open again.
    set_permissions(&dir.0, Permissions::from_mode(0o755)).unwrap();
    let postgres = start(&settings).await.unwrap();
    assert_eq!(words(&postgres).await, ["reachable"]);
    postgres.stop().await;
    std::fs::remove_dir_all(cluster.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn a_database_that_became_unreachable_is_not_replaced_by_an_empty_one() {
    if !is_root() {
        eprintln!("SKIPPED: only root is in this trap");
        return;
    }
    let dir = ScratchDir::new();
    start(&dir.settings()).await.unwrap().stop().await;
    set_permissions(&dir.0, Permissions::from_mode(0o700)).unwrap();
    let refusal = start(&dir.settings()).await.unwrap_err();
    assert!(matches!(refusal, RuntimeError::Barred { .. }), "{refusal}");
}
