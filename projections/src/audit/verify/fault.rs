use std::fmt;

use super::super::leaf::Place;

/// What is wrong with the log: the first thing that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An event has other bytes than it had.
    Changed {
        /// The event as it is now.
        place: Place,
        /// The seal that covers it.
        seal: i64,
        /// Where the event that is here now was when it was sealed, if it was.
        came_from: Option<i64>,
    },
    /// An event stands where there was none.
    Inserted {
        /// The event.
        place: Place,
        /// The seal that covers it.
        seal: i64,
    },
    /// An event is gone.
    Missing {
        /// Where it was.
        position: i64,
        /// The seal that covers it.
        seal: i64,
        /// What it was, as the search index still knows.
        was: Option<Place>,
    },
    /// A seal between two others is gone.
    SealMissing {
        /// Its number.
        number: i64,
        /// The first position that no seal covers.
        position: i64,
    },
    /// Seals at the end of the chain are gone.
    LastSealsMissing {
        /// The last one there is.
        last: i64,
        /// The last one that was made.
        made: i64,
    },
    /// A seal has other contents than it had.
    SealChanged {
        /// Its number.
        number: i64,
        /// The positions it covers, as it says now.
        positions: (i64, i64),
        /// What gives it away.
        because: &'static str,
    },
    /// A seal is signed, but not by a key that is trusted.
    ForeignKey {
        /// Its number.
        number: i64,
        /// The first position it covers.
        position: i64,
        /// The key it names.
        key_id: String,
    },
    /// A checkpoint is not signed by a key that is trusted, or was changed.
    CheckpointForged {
        /// The key it names.
        key_id: String,
    },
    /// The log ends before a checkpoint that was taken of it.
    CheckpointAhead {
        /// Seals in the checkpoint.
        size: u64,
        /// Seals in the log.
        sealed: u64,
    },
    /// The log is not the one of which the checkpoint was taken.
    CheckpointDiffers {
        /// Seals in the checkpoint.
        size: u64,
    },
    /// Nothing keeps the tables append only.
    Unguarded {
        /// The triggers and columns that are not as they were made.
        missing: Vec<String>,
    },
}

impl Fault {
    /// The position of the first bad event, where there is one.
    pub fn position(&self) -> Option<i64> {
        match self {
            Self::Changed { place, .. } | Self::Inserted { place, .. } => Some(place.position),
            Self::Missing { position, .. }
            | Self::SealMissing { position, .. }
            | Self::ForeignKey { position, .. } => Some(*position),
            Self::SealChanged { positions, .. } => Some(positions.0),
            Self::LastSealsMissing { .. }
            | Self::CheckpointForged { .. }
            | Self::CheckpointAhead { .. }
            | Self::CheckpointDiffers { .. }
            | Self::Unguarded { .. } => None,
        }
    }
}

struct Named<'p>(&'p Place);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            position,
            stream,
            sequence,
            event_type,
        } = self.0;
        write!(
            f,
            "the event at position {position} ({event_type}, {stream}#{sequence})"
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed {
                place,
                seal,
                came_from,
            } => changed(place, *seal, *came_from, f),
            Self::Inserted { place, seal } => {
                write!(
                    f,
                    "{} was not there when seal {seal} was made",
                    Named(place)
                )
            }
            Self::Missing {
                position,
                seal,
                was,
            } => missing(*position, *seal, was.as_ref(), f),
            Self::SealMissing { number, position } => {
                write!(
                    f,
                    "seal {number} is gone: nothing vouches for position {position}"
                )
            }
            Self::LastSealsMissing { last, made } => {
                write!(
                    f,
                    "the seals after number {last} are gone: {made} were made"
                )
            }
            Self::SealChanged {
                number,
                positions: (from, to),
                because,
            } => write!(
                f,
                "seal {number} (positions {from} to {to}) was changed: {because}"
            ),
            Self::ForeignKey { number, key_id, .. } => {
                write!(
                    f,
                    "seal {number} is signed by the key {key_id}, which is not trusted"
                )
            }
            Self::CheckpointForged { key_id } => {
                write!(
                    f,
                    "the checkpoint is not signed by a trusted key (it names {key_id})"
                )
            }
            Self::CheckpointAhead { size, sealed } => write!(
                f,
                "the checkpoint was taken after seal {size}, but there are {sealed} seals"
            ),
            Self::CheckpointDiffers { size } => write!(
                f,
                "the log is not the one of the checkpoint: its first {size} seals were made again"
            ),
            Self::Unguarded { missing } => {
                let missing = missing.join(", ");
                write!(
                    f,
                    "the tables are not append only: {missing} missing or changed"
                )
            }
        }
    }
}

fn changed(
    place: &Place,
    seal: i64,
    came_from: Option<i64>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let event = Named(place);
    match came_from {
        None => write!(f, "{event} was changed after seal {seal} was made"),
        Some(from) => write!(
            f,
            "{event} was at position {from} when seal {seal} was made: events were moved"
        ),
    }
}

fn missing(
    position: i64,
    seal: i64,
    was: Option<&Place>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match was {
        Some(was) => write!(f, "{} is gone; seal {seal} covers it", Named(was)),
        None => write!(
            f,
            "the event at position {position} is gone; seal {seal} covers it"
        ),
    }
}
