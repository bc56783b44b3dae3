use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use jan_projections::audit::{EventProof, Provable, PublicKey};

/// Options of `events prove`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server events prove --position 1234 > proof.json
  jan-server events verify-proof proof.json --public-key 2fH0…=

Exit codes: 0 done, 1 failed or there is no such event, 2 asked wrongly.")]
pub struct ProveArgs {
    /// Of the event
    #[arg(long, value_name = "POSITION")]
    pub position: i64,
}

/// Options of `events verify-proof`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server events verify-proof proof.json
  curl -H \"Authorization: Bearer $TOKEN\" localhost:8000/v1/audit/events/1234/proof > proof.json

No database is asked: a proof holds everything but the key to trust.
Exit codes: 0 the event is on record, 1 it is not proved, 2 asked wrongly.")]
pub struct VerifyProofArgs {
    /// What `events prove` or the API gave
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A key whose word counts, as base64; may be repeated [default: the one of this server]
    #[arg(long = "public-key", value_name = "BASE64")]
    pub public_keys: Vec<PublicKey>,
}

/// Prints a proof.
pub fn prove(args: &ProveArgs, provable: &Provable, out: &mut impl Write) -> anyhow::Result<()> {
    match provable {
        Provable::Proved(proof) => writeln!(out, "{}", serde_json::to_string_pretty(proof)?)?,
        Provable::NotSealed => bail!("the event at position {} is not sealed yet", args.position),
        Provable::Unknown => bail!("there is no event at position {}", args.position),
    }
    Ok(out.flush()?)
}

/// Checks a proof and says what it proves.
pub fn verify_proof(
    args: &VerifyProofArgs,
    keys: &[PublicKey],
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let file = args.file.display();
    let text = fs::read_to_string(&args.file).with_context(|| format!("cannot read {file}"))?;
    let proof: EventProof = serde_json::from_str(&text)
        .with_context(|| format!("{file} is not a proof as `events prove` writes it"))?;
    let checkpoint = proof.check(keys)?;
    let event = &proof.event;
    writeln!(
        out,
        "The event at position {} ({}, {}#{}) was on record at {} and is what was sealed at {}.",
        event.position,
        event.event_type,
        event.aggregate_id,
        event.sequence,
        checkpoint.time,
        proof.seal.sealed_at,
    )?;
    Ok(out.flush()?)
}
