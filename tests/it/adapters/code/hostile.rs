//! Every hostile program ends as it should, in time, and takes nothing and nobody with it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use jan_infra::code::{CodeRunner, CodeSettings, Run, RunOutcome, RunnerKind};

use super::corpus::{Hostile, programs};
use super::{code, hurried, runner};

/// What no program may ever see.
const CANARY: &str = "the canary sings 52901";
/// Programs that run at once.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn hostile_programs_end_under_monty() {
    let settings = hurried(Duration::from_secs(2));
    withstand("monty", &settings).await;
}

/// Needs bubblewrap and a kernel that allows user namespaces; `make test` runs it where they are.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs bubblewrap"]
async fn hostile_programs_end_under_bubblewrap() {
    let settings = CodeSettings {
        runner: Some(RunnerKind::Bubblewrap),
        ..hurried(Duration::from_secs(3))
    };
    withstand("bubblewrap", &settings).await;
}

/// A file that only we may read about.
struct Canary(PathBuf);

impl Canary {
    fn put(name: &str) -> Self {
        let file = format!("jan-canary-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(file);
        std::fs::write(&path, CANARY).unwrap();
        Self(path)
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        // A file that stays behind in a temporary directory harms nobody.
        let _left = std::fs::remove_file(&self.0);
    }
}

async fn withstand(name: &str, settings: &CodeSettings) {
    let canary = Canary::put(name);
    let runner = runner(settings).await;
    let runs = stream::iter(programs(&canary.0)).map(|hostile| {
        let runner = Arc::clone(&runner);
        async move {
            let run = runner.run(code(&hostile.code)).await;
            (hostile, run)
        }
    });
    let runs: Vec<_> = runs.buffered(AT_ONCE).collect().await;
    let mut wrong = String::new();
    for (hostile, run) in &runs {
        match run {
            Ok(run) => complain(&mut wrong, name, hostile, run),
            Err(failure) => writeln!(wrong, "{}: {failure:?}", hostile.name).unwrap(),
        }
    }
    eprintln!("{}", table(&runs, settings.limits.time));
    assert!(wrong.is_empty(), "under {name}:\n{wrong}");
    assert!(runs.len() >= 120);
    still_works(&runner).await;
}

fn complain(wrong: &mut String, runner: &str, hostile: &Hostile, run: &Run) {
    let Hostile { group, name, .. } = hostile;
    let endings = hostile.endings(runner);
    let outcome = run.outcome.as_str();
    if !endings.contains(&outcome) {
        let error = run.error.as_deref().unwrap_or_default();
        let error = &error[..error.floor_char_boundary(100)];
        writeln!(
            wrong,
            "{group}, {name}: {outcome} and not {endings:?}: {error}"
        )
        .unwrap();
    }
    let said = format!("{run:?}");
    // Of these the program has nothing but the name, which we gave it.
    let secrets = ["PATH", "HOME", "CARGO_MANIFEST_DIR"].map(std::env::var_os);
    let secrets = secrets.into_iter().flatten();
    for secret in secrets.map(|secret| secret.to_string_lossy().into_owned()) {
        if secret.len() > 3 && secret != "/root" && said.contains(&secret) {
            writeln!(wrong, "{group}, {name} knows our environment").unwrap();
        }
    }
    if said.contains(CANARY) {
        writeln!(wrong, "{group}, {name} has read the canary").unwrap();
    }
    if run.stdout.len() > 64 << 10 || run.stderr.len() > 64 << 10 {
        writeln!(wrong, "{group}, {name} has said too much").unwrap();
    }
}

async fn still_works(runner: &Arc<dyn CodeRunner>) {
    let run = runner
        .run(code("print('still here')\n6 * 7"))
        .await
        .unwrap();
    assert_eq!(run.outcome, RunOutcome::Finished);
    assert_eq!(run.stdout, "still here\n");
    assert_eq!(run.value.as_deref(), Some("42"));
}

type Runs = [(Hostile, Result<Run, jan_domain::ports::ToolFailure>)];

/// What came of each group: how many ended how, the most memory, and how long after its limit the
/// slowest was gone.
fn table(runs: &Runs, limit: Duration) -> String {
    let mut lines = String::from(
        "group     programs finished raised timed_out out_of_memory killed  peak MiB  slowest ms\n",
    );
    let mut groups: Vec<&str> = runs.iter().map(|(it, _)| it.group.as_str()).collect();
    groups.dedup();
    for group in groups {
        let of_group = runs.iter().filter(|(it, _)| it.group == group);
        let of_group: Vec<_> = of_group.filter_map(|(_, run)| run.as_ref().ok()).collect();
        let count = |outcome| of_group.iter().filter(|run| run.outcome == outcome).count();
        let peak = of_group
            .iter()
            .filter_map(|run| run.peak_memory_bytes)
            .max();
        let slowest = of_group.iter().map(|run| run.took).max();
        writeln!(
            lines,
            "{group:<9} {:>8} {:>8} {:>6} {:>9} {:>13} {:>6} {:>9} {:>11}",
            of_group.len(),
            count(RunOutcome::Finished),
            count(RunOutcome::Raised),
            count(RunOutcome::TimedOut),
            count(RunOutcome::OutOfMemory),
            count(RunOutcome::Killed),
            peak.unwrap_or_default() >> 20,
            slowest.unwrap_or_default().as_millis(),
        )
        .unwrap();
    }
    lines + &format!("limit: {} ms\n", limit.as_millis())
}
