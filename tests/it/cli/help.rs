//! What `--help` says, and what happens to whoever did not read it.

use insta::assert_snapshot;

use super::Desk;

const COMMANDS: &[&[&str]] = &[
    &[],
    &["serve"],
    &["migrate"],
    &["events"],
    &["events", "tail"],
    &["events", "show"],
    &["events", "export"],
    &["events", "import"],
    &["events", "verify"],
    &["events", "checkpoint"],
    &["events", "prove"],
    &["events", "verify-proof"],
    &["conversations"],
    &["conversations", "show"],
    &["conversations", "diff"],
    &["responses"],
    &["responses", "replay"],
    &["projections"],
    &["projections", "list"],
    &["projections", "rebuild"],
    &["projections", "verify"],
    &["projections", "rollback"],
    &["projections", "retire"],
    &["projections", "parked"],
    &["projections", "retry"],
    &["projections", "skip"],
    &["tools"],
    &["tools", "list"],
    &["keys"],
    &["keys", "admin"],
    &["keys", "rotate"],
    &["accounts"],
    &["accounts", "list"],
    &["accounts", "show"],
    &["accounts", "export"],
    &["accounts", "erase"],
    &["retention"],
    &["retention", "run"],
    &["config"],
    &["doctor"],
    &["openapi"],
    &["graphql-schema"],
];

#[test]
fn every_command_explains_itself() {
    let desk = Desk::new();
    let mut pages = String::new();
    for command in COMMANDS {
        let arguments = [command, ["--help"].as_slice()].concat();
        let title = arguments.join(" ");
        let page = desk.run(&arguments);
        pages.extend(["$ jan-server ", &title, "\n\n", page.answer(), "\n"]);
    }
    assert_snapshot!(pages);
}

#[test]
fn no_command_is_left_out_of_these_tests() {
    let top = Desk::new().run(&["--help"]);
    let commands = top.answer().split("Commands:").nth(1).unwrap();
    let commands = commands.split("\n\n").next().unwrap();
    let names = commands
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| *name != "help") {
        assert!(
            COMMANDS.iter().any(|known| known.first() == Some(&name)),
            "{name}"
        );
    }
}

#[test]
fn a_command_that_asks_wrongly_ends_with_2() {
    let desk = Desk::new();
    for wrong in [
        &["nonsense"][..],
        &["serve", "--nonsense"],
        &["serve", "--port", "70000"],
        &["config", "--set", "no-equals-sign"],
        &["config", "--set", "server.port=many"],
        &["config", "--config", "nowhere.toml"],
        &["events", "tail", "--trace", "xyz"],
        &["events", "tail", "-n", "-1"],
        &["events", "show"],
        &["conversations", "show"],
        &["conversations", "show", "conv_1", "--at-version", "0"],
        &[
            "conversations",
            "show",
            "conv_1",
            "--at-version",
            "1",
            "--at-position",
            "1",
        ],
        &["conversations", "show", "conv_1", "--at-time", "yesterday"],
        &["conversations", "diff", "conv_1"],
    ] {
        let said = desk.run(wrong);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(!said.err.is_empty(), "{wrong:?}");
    }
}
