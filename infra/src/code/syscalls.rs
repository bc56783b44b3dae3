//! What programs may not ask of the kernel, whoever they have become. It answers as if it could not do
//! it, so that a C library goes another way where there is one.

use std::collections::HashMap;
use std::io;

use seccompiler::{BpfProgram, apply_filter_all_threads, compile_from_json};
use serde_json::{Value, json};

/// `ENOSYS`.
const NOT_IMPLEMENTED: i32 = 38;
/// `AF_UNIX`: the only sockets that stay in a sandbox.
const UNIX: u64 = 1;
/// `CLONE_NEWUSER`, by which a process would get capabilities over namespaces of its own.
const NEW_USER: u64 = 0x1000_0000;

/// Other systems of files, names, processes and rights; what looks into other processes; and corners of
/// the kernel that no program needs and that attackers know well.
const NOBODY_NEEDS: &[&str] = &[
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "mount_setattr",
    "open_tree",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "unshare",
    "setns",
    "clone3",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "keyctl",
    "add_key",
    "request_key",
    "kexec_load",
    "init_module",
    "finit_module",
    "delete_module",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "settimeofday",
    "clock_settime",
    "adjtimex",
    "clock_adjtime",
    "quotactl",
    "personality",
    "syslog",
    "open_by_handle_at",
    "name_to_handle_at",
    "vhangup",
    "lookup_dcookie",
];

/// What an interpreter does not need besides: others, and becoming another.
const NO_INTERPRETER_NEEDS: &[&str] = &[
    "socket",
    "socketpair",
    "connect",
    "execve",
    "execveat",
    "clone",
    "kill",
    "tkill",
    "unlinkat",
    "renameat2",
    "mkdirat",
    "linkat",
    "symlinkat",
    "mknodat",
    "fchmodat",
    "fchownat",
];

/// The filter of a sandbox, as the kernel reads it.
pub(super) fn of_sandbox() -> io::Result<Vec<u8>> {
    let mut rules = rules(NOBODY_NEEDS);
    rules.push(json!({"syscall": "socket", "args": [
        {"index": 0, "type": "dword", "op": "ne", "val": UNIX}]}));
    rules.push(json!({"syscall": "clone", "args": [
        {"index": 0, "type": "qword", "op": {"masked_eq": NEW_USER}, "val": NEW_USER}]}));
    let instructions = compiled(&rules)?;
    let bytes = instructions.iter().flat_map(|it| {
        let [code, k] = [it.code.to_ne_bytes().to_vec(), it.k.to_ne_bytes().to_vec()];
        [code, vec![it.jt, it.jf], k].concat()
    });
    Ok(bytes.collect())
}

/// Keeps this process, which interprets programs and has all threads it needs, to itself.
pub(super) fn refuse_from_now_on() -> io::Result<()> {
    let mut rules = rules(NOBODY_NEEDS);
    rules.extend(self::rules(NO_INTERPRETER_NEEDS));
    // It may end itself, as programs do that run out of memory.
    rules.push(json!({"syscall": "tgkill", "args": [
        {"index": 0, "type": "dword", "op": "ne", "val": std::process::id()}]}));
    apply_filter_all_threads(&compiled(&rules)?).map_err(io::Error::other)
}

fn rules(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({"syscall": name})).collect()
}

fn compiled(rules: &[Value]) -> io::Result<BpfProgram> {
    let filter = json!({"all": {
        "mismatch_action": "allow",
        "match_action": {"errno": NOT_IMPLEMENTED},
        "filter": rules,
    }});
    let architecture = std::env::consts::ARCH.try_into();
    let architecture = architecture.map_err(io::Error::other)?;
    let text = filter.to_string();
    let compiled = compile_from_json(text.as_bytes(), architecture);
    let mut compiled: HashMap<_, _> = compiled.map_err(io::Error::other)?;
    compiled.remove("all").ok_or(io::ErrorKind::NotFound.into())
}
