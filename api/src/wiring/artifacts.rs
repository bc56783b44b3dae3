use futures::FutureExt;
use futures::future::BoxFuture;
use jan_commands::media::{MediaFailure, MediaShelf, NewFile};
use jan_domain::media::{ContentHash, FileName, MediaLabel, Purpose};
use jan_domain::metadata::Metadata;
use jan_domain::ports::{
    ArtifactFailure, ArtifactOf, ArtifactStore, KeptArtifact, NewArtifact, SeededIds,
};
use sha2::{Digest, Sha256};

/// Files of programs as media.
pub(super) struct Artifacts {
    shelf: MediaShelf,
    /// Where the server is reached, without a slash at the end.
    base: String,
}

impl Artifacts {
    pub(super) fn new(shelf: MediaShelf, base: String) -> Self {
        Self { shelf, base }
    }

    async fn keep_as_media(
        &self,
        of: ArtifactOf<'_>,
        artifact: NewArtifact,
    ) -> Result<KeptArtifact, MediaFailure> {
        let metadata = Metadata {
            actor_id: of.owner.account.to_string(),
            correlation_id: of.request.id.clone(),
            request_id: of.request.id.clone(),
            traceparent: of.request.traceparent.clone(),
            ..Metadata::of_system(of.owner, "python_exec")
        };
        let ids = ids_of(of, &artifact);
        let file = NewFile {
            label: MediaLabel {
                file_name: Some(FileName::parse(&artifact.name)?),
                purpose: Purpose::AssistantsOutput,
            },
            media_type: artifact.media_type.to_owned(),
            bytes: artifact.bytes,
            kept_for: self.shelf.terms().kept,
        };
        let kept = self
            .shelf
            .keep_file((of.owner, &metadata), &ids, file)
            .await?;
        Ok(KeptArtifact {
            url: format!("{}/v1/files/{}/content", self.base, kept.id),
            id: kept.id,
        })
    }
}

/// The same file of the same step has the same id.
fn ids_of(of: ArtifactOf<'_>, artifact: &NewArtifact) -> SeededIds {
    let content = ContentHash::of(&artifact.bytes);
    let mut seed = Sha256::new();
    for part in [
        of.owner.tenant.as_str(),
        of.owner.account.as_str(),
        of.step.as_str(),
        &artifact.name,
        content.as_str(),
    ] {
        seed.update((part.len() as u64).to_be_bytes());
        seed.update(part);
    }
    SeededIds::new(seed.finalize().into())
}

impl ArtifactStore for Artifacts {
    fn keep<'a>(
        &'a self,
        of: ArtifactOf<'a>,
        artifact: NewArtifact,
    ) -> BoxFuture<'a, Result<KeptArtifact, ArtifactFailure>> {
        async move {
            let kept = self.keep_as_media(of, artifact).await;
            kept.map_err(|failure| {
                tracing::warn!(error = %failure, "a file of a program was not kept");
                ArtifactFailure(failure.to_string())
            })
        }
        .boxed()
    }
}
