//! What may be seen: the feed loses nothing, the read models equal a naive fold, and a read sees
//! its own write.

mod barrier;
mod database;
mod dice;
mod equality;
mod leases;
mod log;
mod ordering;
mod parking;
mod readers;
mod world;
