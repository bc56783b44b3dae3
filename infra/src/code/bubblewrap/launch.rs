use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::Resource;
use serde_json::json;

use crate::code::confine::limit;
use crate::code::syscalls;
use crate::code::wire::{self, BoxedJob};

/// What runs the program, within the sandbox.
const DRIVER: &str = include_str!("driver.py");
/// Size of each directory that a program may write to. What lies there is memory.
const DIRECTORY_BYTES_MAX: usize = 16 << 20;
/// Address space of an empty CPython, which a program has besides its own.
const SPACE_AHEAD: usize = 64 << 20;

/// Gives this process's place to `bwrap`. Comes back only with the reason why it cannot.
pub(in crate::code) fn launch() -> io::Result<()> {
    let job: BoxedJob = wire::read(&mut io::stdin())?;
    rustix::thread::set_no_new_privs(true)?;
    limit(Resource::Core, 0)?;
    let code = handed_on(job.code.as_bytes())?;
    let filter = handed_on(&syscalls::of_sandbox()?)?;
    let mut bounds = serde_json::to_value(job.bounds)?;
    bounds["memory_ahead"] = json!(SPACE_AHEAD);
    let mut command = Command::new(&job.bubblewrap);
    command
        .args(["--unshare-all", "--die-with-parent", "--new-session"])
        .args(["--cap-drop", "ALL", "--hostname", "sandbox", "--clearenv"])
        .args(["--setenv", "HOME", "/work", "--setenv", "LANG", "C.UTF-8"])
        .args(["--setenv", "PATH", "/usr/bin"])
        .args(["--ro-bind", "/usr", "/usr"]);
    for link in ["/bin", "/lib", "/lib64", "/etc/ld.so.cache"] {
        command.args(["--ro-bind-try", link, link]);
    }
    command.args(["--proc", "/proc", "--dev", "/dev"]);
    let size = DIRECTORY_BYTES_MAX.to_string();
    for directory in ["/dev/shm", "/tmp", "/work"] {
        command.args(["--size", &size, "--tmpfs", directory]);
    }
    let [code_fd, filter_fd] = [&code, &filter].map(|file| file.as_raw_fd().to_string());
    command
        .args(["--seccomp", &filter_fd])
        .args(["--ro-bind-data", &code_fd, "/job/main.py"])
        .args(["--remount-ro", "/dev", "--remount-ro", "/"])
        .args(["--chdir", "/work", "--"])
        .arg(&job.python)
        .args(["-I", "-c", DRIVER, &bounds.to_string()]);
    Err(command.exec())
}

/// An open file of these bytes that the next program inherits.
fn handed_on(bytes: &[u8]) -> io::Result<OwnedFd> {
    // Without the flag that would close it then.
    let mut file = File::from(memfd_create("handed-on", MemfdFlags::empty())?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file.into())
}
