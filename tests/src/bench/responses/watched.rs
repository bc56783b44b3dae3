//! What a process holds, as Linux tells it.

use std::fs;

use anyhow::Context as _;

/// Memory and open files of a process.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Holdings {
    pub(super) resident_kb: u64,
    pub(super) descriptors: usize,
    pub(super) threads: u64,
}

impl Holdings {
    pub(super) fn of(pid: u32) -> anyhow::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.and_then(|number| number.parse().ok())
        };
        Ok(Self {
            resident_kb: number("VmRSS:").context("no memory")?,
            threads: number("Threads:").unwrap_or_default(),
            descriptors: fs::read_dir(format!("/proc/{pid}/fd"))?.count(),
        })
    }

    /// The larger of each.
    pub(super) fn most(self, other: Self) -> Self {
        Self {
            resident_kb: self.resident_kb.max(other.resident_kb),
            descriptors: self.descriptors.max(other.descriptors),
            threads: self.threads.max(other.threads),
        }
    }
}

/// What a descriptor leads to, and how many lead to the like, for whoever wonders what stays open.
pub(super) fn descriptors_by_kind(pid: u32) -> anyhow::Result<Vec<(String, usize)>> {
    let mut kinds = std::collections::BTreeMap::<String, usize>::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        // One may be closed while we look.
        let Ok(target) = fs::read_link(entry?.path()) else {
            continue;
        };
        let target = target.to_string_lossy();
        let kind = target.split([':', '[']).next().unwrap_or_default();
        *kinds.entry(kind.to_owned()).or_default() += 1;
    }
    Ok(kinds.into_iter().collect())
}
