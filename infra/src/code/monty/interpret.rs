//! A program in monty, from its text to its value.

use std::io::{self, Write};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Datelike as _, FixedOffset, Timelike as _};
use jan_domain::ports::Clock as _;
use monty::{Dump, MontyRepl, ReplProgress, ReplStartError, Session, SessionRef, dump};
use monty_types::{
    CompileOptions, ExcType, ExtFunctionResult, MontyDate, MontyDateTime, MontyException,
    MontyObject, MontyTimeZone, NameLookupResult, OsFunctionCall, PrintWriter, ResourceError,
    ResourceLimits, ResourceTracker,
};

use super::mouth::Mouth;
use crate::clock::SystemClock;
use crate::code::dialogue::clipped;
use crate::code::runner::RunOutcome;
use crate::code::wire::{Bounds, Ended, Job};

/// The name of programs in tracebacks.
const SCRIPT: &str = "main.py";
/// Questions that a program may put to the system, such as the time of day.
const QUESTIONS_MAX: usize = 10_000;

type Step = Result<ReplProgress, Box<ReplStartError>>;

/// Runs a program to its end.
pub(super) fn interpret(job: Job, mouth: &mut Mouth<impl Write>) -> Ended {
    let Job {
        code,
        session,
        keep_session_bytes,
        bounds,
    } = job;
    let (mut repl, warning) = match session.as_deref().map(restore) {
        Some(Ok(repl)) => (*repl, None),
        Some(Err(_)) => (fresh(bounds), Some("the session could not be taken up")),
        None => (fresh(bounds), None),
    };
    let time = Duration::from_millis(bounds.time_ms);
    repl.tracker_mut().set_max_duration(time);
    let step = repl.feed_start(&code, Vec::new(), PrintWriter::Callback(mouth));
    let (repl, ended) = match follow(step, mouth) {
        Ok((repl, value)) => (repl, Ok(finished(&value, bounds))),
        Err(stopped) => {
            let ReplStartError { repl, error } = *stopped;
            let ended = stopped_by(&repl, &error, bounds, mouth);
            (repl, ended)
        }
    };
    let mut ended = ended.unwrap_or_else(|error| failed(&error));
    ended.warning = warning.map(str::to_owned);
    keep(&mut ended, &repl, keep_session_bytes);
    ended
}

fn fresh(bounds: Bounds) -> MontyRepl {
    let limits = ResourceLimits::default()
        .max_memory(bounds.memory_bytes)
        .max_recursion_depth(bounds.recursion)
        .max_suspensions(QUESTIONS_MAX);
    let tracker = ResourceTracker::new(limits);
    MontyRepl::new(SCRIPT, tracker, CompileOptions::default())
}

fn restore(session: &str) -> Result<Box<MontyRepl>, io::Error> {
    let bytes = STANDARD.decode(session).map_err(io::Error::other)?;
    match Dump::load(&bytes).map_err(io::Error::other)?.state {
        Session::Idle(repl) => Ok(repl),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Answers what a program asks of the system, until it ends.
fn follow(
    mut step: Step,
    mouth: &mut Mouth<impl Write>,
) -> Result<(MontyRepl, MontyObject), Box<ReplStartError>> {
    let mut questions = 0;
    loop {
        let print = PrintWriter::Callback(mouth);
        questions += 1;
        let enough = questions > QUESTIONS_MAX;
        step = match step? {
            ReplProgress::Complete { repl, value } => return Ok((repl, value)),
            ReplProgress::OsCall(call) if enough => call.abort(too_many(), print),
            ReplProgress::OsCall(call) => call.resume_with(print, answer),
            ReplProgress::NameLookup(lookup) if enough => lookup.abort(too_many(), print),
            ReplProgress::NameLookup(lookup) => lookup.resume(NameLookupResult::Undefined, print),
            ReplProgress::FunctionCall(call) => {
                let missing = ExtFunctionResult::NotFound(call.function_name.clone());
                call.resume(missing, print)
            }
            ReplProgress::ResolveFutures(futures) => {
                let words = "there is nothing outside to wait for".to_owned();
                let error = MontyException::new(ExcType::RuntimeError, Some(words));
                futures.abort(error, print)
            }
        };
    }
}

fn too_many() -> MontyException {
    let words = format!("more than {QUESTIONS_MAX} questions to the system");
    MontyException::new(ExcType::RuntimeError, Some(words))
}

/// Programs may know what time it is. There are no files, and the environment is empty.
fn answer(call: OsFunctionCall) -> ExtFunctionResult {
    let now = SystemClock.now();
    match call {
        OsFunctionCall::DateToday => MontyObject::Date(MontyDate {
            year: now.year(),
            month: small(now.month()),
            day: small(now.day()),
        })
        .into(),
        OsFunctionCall::DateTimeNow(None) => moment(now.fixed_offset(), None).into(),
        OsFunctionCall::DateTimeNow(Some(zone)) => {
            match FixedOffset::east_opt(zone.offset_seconds) {
                Some(offset) => moment(now.with_timezone(&offset), Some(zone)).into(),
                None => call_refused(&OsFunctionCall::DateTimeNow(Some(zone))),
            }
        }
        OsFunctionCall::Getenv(asked) => asked.default.into(),
        OsFunctionCall::GetEnviron => MontyObject::dict(Vec::new()).into(),
        call if call.is_existence_check() => MontyObject::Bool(false).into(),
        call => call_refused(&call),
    }
}

fn call_refused(call: &OsFunctionCall) -> ExtFunctionResult {
    call.on_no_handler().into()
}

fn moment(now: DateTime<FixedOffset>, zone: Option<MontyTimeZone>) -> MontyObject {
    MontyObject::DateTime(MontyDateTime {
        year: now.year(),
        month: small(now.month()),
        day: small(now.day()),
        hour: small(now.hour()),
        minute: small(now.minute()),
        second: small(now.second()),
        microsecond: now.timestamp_subsec_micros(),
        offset_seconds: zone.as_ref().map(|zone| zone.offset_seconds),
        timezone_name: zone.and_then(|zone| zone.name),
    })
}

/// Months, days, hours, minutes and seconds fit.
fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn finished(value: &MontyObject, bounds: Bounds) -> Ended {
    let shown = (!matches!(value, MontyObject::None)).then(|| value.py_repr());
    Ended {
        value: shown.map(|value| clipped(value, bounds.output_bytes)),
        ..empty(RunOutcome::Finished)
    }
}

fn stopped_by(
    repl: &MontyRepl,
    error: &MontyException,
    bounds: Bounds,
    mouth: &mut Mouth<impl Write>,
) -> io::Result<Ended> {
    if repl.tracker().check_time().is_err() {
        return Ok(empty(RunOutcome::TimedOut));
    }
    if is_out_of_memory(repl, error) {
        return Ok(empty(RunOutcome::OutOfMemory));
    }
    mouth.complain(clipped(format!("{error}\n"), bounds.output_bytes))?;
    Ok(Ended {
        error: Some(clipped(error.summary(), bounds.output_bytes)),
        ..empty(RunOutcome::Raised)
    })
}

/// A program may raise a `MemoryError` of its own, but hardly in these words.
fn is_out_of_memory(repl: &MontyRepl, error: &MontyException) -> bool {
    let limit = repl.tracker().max_memory().unwrap_or(usize::MAX);
    let words = ResourceError::Memory { limit, used: 0 }.to_string();
    let begins = words.split_once(':').map_or("", |(begins, _)| begins);
    let said = error.message().unwrap_or_default();
    error.exc_type() == ExcType::MemoryError && said.starts_with(begins)
}

fn failed(error: &io::Error) -> Ended {
    Ended {
        error: Some(error.to_string()),
        ..empty(RunOutcome::Killed)
    }
}

/// Gives the session back, unless the program was cut off in the middle: then it stays as it was.
fn keep(ended: &mut Ended, repl: &MontyRepl, bytes_max: Option<usize>) {
    let whole = matches!(ended.outcome, RunOutcome::Finished | RunOutcome::Raised);
    let Some(bytes_max) = bytes_max.filter(|_| whole) else {
        return;
    };
    match dump(SCRIPT, None, SessionRef::Idle(repl)) {
        Ok(state) if state.len() <= bytes_max => ended.session = Some(STANDARD.encode(state)),
        Ok(_) => warn(ended, "the session holds too much to be kept"),
        Err(_) => warn(ended, "the session holds something that cannot be kept"),
    }
}

fn warn(ended: &mut Ended, words: &str) {
    ended.warning = Some(format!("{words}; it is as it was before this program"));
}

fn empty(outcome: RunOutcome) -> Ended {
    Ended {
        outcome,
        output_cut: false,
        value: None,
        error: None,
        session: None,
        warning: None,
        peak_memory_bytes: None,
        files: Vec::new(),
    }
}
