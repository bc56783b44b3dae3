use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::code::{Approval, RunnerKind};

fn read(environment: &[(&str, &str)], file: &str) -> Result<Config, ConfigError> {
    Config::read(Sources::of(Overrides::default(), environment, file)?)
}

fn refusal(environment: &[(&str, &str)], file: &str) -> String {
    let Err(error) = read(environment, file) else {
        panic!("{file:?} must be refused")
    };
    error.to_string()
}

fn line<'a>(config: &'a Config, name: &str) -> &'a SettingLine {
    config
        .describe()
        .iter()
        .find(|line| line.name == name)
        .unwrap()
}

#[test]
fn nothing_needs_to_be_said() {
    let config = read(&[], "").unwrap();
    assert_eq!(config.server.address(), (Ipv4Addr::LOCALHOST, 8000).into());
    assert!(config.database.url.is_none() && config.providers.is_empty());
    assert_eq!(config.limits.body_bytes_max, 20 << 20);
    assert_eq!(config.runtime.data_dir, Path::new(".jan"));
    assert_eq!(config.runtime.wheels_dir, Path::new(".jan/runtime"));
    assert_eq!(
        config.signing_key_file(),
        Path::new(".jan/secrets/signing-key.pem")
    );
    assert!(
        config
            .describe()
            .iter()
            .all(|line| line.source == Source::Default)
    );
}

#[test]
fn flags_overrule_the_environment_and_that_overrules_the_file() {
    let file = "[server]\nport = 1\nbind = \"0.0.0.0\"\nroles = [\"api\"]";
    let environment = [("HTTP_PORT", "2"), ("JAN_BIND", "127.0.0.2")];
    let mut flags = Overrides::default();
    flags.set("server.port", "3");
    let config = Config::read(Sources::of(flags, &environment, file).unwrap()).unwrap();
    assert_eq!(config.server.address().to_string(), "127.0.0.2:3");
    assert!(config.server.roles.api && !config.server.roles.worker);
    assert_eq!(line(&config, "server.port").source, Source::Flag);
    assert_eq!(line(&config, "server.bind").source.to_string(), "$JAN_BIND");
    assert_eq!(line(&config, "server.roles").source.to_string(), "jan.toml");
}

#[test]
fn our_name_of_a_variable_goes_before_jans_and_an_empty_one_is_unset() {
    let config = read(
        &[("HTTP_PORT", "2"), ("JAN_PORT", "3"), ("DATABASE_URL", "")],
        "",
    )
    .unwrap();
    assert_eq!(config.server.port, 3);
    assert!(config.database.url.is_none());
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_match() {
    let message = refusal(&[], "[server]\nprot = 8000");
    assert_eq!(
        message,
        "jan.toml: there is no setting 'server.prot'; did you mean 'server.port'?"
    );
    assert!(refusal(&[], "port = 8000").ends_with("did you mean 'server.port'?"));
    assert!(refusal(&[], "[sever]").ends_with("no setting 'sever'; did you mean 'server'?"));
    assert!(refusal(&[], "server = 1").contains("there is no setting 'server'"));
    assert!(refusal(&[], "colour = 1").ends_with("`jan-server config` lists all of them"));
    let message = refusal(
        &[],
        "[[providers]]\nname='a'\nbase_url='http://a'\napikey='sk-1'",
    );
    assert!(
        message.contains("'providers[0].apikey'; did you mean 'api_key'?"),
        "{message}"
    );
    let mut flags = Overrides::default();
    flags.set("server.pport", "1");
    let error = Config::read(Sources::of(flags, &[], "").unwrap()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("command line: there is no setting"),
        "{error}"
    );
}

#[test]
fn an_empty_section_is_fine() {
    assert!(read(&[], "[server]\n[limits]").is_ok());
}

#[test]
fn a_wrong_value_names_setting_source_and_expectation_but_not_itself() {
    assert_eq!(
        refusal(&[("HTTP_PORT", "sk-secret")], ""),
        "'server.port' ($HTTP_PORT) must be a whole number from 0 to 65535"
    );
    assert_eq!(
        refusal(&[], "[limits]\nshutdown_timeout = 1.5"),
        "'limits.shutdown_timeout' (jan.toml) must be a time such as 500ms, 30s, 5m, 12h or 30d; a bare number is seconds"
    );
    assert!(refusal(&[("JAN_ROLES", "api,cook")], "").contains("api, worker and projector"));
    assert!(refusal(&[("DATABASE_URL", "mysql://a")], "").contains("postgres://"));
    assert!(refusal(&[], "[server]\nport = {a = 1}").contains("no setting 'server.port.a'"));
    assert!(refusal(&[], "providers = 1").contains("[[providers]]"));
}

#[test]
fn a_syntax_error_names_the_line_and_does_not_quote_it() {
    let text = "[server]\nport = 1\n\n[[providers]]\napi_key = \"sk-secret";
    let message = refusal(&[], text);
    assert!(message.starts_with("jan.toml line 5: "), "{message}");
    assert!(!message.contains("sk-secret"), "{message}");
}

#[test]
fn providers_come_from_jans_variables_and_from_tables() {
    let file = r#"
        [limits]
        provider_silence_timeout = "7s"

        [[providers]]
        name = "openai"
        base_url = "https://api.openai.com/v1"
        api_key_env = "OPENAI_API_KEY"
        models = ["gpt-5", "fast=gpt-5-mini"]
        discover = false
        first_byte_timeout = "3s"
    "#;
    let environment = [
        ("JAN_DEFAULT_NODE_URL", "http://localhost:8001/v1"),
        ("JAN_DEFAULT_NODE_API_KEY", "changeme"),
        ("OPENAI_API_KEY", "sk-canary"),
    ];
    let config = read(&environment, file).unwrap();
    let [jan, openai] = &config.providers[..] else {
        panic!("two providers")
    };
    assert_eq!(
        (jan.name.as_str(), jan.base_url.as_str()),
        ("jan", "http://localhost:8001/v1")
    );
    assert_eq!(jan.api_key.as_ref().unwrap().expose(), "changeme");
    assert_eq!(openai.api_key.as_ref().unwrap().expose(), "sk-canary");
    assert_eq!(openai.models[1].upstream.as_deref(), Some("gpt-5-mini"));
    assert!(!openai.discover && jan.discover);
    assert_eq!(openai.limits.first_byte, Duration::from_secs(3));
    assert_eq!(jan.limits.silence, Duration::from_secs(7));
    assert_eq!(openai.limits.silence, Duration::from_secs(7));

    let switched_off = [
        ("JAN_DEFAULT_NODE_URL", "http://a"),
        ("JAN_DEFAULT_NODE_SETUP", "false"),
    ];
    assert!(read(&switched_off, "").unwrap().providers.is_empty());
    let message = refusal(&[], "[[providers]]\nname = \"a\"");
    assert_eq!(message, "'providers[0].base_url' is missing in jan.toml");
    let message = refusal(
        &[],
        "[[providers]]\nname='a'\nbase_url='http://a'\napi_key_env='NOPE'",
    );
    assert!(
        message.contains("environment variable NOPE, which is not set"),
        "{message}"
    );
}

#[test]
fn no_secret_is_printed() {
    let file = r#"
        [[providers]]
        name = "a"
        base_url = "http://a"
        api_key = "canary-1"
        proxy = "http://me:canary-2@proxy:3128"
    "#;
    let environment = [
        ("DATABASE_URL", "postgres://jan:canary-3@db/jan"),
        ("JAN_DEFAULT_NODE_API_KEY", "canary-4"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=canary-5"),
    ];
    let config = read(&environment, file).unwrap();
    let json = serde_json::to_string(config.describe()).unwrap();
    assert!(!json.contains("canary"), "{json}");
    assert_eq!(
        line(&config, "database.url").value,
        "postgres://jan:***@db/jan"
    );
    assert_eq!(line(&config, "default_node.api_key").value, "[redacted]");
    let debug = format!("{:?}", (&config.database, &config.telemetry, &config.auth));
    assert!(!debug.contains("canary"), "{debug}");
    let url = "postgres://db/jan?user=jan&password=canary-6";
    let config = read(&[("DATABASE_URL", url)], "").unwrap();
    assert!(
        !format!(
            "{:?} {}",
            config.database,
            line(&config, "database.url").value
        )
        .contains("canary")
    );
}

#[test]
fn every_default_reads_back_as_itself_and_every_name_is_unique() {
    let config = read(&[], "").unwrap();
    let lines: Vec<_> = config
        .describe()
        .iter()
        .filter(|line| !line.name.contains("[]."))
        .collect();
    let names: BTreeSet<_> = lines.iter().map(|line| &line.name).collect();
    let variables: Vec<_> = lines.iter().flat_map(|line| line.env).collect();
    assert_eq!(names.len(), lines.len());
    assert_eq!(
        variables.iter().collect::<BTreeSet<_>>().len(),
        variables.len()
    );
    assert!(
        lines
            .iter()
            .all(|line| !line.env.is_empty() && !line.doc.is_empty())
    );

    let said = lines.iter().filter(|line| !line.default.is_empty());
    let environment: BTreeMap<_, _> = said
        .map(|line| (line.env[0], line.default.as_str()))
        .collect();
    let environment: Vec<_> = environment.into_iter().collect();
    let again = read(&environment, "").unwrap();
    for line in lines {
        let same = again
            .describe()
            .iter()
            .find(|other| other.name == line.name)
            .unwrap();
        assert_eq!(same.value, line.value, "{}", line.name);
    }
}

#[test]
fn a_variable_that_looks_like_ours_is_worth_a_warning() {
    let config = read(
        &[("JAN_PROT", "1"), ("PATH", "/bin"), ("JAN_CONFIG", "")],
        "",
    )
    .unwrap();
    assert_eq!(
        config.warnings(),
        ["$JAN_PROT is not a setting; did you mean 'JAN_PORT'?"]
    );
}

#[test]
fn a_file_that_is_named_must_exist_and_one_that_is_not_may_be_missing() {
    let nowhere = Path::new("/nonexistent");
    let open = |flags: Overrides, environment: &[(&str, &str)]| {
        let environment = environment
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        Sources::open(flags, environment, nowhere).map(drop)
    };
    assert!(open(Overrides::default(), &[]).is_ok());
    assert!(
        open(
            Overrides::default(),
            &[("JAN_CONFIG", "/nonexistent/a.toml")]
        )
        .is_err()
    );
    let mut flags = Overrides::default();
    flags.config_file("/nonexistent/b.toml");
    let message = open(flags, &[("JAN_CONFIG", "/nonexistent/a.toml")])
        .unwrap_err()
        .to_string();
    assert_eq!(message, "cannot read /nonexistent/b.toml");
}

#[test]
fn tool_servers_are_read_from_the_file_and_the_environment() {
    let file = "[tools]\nallow_private = [\"127.0.0.1:9000\", \"10.0.0.0/8\"]\nports = [443, 8443]\n\
                call_timeout = \"5s\"\n\
                [[tool_servers]]\nname = \"search\"\nurl = \"http://search/mcp\"\napi_key_env = \"SEARCH_KEY\"\n\
                allowed_tools = [\"google_search\"]\nlist_timeout = \"2s\"";
    let environment = [
        ("SEARCH_KEY", "sk-secret"),
        ("MCP_TOOLS_URL", "http://mcp-tools:8091/v1/mcp"),
    ];
    let config = read(&environment, file).unwrap();
    let [jan, search] = config.tools.servers.as_slice() else {
        panic!("{:?}", config.tools.servers)
    };
    assert_eq!(
        (jan.name.as_str(), jan.url.as_str()),
        ("jan", "http://mcp-tools:8091/v1/mcp")
    );
    assert_eq!(search.api_key.as_ref().unwrap().expose(), "sk-secret");
    assert_eq!(search.allowed_tools, ["google_search"]);
    assert_eq!(search.limits.call, Duration::from_secs(5));
    assert_eq!(search.limits.list, Duration::from_secs(2));
    assert_eq!(config.tools.ports, [443, 8443]);
    assert_eq!(
        line(&config, "tools.allow_private").value,
        "127.0.0.1:9000,10.0.0.0/8"
    );
    let shown = format!("{:?}", config.describe());
    assert!(!shown.contains("sk-secret"), "{shown}");
    assert!(refusal(&[], "[tools]\nallow_private = \"a b\"").contains("10.0.0.0/8"));
    assert!(
        refusal(&[], "[[tool_servers]]\nname='a'").contains("'tool_servers[0].url' is missing")
    );
    assert!(refusal(&[], "tool_servers = 1").contains("[[tool_servers]]"));
}

#[test]
fn code_runs_where_the_settings_say() {
    let kind = |environment: &[(&str, &str)]| read(environment, "").unwrap().code.kind();
    let fusion = ("SANDBOX_FUSION_URL", "http://sandbox:8080");
    assert_eq!(kind(&[]), RunnerKind::Monty);
    assert_eq!(kind(&[fusion]), RunnerKind::SandboxFusion);
    assert_eq!(
        kind(&[fusion, ("JAN_CODE_RUNNER", "bubblewrap")]),
        RunnerKind::Bubblewrap
    );
    let approval = |text: &str| {
        let environment = [("SANDBOX_FUSION_REQUIRE_APPROVAL", text)];
        read(&environment, "").unwrap().code.approval
    };
    assert_eq!(approval("false"), Approval::Never);
    assert_eq!(approval("true"), Approval::Always);
    let accounts = ["user_a", "user_b"].map(str::to_owned).into();
    assert_eq!(approval("user_b, user_a"), Approval::Of(accounts));
    assert!(read(&[("JAN_CODE_RUNNER", "docker")], "").is_err());
}
