use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// How much is measured. The defaults take about a minute on two cores.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Calls per variant, load and round
    #[arg(long, value_name = "COUNT", default_value_t = 2_000)]
    pub calls: usize,

    /// Rounds; each one runs every variant under every load
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    pub rounds: usize,

    /// Connections that call at once
    #[arg(
        long,
        value_name = "COUNT,…",
        value_delimiter = ',',
        default_value = "8,32"
    )]
    pub connections: Vec<usize>,

    /// Streams per variant and round whose frames come as fast as they are taken
    #[arg(long, value_name = "COUNT", default_value_t = 400)]
    pub streams: usize,

    /// Streams at once whose frames come every 10 ms
    #[arg(
        long,
        value_name = "COUNT,…",
        value_delimiter = ',',
        default_value = "50,200"
    )]
    pub paced: Vec<usize>,

    /// Streams, one at a time, whose first frame is waited for
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub singles: usize,

    /// Longest time one variant may spend on one load of one round
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub patience: Duration,

    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,

    /// Where the throw-away database is made; a real disk, or durability costs nothing
    #[arg(long, value_name = "DIR", default_value = "/var/tmp")]
    pub scratch: PathBuf,

    /// Where `make setup` has put the runtime parts
    #[arg(long, value_name = "DIR", default_value = ".jan/runtime")]
    pub wheels: PathBuf,

    /// The server to measure [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub server: Option<PathBuf>,

    /// A setting of the measured server; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub server_settings: Vec<String>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: u64 = text.parse().map_err(|_| "expected whole seconds")?;
    Ok(Duration::from_secs(seconds))
}
