//! Builds again when a migration is added: the embedded list notices edited files only.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
