use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::media::{Dimensions, MediaContent, MediaEvent as E, MediaLabel};

/// What a stretch of history changes about one piece of media.
#[derive(Default)]
pub(super) struct MediaChange {
    /// If it was prepared in this stretch.
    pub(super) began: Option<Began>,
    /// If its bytes came in this stretch.
    pub(super) content: Option<MediaContent>,
    /// Where it stands at the end; nowhere once its bytes are gone.
    pub(super) stand: Option<Stand>,
    /// Whether it has a row from before this stretch.
    pub(super) began_elsewhere: bool,
}

/// What is said when media is prepared.
pub(super) struct Began {
    pub(super) owner: Owner,
    pub(super) label: MediaLabel,
    pub(super) at: DateTime<Utc>,
}

/// The state of media, and when it is to be looked at.
pub(super) struct Stand {
    pub(super) state: &'static str,
    pub(super) due_at: Option<DateTime<Utc>>,
}

impl Stand {
    fn of(state: &'static str, due_at: Option<DateTime<Utc>>) -> Self {
        Self { state, due_at }
    }
}

impl MediaChange {
    pub(super) fn fold(&mut self, event: &E) {
        self.stand = match event {
            E::UploadPrepared {
                owner,
                label,
                expires_at,
                at,
                ..
            } => {
                self.content = None;
                self.began = Some(Began {
                    owner: owner.clone(),
                    label: label.clone(),
                    at: *at,
                });
                Some(Stand::of("prepared", Some(*expires_at)))
            }
            E::Stored {
                content,
                retain_until,
                ..
            } => {
                self.content = Some(content.clone());
                Some(Stand::of("kept", *retain_until))
            }
            E::Retained { until, .. } => Some(Stand::of("kept", *until)),
            E::Expired { at } | E::Deleted { at } => Some(Stand::of("leaving", Some(*at))),
            E::Purged { .. } => {
                (self.began, self.content) = (None, None);
                None
            }
        };
    }

    pub(super) fn bytes(&self) -> Option<i64> {
        let content = self.content.as_ref()?;
        Some(i64::try_from(content.bytes).expect("nobody keeps so many bytes"))
    }

    pub(super) fn media_type(&self) -> Option<&str> {
        self.content.as_ref().map(|it| it.media_type.as_str())
    }

    pub(super) fn sha256(&self) -> Option<&str> {
        self.content.as_ref().map(|it| it.sha256.as_str())
    }

    pub(super) fn width(&self) -> Option<i32> {
        self.side(|dimensions| dimensions.width)
    }

    pub(super) fn height(&self) -> Option<i32> {
        self.side(|dimensions| dimensions.height)
    }

    fn side(&self, of: fn(&Dimensions) -> u32) -> Option<i32> {
        let dimensions = self.content.as_ref()?.dimensions.as_ref()?;
        i32::try_from(of(dimensions)).ok()
    }
}
