//! Runs the scripted model on its own, for benchmarks and for clients in other languages.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Parser;
use jan_tests::scripted_model::{GUIDE, Options, ScriptedModel};
use tokio::runtime::{Builder, Runtime};

/// An OpenAI-compatible model server that obeys its prompt, for tests and benchmarks.
///
/// Serves /v1/chat/completions, /v1/embeddings, /v1/models and /health. The first line it prints
/// is its base URL; it stops on Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "scripted-model", after_long_help = GUIDE)]
struct Cli {
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,

    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// Threads that serve; 1 is the cheapest per request
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    threads: usize,

    #[command(flatten)]
    options: Options,
}

fn main() -> io::Result<()> {
    let cli = Cli::parse();
    runtime(cli.threads)?.block_on(async {
        let model =
            ScriptedModel::bind(SocketAddr::from((cli.host, cli.port)), cli.options).await?;
        writeln!(io::stdout(), "{}", model.base_url())?;
        io::stdout().flush()?;
        tokio::signal::ctrl_c().await?;
        model.stop().await;
        Ok(())
    })
}

fn runtime(threads: usize) -> io::Result<Runtime> {
    match threads {
        0 | 1 => Builder::new_current_thread().enable_all().build(),
        _ => Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build(),
    }
}
