//! Two processes of the real program on one database.

mod reading;
mod zombie;
