//! monty in worker processes: what it gives back, what its sessions hold, and what its workers lack.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jan_infra::code::{CodeRunner, CodeSettings, RunOutcome};

use super::{code, hurried, in_session, runner, settings};

async fn value(runner: &Arc<dyn CodeRunner>, account: &str, session: &str, text: &str) -> String {
    let step = format!("step_{}", digits_of(text));
    let run = runner.run(in_session(account, session, &step, text)).await;
    let run = run.expect("it runs");
    run.value.or(run.error).unwrap_or_default()
}

/// Another name for another text.
fn digits_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[tokio::test]
async fn what_is_printed_and_the_last_value_come_back() {
    let runner = runner(&settings()).await;
    let run = runner.run(code(
        "print('a', end='')\nprint(1, 2)\n[x * x for x in range(4)]",
    ));
    let run = run.await.unwrap();
    assert_eq!(run.outcome, RunOutcome::Finished);
    assert_eq!(run.stdout, "a1 2\n");
    assert_eq!(run.stderr, "");
    assert_eq!(run.value.as_deref(), Some("[0, 1, 4, 9]"));
    assert_eq!((run.error, run.output_cut), (None, false));
    assert!(run.peak_memory_bytes.is_some_and(|bytes| bytes > 1 << 20));
}

#[tokio::test]
async fn an_exception_comes_with_its_traceback() {
    let runner = runner(&settings()).await;
    let text = "def f():\n    return 1 / 0\nprint('before')\nf()";
    let run = runner.run(code(text)).await.unwrap();
    assert_eq!(run.outcome, RunOutcome::Raised);
    assert_eq!(run.stdout, "before\n");
    assert_eq!(
        run.error.as_deref(),
        Some("ZeroDivisionError: division by zero")
    );
    assert!(run.stderr.starts_with("Traceback (most recent call last):"));
    assert!(run.stderr.contains("in f") && run.stderr.contains("1 / 0"));
}

#[tokio::test]
async fn output_is_cut_and_the_program_goes_on() {
    let mut settings = settings();
    settings.limits.output_bytes = 1000;
    let runner = runner(&settings).await;
    let text = "for i in range(500):\n    print('ä' * 9)\n'done'";
    let run = runner.run(code(text)).await.unwrap();
    assert_eq!(run.outcome, RunOutcome::Finished);
    assert!(run.output_cut && (990..=1000).contains(&run.stdout.len()));
    assert_eq!(run.value.as_deref(), Some("'done'"));
}

#[tokio::test]
async fn what_was_printed_before_the_end_of_time_is_there() {
    let runner = runner(&hurried(Duration::from_secs(1))).await;
    let run = runner.run(code("print('so far')\nwhile True:\n    pass"));
    let run = run.await.unwrap();
    assert_eq!(run.outcome, RunOutcome::TimedOut);
    assert_eq!(run.stdout, "so far\n");
    assert_eq!(run.error.as_deref(), Some("it took longer than 1s"));
}

#[tokio::test]
async fn a_session_keeps_what_its_programs_made() {
    let runner = runner(&settings()).await;
    let ask = |text: &'static str| value(&runner, "user_1", "s", text);
    ask("import json\nnames = ['a']\ndef add(x):\n    names.append(x)\n    return names").await;
    assert_eq!(ask("add('b')").await, "['a', 'b']");
    // What an exception interrupted is there as far as it came, as in a notebook.
    assert_eq!(
        ask("names.append('c')\n1 / 0").await,
        "ZeroDivisionError: division by zero"
    );
    assert_eq!(ask("json.dumps(names)").await, r#"'["a", "b", "c"]'"#);
}

#[tokio::test]
async fn a_session_belongs_to_its_owner_and_its_name() {
    let runner = runner(&settings()).await;
    value(&runner, "user_1", "s", "x = 'secret'").await;
    for (account, session) in [("user_2", "s"), ("user_1", "t")] {
        let seen = value(&runner, account, session, "x").await;
        assert_eq!(seen, "NameError: name 'x' is not defined");
    }
    let alone = runner.run(code("x")).await.unwrap();
    assert_eq!(alone.outcome, RunOutcome::Raised);
    assert_eq!(value(&runner, "user_1", "s", "x").await, "'secret'");
}

#[tokio::test]
async fn a_session_survives_what_kills_its_program() {
    let runner = runner(&hurried(Duration::from_secs(2))).await;
    value(&runner, "user_1", "s", "x = 1").await;
    for text in [
        "x = 2\nwhile True:\n    pass",
        "x = 3\nwhile True:\n    x = [x, 'y' * 10**6]",
    ] {
        let run = runner.run(in_session("user_1", "s", "step_9", text)).await;
        let outcome = run.unwrap().outcome;
        assert!(matches!(
            outcome,
            RunOutcome::TimedOut | RunOutcome::OutOfMemory
        ));
    }
    assert_eq!(value(&runner, "user_1", "s", "x").await, "1");
}

#[tokio::test]
async fn a_step_that_is_made_again_is_not_run_again() {
    let runner = runner(&settings()).await;
    value(&runner, "user_1", "s", "x = 0").await;
    let again = || runner.run(in_session("user_1", "s", "step_twice", "x += 1\nx"));
    let (first, second) = (again().await.unwrap(), again().await.unwrap());
    assert_eq!(first, second);
    assert_eq!(value(&runner, "user_1", "s", "x").await, "1");
}

#[tokio::test]
async fn sessions_are_few_and_small() {
    let settings = CodeSettings {
        sessions_max: 2,
        session_bytes_max: 20_000,
        ..settings()
    };
    let runner = runner(&settings).await;
    for session in ["a", "b", "c"] {
        value(&runner, "user_1", session, "x = 1").await;
    }
    let forgotten = value(&runner, "user_1", "a", "x").await;
    assert_eq!(forgotten, "NameError: name 'x' is not defined");
    let large = in_session("user_1", "c", "step_large", "x = 'y' * 100_000");
    let run = runner.run(large).await.unwrap();
    assert_eq!(run.outcome, RunOutcome::Finished);
    assert!(run.warning.unwrap().contains("too much to be kept"));
    assert_eq!(value(&runner, "user_1", "c", "x").await, "1");
}

#[tokio::test]
async fn many_programs_run_at_once_and_know_nothing_of_each_other() {
    let runner = runner(&settings()).await;
    let runs = (0..40).map(|number| {
        let text = format!("try:\n    mine\nexcept NameError:\n    mine = {number}\nmine");
        let runner = Arc::clone(&runner);
        async move { runner.run(code(&text)).await.unwrap().value }
    });
    for (number, value) in join_all(runs).await.into_iter().enumerate() {
        assert_eq!(value, Some(number.to_string()));
    }
}

/// The processes of this program that run as workers, and are children of ours.
#[cfg(target_os = "linux")]
fn workers() -> Vec<String> {
    let children = fs::read_dir("/proc").unwrap().flatten();
    let own = format!("PPid:\t{}\n", std::process::id());
    children
        .map(|entry| entry.path().display().to_string())
        .filter(|path| {
            let line = fs::read_to_string(format!("{path}/cmdline")).unwrap_or_default();
            let status = fs::read_to_string(format!("{path}/status")).unwrap_or_default();
            line.contains("code-worker") && status.contains(&own)
        })
        .collect()
}

/// Whether a file is one that this process has opened itself: it closes such ones in children.
#[cfg(target_os = "linux")]
fn is_ours(fdinfo: &str) -> bool {
    let flags = fdinfo.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags & 0o2_000_000 != 0)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_worker_has_no_environment_no_files_and_no_way_back() {
    let runner = runner(&settings()).await;
    let looked = async {
        // A worker at work has confined itself.
        loop {
            let busy = workers().into_iter().find(|path| {
                let status = fs::read_to_string(format!("{path}/status")).unwrap_or_default();
                status.contains("Seccomp:\t2")
            });
            if let Some(path) = busy {
                break path;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    // It lives as long as somebody waits for it.
    let mut running = runner.run(code("while True:\n    pass"));
    let path = tokio::select! {
        path = looked => path,
        run = &mut running => panic!("nobody was seen at work: {run:?}"),
    };
    let read = |file: &str| fs::read_to_string(format!("{path}/{file}")).unwrap_or_default();
    assert_eq!(read("environ"), "MIMALLOC_ARENA_RESERVE=16384\0");
    assert!(read("status").contains("NoNewPrivs:\t1"));
    let limits = read("limits");
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        let words: Vec<_> = line[name.len()..].split_whitespace().collect();
        words[1].to_owned()
    };
    assert_eq!(limit("Max core file size"), "0");
    assert_eq!(limit("Max file size"), "0");
    assert_eq!(limit("Max processes"), "0");
    assert_eq!(limit("Max open files"), "16");
    for limited in ["Max cpu time", "Max address space"] {
        assert_ne!(limit(limited), "unlimited");
    }
    let open = fs::read_dir(format!("{path}/fd")).unwrap().flatten();
    let mut open: Vec<_> = open.map(|entry| entry.file_name()).collect();
    // It looks at its own memory now and then; what we were started with, we cannot close.
    open.retain(|name| {
        let name = name.to_string_lossy();
        let to = fs::read_link(format!("{path}/fd/{name}")).unwrap_or_default();
        let ours = fs::read_to_string(format!("/proc/self/fdinfo/{name}")).unwrap_or_default();
        !to.starts_with("/proc") && (name.len() == 1 || ours.is_empty() || is_ours(&ours))
    });
    assert_eq!(open.len(), 3, "{open:?}");
    drop(running);
}
