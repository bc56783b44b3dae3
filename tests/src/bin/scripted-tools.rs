//! Runs the scripted tools on their own, for crash tests and for clients in other languages.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Parser;
use jan_tests::scripted_tools::{GUIDE, Options, ScriptedTools};

/// An MCP server whose tools do what their arguments say, and that keeps a ledger of what it did.
///
/// The first line it prints is the URL of its MCP endpoint; it stops on Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "scripted-tools", after_long_help = GUIDE)]
struct Cli {
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,

    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,

    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let cli = Cli::parse();
    let tools = ScriptedTools::bind(SocketAddr::from((cli.host, cli.port)), cli.options).await?;
    writeln!(io::stdout(), "{}", tools.url())?;
    io::stdout().flush()?;
    tokio::signal::ctrl_c().await?;
    tools.stop().await;
    Ok(())
}
