//! An audit that holds: seals over the log, their proofs, and the check of it all.
//!
//! `sealer.rs` follows the settled log and covers it, stretch by stretch, with signed seals that hang
//! together by hashes (`seal.rs`); `verify` computes everything again and names the first event that
//! is not what was sealed. Stored bytes are sealed, whatever they hold, so what is erased by
//! destroying its key stays sealed. Nothing of this is in the way of an append.

mod checkpoint;
mod consistency;
mod event_proof;
mod export;
mod exported_event;
mod guards;
mod index;
mod key;
mod leaf;
pub mod merkle;
mod opening;
pub mod proof;
mod proved_event;
mod seal;
mod seal_tree;
mod sealer;
mod sealing_lease;
mod search;
mod verify;

pub use checkpoint::{Checkpoint, NotACheckpoint};
pub use consistency::{Consistent, consistency};
pub use event_proof::{EventProof, Provable, ProvedSeal, Unproved, prove};
pub use export::{ExportWish, export};
pub use exported_event::ExportedEvent;
pub use key::{NotAPublicKey, PublicKey};
pub use leaf::Place;
pub use proved_event::ProvedEvent;
pub use seal::SealHeader;
pub use sealer::{Sealer, SealerTuning};
pub use search::{AuditFilter, AuditPage, AuditReader};
pub use verify::{Extent, Fault, Verified, Verifier, VerifyError, VerifyWish};
