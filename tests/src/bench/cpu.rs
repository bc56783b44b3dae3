//! CPU time of other processes, as Linux counts it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

/// `stat` counts in hundredths of a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// CPU time used so far by a process and everything it has started, ended children included.
/// `except` is left out: our own session's backend, for one.
pub(super) fn of_tree(root: u32, except: Option<u32>) -> anyhow::Result<Duration> {
    let mut by_parent: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end while we look.
        if let Ok(stat) = Stat::read(pid) {
            by_parent.entry(stat.parent).or_default().push(pid);
        }
    }
    let mut total = of_process(root)?;
    let mut ancestors = vec![root];
    while let Some(parent) = ancestors.pop() {
        for child in by_parent.remove(&parent).unwrap_or_default() {
            if Some(child) != except {
                total += of_process(child).unwrap_or_default();
                ancestors.push(child);
            }
        }
    }
    Ok(total)
}

/// Of one process and the children it has waited for.
///
/// `schedstat` counts nanoseconds and forgets threads that have ended; `stat` remembers them and
/// counts in ticks. Both are at most the truth, so the larger one is nearer to it.
fn of_process(pid: u32) -> anyhow::Result<Duration> {
    let stat = Stat::read(pid)?;
    let exact = of_threads(pid).unwrap_or_default();
    Ok(exact.max(TICK * stat.own_ticks) + TICK * stat.ended_children_ticks)
}

fn of_threads(pid: u32) -> anyhow::Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else {
            continue;
        };
        nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

struct Stat {
    parent: u32,
    own_ticks: u32,
    ended_children_ticks: u32,
}

impl Stat {
    fn read(pid: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{pid}/stat");
        let text = fs::read_to_string(Path::new(&path)).context(path)?;
        // The second field is the program's name in brackets and may hold anything.
        let (_, rest) = text.rsplit_once(')').context("no program name")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let field = |number: usize| -> anyhow::Result<u32> {
            // Counted from 1 in proc(5), and the first two are gone.
            let text = fields.get(number - 3).context("too few fields")?;
            Ok(text.parse()?)
        };
        Ok(Self {
            parent: field(4)?,
            own_ticks: field(14)? + field(15)?,
            ended_children_ticks: field(16)? + field(17)?,
        })
    }
}
