use chrono::{DateTime, Utc};
use clap::Args;
use jan_commands::store::{Moment, Store};
use jan_domain::conversation::Conversation;
use jan_domain::response::Response;

use crate::rest::moment;

/// The streams that commands look into. They see every tenant: never behind a door.
pub struct Archive {
    /// Of conversations.
    pub conversations: Store<Conversation>,
    /// Of responses.
    pub responses: Store<Response>,
}

/// A moment of the past; the present when none is named.
#[derive(Debug, Clone, Copy, Args)]
#[group(multiple = false)]
#[expect(
    clippy::struct_field_names,
    reason = "these are the names of the options"
)]
pub struct When {
    /// After so many events of its own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    at_version: Option<i64>,
    /// At this time: RFC 3339, or Unix seconds
    #[arg(long, value_name = "TIME", value_parser = time)]
    at_time: Option<DateTime<Utc>>,
    /// When the log had come to this position
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    at_position: Option<i64>,
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    moment::time(text).map_err(|error| error.message().to_owned())
}

impl When {
    pub(super) fn moment(self) -> Moment {
        let version = self.at_version.map(Moment::Version);
        let time = self.at_time.map(Moment::Time);
        let position = self.at_position.map(Moment::Position);
        version.or(time).or(position).unwrap_or(Moment::Head)
    }
}

/// A text on one line that commands no terminal, and no longer than `most`.
pub(super) fn line(text: &str, most: usize) -> String {
    let plain = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut line: String = plain.take(most).collect();
    if text.chars().count() > most {
        line.push('…');
    }
    line
}
