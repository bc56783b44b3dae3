use std::io::{self, Write as _};
use std::process::ExitCode;

#[cfg(target_os = "linux")]
use super::bubblewrap;
use super::monty;

/// Exit code of a worker that could not do its work.
const FAILED: u8 = 1;

/// The other side of a runner, as a process of this program: hears one program, runs it or has it run,
/// says what came of it, and ends. It ends at once when the server is gone.
pub fn code_worker(kind: &str) -> ExitCode {
    let done = match kind {
        monty::KIND => monty::work(),
        #[cfg(target_os = "linux")]
        bubblewrap::KIND => bubblewrap::launch(),
        _ => Err(io::Error::other("there is no such kind of worker")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The server reads this when a worker fails; without one there is nobody to tell.
            let _unread = writeln!(io::stderr(), "{error}");
            ExitCode::from(FAILED)
        }
    }
}
