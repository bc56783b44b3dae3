use std::io::Write;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jan_commands::store::{Import, Imported};
use jan_domain::ports::{Keyring, NoKeys, Signer as _};
use jan_infra::config::Config;
use jan_infra::database::Pool;
use jan_infra::identity::{AuditKey, MasterKeyRing};
use jan_projections::EventTail;
use jan_projections::audit::{self, Checkpoint, PublicKey, Verifier, export};

use super::{owner_keys, reading_keys};
use crate::cli::events::{
    BATCH_EVENTS, EventsCommand, ExportFailure, ImportArgs, VerifyProofArgs, checkpoint, prove,
    show, tail, verify, verify_proof, write_line,
};

/// Runs a command on the event log.
pub(super) async fn events(
    command: &EventsCommand,
    pool: Pool,
    config: &Config,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    match command {
        EventsCommand::Tail(args) => {
            tail(args, &event_log(config, &pool, args.sealed())?, out).await
        }
        EventsCommand::Show(args) => {
            show(args, &event_log(config, &pool, args.sealed())?, out).await
        }
        EventsCommand::Export(args) => {
            let mut events = 0;
            let wish = args.wish();
            let keyring: Arc<dyn Keyring> = if args.opens() {
                reading_keys(config, &pool)?
            } else {
                Arc::new(NoKeys)
            };
            let written = export::<ExportFailure>(&pool, &wish, &*keyring, |event| {
                events += 1;
                write_line(&event, out)
            });
            written.await?;
            out.flush()?;
            args.found(events)
        }
        EventsCommand::Import(args) => args.tell(import(args, &pool, config).await?, out),
        EventsCommand::Verify(args) => {
            let keys = trusted_keys(&args.public_keys, config)?;
            verify(args, &Verifier { pool, keys }, out).await
        }
        EventsCommand::Checkpoint(_) => {
            let key = AuditKey::find(config)?.context(NO_KEY)?;
            checkpoint(&Checkpoint::take(&pool, &key).await?, out)
        }
        EventsCommand::Prove(args) => {
            let key = AuditKey::find(config)?.context(NO_KEY)?;
            prove(
                args,
                &audit::prove(&pool, &key, args.position, None).await?,
                out,
            )
        }
        EventsCommand::VerifyProof(args) => check_proof(args, config, out),
    }
}

/// The log, opened as far as the master keys that are here open it.
fn event_log(config: &Config, pool: &Pool, sealed: bool) -> anyhow::Result<EventTail> {
    let log = EventTail::new(pool.clone());
    if sealed {
        return Ok(log);
    }
    Ok(log.opening(reading_keys(config, pool)?))
}

/// Checks a proof, for which no database is needed.
pub fn check_proof(
    args: &VerifyProofArgs,
    config: &Config,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    verify_proof(args, &trusted_keys(&args.public_keys, config)?, out)
}

/// All events of the file or none.
async fn import(args: &ImportArgs, pool: &Pool, config: &Config) -> anyhow::Result<Imported> {
    let ids = args.check()?;
    let mut import = Import::begin(pool, importing_keys(config, pool).await?, &ids).await?;
    let mut events = args.events()?.peekable();
    while events.peek().is_some() {
        let batch: anyhow::Result<Vec<_>> = events.by_ref().take(BATCH_EVENTS).collect();
        import.take(&batch?).await?;
    }
    if args.dry_run {
        Ok(import.roll_back().await?)
    } else {
        Ok(import.commit().await?)
    }
}

/// The keys under which what is imported is sealed.
async fn importing_keys(config: &Config, pool: &Pool) -> anyhow::Result<Arc<dyn Keyring>> {
    if !config.keys.seal_events {
        return Ok(reading_keys(config, pool)?);
    }
    // Where the database is ours alone, the first command may make the master key as the first start
    // would. Elsewhere it would be one that the servers do not have.
    let ours = config.database.url.is_none();
    if !ours && MasterKeyRing::find(config)?.is_none() {
        bail!(
            "what is imported is sealed for its owners, and there is no master key here: set \
             JAN_MASTER_KEY, or work in a server's data directory"
        );
    }
    let keys = owner_keys(config, pool)?;
    keys.require_masters().await?;
    Ok(Arc::new(keys))
}

const NO_KEY: &str = "there is no key here that seals the log: name it by audit.signing_key_file, \
     or ask a server for GET /v1/audit/checkpoint";

/// The keys that were named; otherwise the one that this data directory or the settings have.
fn trusted_keys(named: &[PublicKey], config: &Config) -> anyhow::Result<Vec<PublicKey>> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let own = AuditKey::find(config)?.context(
        "there is no key here that seals the log: name the one to trust by --public-key \
         (GET /v1/audit/checkpoint shows it)",
    )?;
    Ok(vec![own.public_key().into()])
}
