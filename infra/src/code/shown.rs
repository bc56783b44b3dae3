use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jan_domain::ports::{ArtifactOf, ArtifactStore, NewArtifact};
use serde_json::{Value, json};

use super::runner::Artifact;

/// The files of a run, as a result shows them.
#[derive(Default)]
pub(super) struct Shown {
    /// What the model is told.
    pub(super) told: Vec<Value>,
    /// The same with the bytes of those that are kept nowhere.
    pub(super) whole: Vec<Value>,
    /// Why some are kept nowhere although they should be.
    pub(super) warning: Option<String>,
}

/// Keeps the files, if there is somebody to keep them. A file that is not kept comes whole.
pub(super) async fn show(
    artifacts: Vec<Artifact>,
    keeping: Option<(&dyn ArtifactStore, ArtifactOf<'_>)>,
) -> Shown {
    let mut shown = Shown::default();
    for artifact in artifacts {
        let told = json!({
            "name": artifact.name,
            "id": null,
            "url": null,
            "type": artifact.media_type,
            "size": artifact.size,
        });
        match (artifact.bytes, keeping) {
            (None, _) => shown.push(told.clone(), told),
            (Some(bytes), None) => {
                let whole = with_bytes(told.clone(), artifact.media_type, &bytes);
                shown.push(told, whole);
            }
            (Some(bytes), Some((store, of))) => {
                let new = NewArtifact {
                    name: artifact.name,
                    media_type: artifact.media_type,
                    bytes: bytes.into(),
                };
                shown.keep(told, new, (store, of)).await;
            }
        }
    }
    shown
}

impl Shown {
    async fn keep(
        &mut self,
        mut told: Value,
        new: NewArtifact,
        (store, of): (&dyn ArtifactStore, ArtifactOf<'_>),
    ) {
        match store.keep(of, new.clone()).await {
            Ok(kept) => {
                told["id"] = kept.id.as_str().into();
                told["url"] = kept.url.into();
                self.push(told.clone(), told);
            }
            Err(failure) => {
                self.warning = Some(format!("'{}' is not kept: {failure}", new.name));
                let whole = with_bytes(told.clone(), new.media_type, &new.bytes);
                self.push(told, whole);
            }
        }
    }

    fn push(&mut self, told: Value, whole: Value) {
        self.told.push(told);
        self.whole.push(whole);
    }
}

fn with_bytes(mut told: Value, media_type: &str, bytes: &[u8]) -> Value {
    let data = STANDARD.encode(bytes);
    told["url"] = format!("data:{media_type};base64,{data}").into();
    told
}
