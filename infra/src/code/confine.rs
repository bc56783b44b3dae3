//! What a worker process takes from itself before it hears a program, for good.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Files that a worker of monty may have open: its three streams, and `/proc` to look at itself.
const FILES: u64 = 16;
/// Address space beyond the limit, for what allocators take in advance. Enforcement at the limit
/// itself is the interpreter's; this is what holds when it fails.
const SPACE_AHEAD: u64 = 128 << 20;
/// Processor time beyond the time limit.
const SECONDS_AHEAD: u64 = 1;

/// Memory of this process, in bytes, as Linux counts it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    /// Address space.
    pub(super) space: u64,
    /// What is really there.
    pub(super) resident: u64,
    /// The most that was ever there.
    pub(super) peak: u64,
}

impl Memory {
    /// Of this process.
    pub(super) fn own() -> Option<Self> {
        Self::in_status("/proc/self/status")
    }

    /// Of another process.
    pub(super) fn of(pid: u32) -> Option<Self> {
        Self::in_status(&format!("/proc/{pid}/status"))
    }

    fn in_status(path: &str) -> Option<Self> {
        let status = std::fs::read_to_string(path).ok()?;
        let bytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            let kilobytes = line.trim().strip_suffix(" kB")?;
            Some(kilobytes.parse::<u64>().ok()? << 10)
        };
        Some(Self {
            space: bytes("VmSize:")?,
            resident: bytes("VmRSS:")?,
            peak: bytes("VmHWM:")?,
        })
    }
}

/// Takes away what an interpreter does not need: privileges to come, cores, files, processes, memory
/// and processor time beyond its limits, and most of the kernel.
pub(super) fn confine(time_ms: u64, memory_bytes: usize) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::thread::set_no_new_privs(true)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, FILES)?;
    limit(Resource::Cpu, time_ms.div_ceil(1000) + SECONDS_AHEAD)?;
    // Other systems do not count the address space in a way that could be limited.
    if let Some(memory) = Memory::own() {
        let space = memory.space + memory_bytes as u64 + SPACE_AHEAD;
        limit(Resource::As, space)?;
        limit(Resource::Nproc, 0)?;
    }
    #[cfg(target_os = "linux")]
    super::syscalls::refuse_from_now_on()?;
    Ok(())
}

/// Sets a limit that cannot be raised again.
pub(super) fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let most = Some(most);
    setrlimit(
        resource,
        Rlimit {
            current: most,
            maximum: most,
        },
    )?;
    Ok(())
}
