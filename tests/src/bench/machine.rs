use std::fmt;
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use super::stage::Stage;

const SYNCS: u32 = 50;
const BLOCK: [u8; 8192] = [0; 8192];

/// What the numbers depend on besides the code.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    cores: usize,
    /// Of the last minute, when the measuring began.
    load_average: String,
    /// How often the disk makes 8 kB durable, one at a time.
    syncs_per_second: u32,
    postgres: String,
    build: &'static str,
}

impl Machine {
    pub(super) fn look(stage: &Stage) -> anyhow::Result<Self> {
        let load = std::fs::read_to_string("/proc/loadavg")?;
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            load_average: load.split(' ').next().unwrap_or_default().to_owned(),
            syncs_per_second: syncs_per_second(stage.scratch())?,
            postgres: stage.postgres_version().to_owned(),
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cores, load {}, {} durable writes/s one at a time, Postgres {} with fsync on, {} build",
            self.cores, self.load_average, self.syncs_per_second, self.postgres, self.build
        )
    }
}

fn syncs_per_second(directory: &Path) -> anyhow::Result<u32> {
    let path = directory.join("sync");
    let mut file = File::create(&path)?;
    file.write_all(&BLOCK)?;
    file.sync_all()?;
    let began = Instant::now();
    for _ in 0..SYNCS {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&BLOCK)?;
        file.sync_data()?;
    }
    let took = began.elapsed().max(std::time::Duration::from_micros(1));
    std::fs::remove_file(path)?;
    let per_second = u128::from(SYNCS) * 1_000_000 / took.as_micros();
    Ok(u32::try_from(per_second).unwrap_or(u32::MAX))
}
