//! Reading pages of the web: fetched through [`crate::safe_http`], decoded, tidied, and told as the
//! text and the Markdown of what they are about.
//!
//! What a page contains was written by strangers. `tidy` leaves out what nobody sees; what is left is
//! data all the same, and comes with its address.
//!
//! Start reading at `scraper`.

mod charset;
mod elements;
mod head;
mod plain;
mod readable;
mod robots;
mod scraper;
mod settings;
#[cfg(test)]
mod tests;
mod tidy;
mod visible;

pub use scraper::{Freshness, ScrapeFailure, Scraped, Scraper};
pub use settings::ScrapeSettings;
pub(crate) use visible::{beginning, visible};
