use std::io::Write;

use jan_infra::config::Config;
use jan_infra::running_server::RunningServer;
use jan_infra::secret::Secret;

use crate::cli::responses::{ReExecution, compared};

/// Has a running server make a response again, and tells what is different. It is the server's work and
/// not this process's: the server has the models, the tools, and a lease that others can see.
pub async fn re_execute(
    wish: &ReExecution<'_>,
    config: &Config,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let here = format!("http://{}", config.server.address());
    let token = Secret::new(wish.token.to_owned());
    let server = RunningServer::at(wish.server.unwrap_or(&here), token)?;
    let path = ["v1", "responses", wish.id.as_str(), "replay"];
    let told = server.post(&path, &wish.body).await?;
    compared(&told, wish.json, out)
}
