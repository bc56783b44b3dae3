use tokio_util::sync::CancellationToken;

/// Whether the intent of a run is on record. Cheap to clone.
///
/// A model may be asked while the intent is being made durable, because a question can be asked
/// again; nothing is told, recorded or done before.
#[derive(Debug, Clone, Default)]
pub(crate) struct OnRecord {
    reached: CancellationToken,
    missed: CancellationToken,
}

/// Says how it went with an intent. Dropped without a word, it says that it was lost.
pub(super) struct Verdict(OnRecord);

impl OnRecord {
    /// An intent that is on record.
    pub(super) fn already() -> Self {
        let known = Self::default();
        known.reached.cancel();
        known
    }

    /// An intent that is on its way.
    pub(super) fn soon() -> (Verdict, Self) {
        let known = Self::default();
        (Verdict(known.clone()), known)
    }

    /// Waits until the intent is on record; for ever if it never is.
    pub(super) async fn reached(&self) {
        self.reached.cancelled().await;
    }

    /// Waits until it is known that the intent was lost; for ever if it was not.
    pub(super) async fn missed(&self) {
        self.missed.cancelled().await;
    }

    /// Waits until it is known whether the intent is on record, and answers that.
    pub(super) async fn settled(&self) -> bool {
        tokio::select! {
            biased;
            () = self.missed() => false,
            () = self.reached() => true,
        }
    }
}

impl Verdict {
    /// The intent is on record.
    pub(super) fn on_record(self) {
        self.0.reached.cancel();
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        if !self.0.reached.is_cancelled() {
            self.0.missed.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn an_intent_is_reached_or_missed_and_never_both() {
        let (verdict, known) = OnRecord::soon();
        assert!(known.reached().now_or_never().is_none());
        assert!(known.missed().now_or_never().is_none());
        verdict.on_record();
        assert!(known.reached().now_or_never().is_some());
        assert!(known.missed().now_or_never().is_none());
        assert!(known.settled().await);

        let (verdict, known) = OnRecord::soon();
        drop(verdict);
        assert!(known.reached().now_or_never().is_none());
        assert!(known.missed().now_or_never().is_some());
        assert!(!known.settled().await);
    }
}
