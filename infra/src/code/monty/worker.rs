use std::io::{self, Read as _, Stdout};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use monty_types::{BASELINE_MEMORY, LIVE_MEMORY};

use super::interpret::interpret;
use super::mouth::Mouth;
use crate::code::confine::{Memory, confine};
use crate::code::wire::{self, Job, Word};

/// Of the thread that interprets: deep programs meet monty's limits long before its end.
const STACK_BYTES: usize = 256 << 20;
/// The main one, the interpreter, and two that watch.
const THREADS: usize = 4;
/// Pause between two looks at this process's own memory.
const GLANCE: Duration = Duration::from_millis(1);
/// Exit code of a worker whose server is gone.
const FAILED: i32 = 1;

/// A worker of [`Monty`](super::Monty): hears one program, runs it, says what came of it.
pub(in crate::code) fn work() -> io::Result<()> {
    let job: Job = wire::read(&mut io::stdin())?;
    // Threads first: a confined process makes none, and has no room for what they begin with.
    let (start, started) = std::sync::mpsc::sync_channel(0);
    let all = Arc::new(Barrier::new(THREADS));
    let interpreting = together(&all, move || match started.recv() {
        Ok(job) => run(job, io::stdout()),
        Err(_) => Ok(()),
    });
    let interpreter = thread::Builder::new().stack_size(STACK_BYTES);
    let interpreter = interpreter.spawn(interpreting)?;
    thread::Builder::new().spawn(together(&all, end_with_the_server))?;
    thread::Builder::new().spawn(together(&all, count_memory))?;
    together(&all, || {})();
    confine(job.bounds.time_ms, job.bounds.memory_bytes)?;
    wire::write(&mut io::stdout(), &Word::Begun)?;
    // The thread is there: it waits for this.
    start.send(job).map_err(io::Error::other)?;
    let done = interpreter.join();
    done.unwrap_or_else(|_| Err(io::Error::other("the interpreter panicked")))
}

/// Goes on when all threads are there, and have taken their first memory.
fn together<T, F: FnOnce() -> T>(all: &Arc<Barrier>, then: F) -> impl FnOnce() -> T + use<T, F> {
    let all = Arc::clone(all);
    move || {
        let _first = Memory::own();
        all.wait();
        then()
    }
}

fn run(job: Job, out: Stdout) -> io::Result<()> {
    let mut mouth = Mouth::new(out, job.bounds.output_bytes);
    let mut ended = interpret(job, &mut mouth);
    ended.output_cut = mouth.close()?;
    ended.peak_memory_bytes = Memory::own().map(|memory| memory.peak);
    wire::write(&mut io::stdout(), &Word::Ended(Box::new(ended)))
}

/// The server says nothing after the program, so whatever comes is its end.
fn end_with_the_server() {
    // An error is an end as well.
    let _nothing = io::stdin().read(&mut [0]);
    std::process::exit(FAILED);
}

/// Keeps monty's count of memory, which is else kept by an allocator of its own. By it programs are
/// refused what they may not have before it is taken.
fn count_memory() {
    let Some(empty) = Memory::own() else { return };
    let bytes = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    BASELINE_MEMORY.store(bytes(empty.resident), Ordering::Relaxed);
    loop {
        if let Some(memory) = Memory::own() {
            LIVE_MEMORY.store(bytes(memory.resident), Ordering::Relaxed);
        }
        thread::sleep(GLANCE);
    }
}
