//! What may be seen: the feed loses nothing, the read models equal a naive fold, and a read sees
//! its own write.

mod barrier;
mod branches;
mod conversations;
mod database;
mod dice;
mod equality;
mod event_log;
mod histories;
mod leases;
mod log;
mod ordering;
mod parking;
pub(crate) mod rebuild;
mod rebuild_death;
mod rebuild_equality;
mod responses;
mod retrying;
mod world;
