use bytes::Bytes;
use futures::future::BoxFuture;

use crate::caller::Owner;
use crate::id::{MediaId, StepId};
use crate::metadata::Request;

/// Keeps files that programs leave, as media of whoever had them run.
pub trait ArtifactStore: Send + Sync {
    /// Keeps one. The same file of the same step is kept once, so that a call made again after a crash
    /// leaves it where it is.
    fn keep<'a>(
        &'a self,
        by: ArtifactOf<'a>,
        artifact: NewArtifact,
    ) -> BoxFuture<'a, Result<KeptArtifact, ArtifactFailure>>;
}

/// Whose program it was, and when it ran.
#[derive(Debug, Clone, Copy)]
pub struct ArtifactOf<'a> {
    /// On whose behalf it ran.
    pub owner: &'a Owner,
    /// In which step.
    pub step: &'a StepId,
    /// What set it off.
    pub request: &'a Request,
}

/// A file about to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewArtifact {
    /// Its path in the program's directory.
    pub name: String,
    /// What its name promises.
    pub media_type: &'static str,
    /// What is in it.
    pub bytes: Bytes,
}

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptArtifact {
    /// Its media.
    pub id: MediaId,
    /// Where its owner reads it, with a token.
    pub url: String,
}

/// Why a file was not kept, in words for whoever had the program run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ArtifactFailure(pub String);
