use std::io::Write;
use std::pin::pin;

use clap::Args;
use futures::TryStreamExt as _;
use jan_projections::{EventFilter, EventTail, ReadError, StoredEvent};

use super::Look;

/// Options of `events tail`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server events tail -n 50
  jan-server events tail --follow --type ResponseFailed
  jan-server events tail --trace 4bf92f3577b34da6a3ce929d0e0e4736 --payload
  jan-server events tail -n 1000 --json | jq -r .type | sort | uniq -c

A line shows position, time, type, stream and its version after the event, who acted, and the
request. Exit codes: 0 done (Ctrl-C ends --follow with 0), 1 failed, 2 asked wrongly.")]
pub struct TailArgs {
    /// How many of the newest events to begin with
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 20)]
    count: u32,
    /// Go on with what is appended from now on, in order and without a gap
    #[arg(short, long)]
    follow: bool,
    /// Only events of this type, such as `ResponseCompleted`
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only events of this stream, such as conv_…
    #[arg(long, value_name = "STREAM_ID")]
    stream: Option<String>,
    /// All events recorded under this trace: 32 hex digits, or a whole traceparent
    #[arg(long, value_name = "ID", value_parser = trace_id)]
    #[arg(conflicts_with_all = ["follow", "count", "event_type", "stream"])]
    trace: Option<String>,
    #[command(flatten)]
    look: Look,
}

impl TailArgs {
    /// Whether it goes on until somebody ends it.
    pub fn follows(&self) -> bool {
        self.follow
    }

    /// Whether sealed payloads stay sealed.
    pub fn sealed(&self) -> bool {
        self.look.sealed
    }
}

fn trace_id(text: &str) -> Result<String, &'static str> {
    let id = text.split('-').nth(1).unwrap_or(text).to_ascii_lowercase();
    if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(id)
    } else {
        Err("expected 32 hex digits, or a traceparent such as 00-…-…-01")
    }
}

/// Prints what was asked for. With `--follow` it ends only with a failure.
pub async fn tail(args: &TailArgs, log: &EventTail, out: &mut impl Write) -> anyhow::Result<()> {
    if let Some(trace) = &args.trace {
        return print(args, &log.of_trace(trace).await?, out);
    }
    let filter = EventFilter {
        aggregate_id: args.stream.clone(),
        event_type: args.event_type.clone(),
    };
    let newest = log.last(args.count, &filter).await?;
    if !args.follow {
        return print(args, &newest, out);
    }
    // What is shown is read again in order: an event with a lower position may commit later.
    let start = match newest.first() {
        Some(first) => first.position - 1,
        None => head(log).await?,
    };
    let mut events = pin!(log.follow(start, filter));
    while let Some(event) = events.try_next().await? {
        args.look.print(out, &event)?;
        out.flush()?;
    }
    Ok(())
}

async fn head(log: &EventTail) -> Result<i64, ReadError> {
    let newest = log.last(1, &EventFilter::default()).await?;
    Ok(newest.last().map_or(0, |event| event.position))
}

fn print(args: &TailArgs, events: &[StoredEvent], out: &mut impl Write) -> anyhow::Result<()> {
    for event in events {
        args.look.print(out, event)?;
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::trace_id;

    #[test]
    fn a_trace_is_named_by_its_id_or_by_a_traceparent() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(id).as_deref(), Ok(id));
        assert_eq!(
            trace_id(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(),
            Ok(id)
        );
        for wrong in ["", "4bf9", "zbf92f3577b34da6a3ce929d0e0e4736"] {
            assert!(trace_id(wrong).is_err(), "{wrong}");
        }
    }
}
