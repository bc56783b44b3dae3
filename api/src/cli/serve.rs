//! `jan-server serve`: the server itself.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use clap::Args;
use jan_commands::crash::CrashPoints;

/// Options of `serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server serve
  jan-server serve --bind 0.0.0.0 --port 8080
  DATABASE_URL=postgres://jan@db/jan JAN_DEFAULT_NODE_URL=https://api.example.com/v1 \\
    JAN_DEFAULT_NODE_API_KEY=... jan-server serve

Without DATABASE_URL a Postgres of our own runs in the data directory, and without a provider a
small local model. Ctrl-C or SIGTERM lets open requests end and then stops the server and everything
it started; a second one stops all at once.
Exit codes: 0 stopped as asked, 1 could not start or failed, 2 asked wrongly, 130 stopped at once.")]
pub struct ServeArgs {
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<IpAddr>,
    /// Port to listen on; 0 takes a free one [default: 8000]
    #[arg(long, short, value_name = "PORT")]
    pub port: Option<u16>,
    /// Die at the nth pass of a named point, to prove that nothing is lost there (for tests)
    #[arg(long, hide = true, value_name = "POINT[:N]")]
    pub crash_at: Option<String>,
}

impl ServeArgs {
    /// The settings given here, by name.
    pub fn overrides(&self) -> Vec<(String, String)> {
        let bind = self
            .bind
            .map(|bind| ("server.bind".to_owned(), bind.to_string()));
        let port = self
            .port
            .map(|port| ("server.port".to_owned(), port.to_string()));
        bind.into_iter().chain(port).collect()
    }

    /// Where to die, if anywhere.
    pub fn crash_points(&self) -> CrashPoints {
        let Some(wish) = &self.crash_at else {
            return CrashPoints::default();
        };
        let (point, nth) = wish.rsplit_once(':').unwrap_or((wish, "1"));
        CrashPoints::die_at(point, nth.parse().unwrap_or(1))
    }
}

/// Tells a person where the server is and how to begin.
pub fn banner(out: &mut impl Write, address: SocketAddr, models: &[String]) -> std::io::Result<()> {
    let host = if address.ip().is_unspecified() {
        SocketAddr::new(IpAddr::from([127, 0, 0, 1]), address.port())
    } else {
        address
    };
    let model = models.first().map_or("MODEL", String::as_str);
    writeln!(out)?;
    writeln!(out, "  Jan Server is ready at http://{host}")?;
    writeln!(out)?;
    writeln!(
        out,
        "  Models  {}",
        if models.is_empty() {
            "none yet".to_owned()
        } else {
            models.join(", ")
        }
    )?;
    writeln!(out, "  Docs    http://{host}/docs")?;
    writeln!(
        out,
        "  Token   TOKEN=$(curl -s -X POST http://{host}/auth/guest | jq -r .access_token)"
    )?;
    writeln!(
        out,
        "  Chat    curl http://{host}/v1/chat/completions -H \"Authorization: Bearer $TOKEN\" \\"
    )?;
    writeln!(out, "            -H 'content-type: application/json' \\")?;
    writeln!(
        out,
        "            -d '{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Say hello.\"}}],\"stream\":true}}'"
    )?;
    writeln!(out)?;
    writeln!(out, "  Ctrl-C stops the server and everything it started.")?;
    writeln!(out)?;
    out.flush()
}
