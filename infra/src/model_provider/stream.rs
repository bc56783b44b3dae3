use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::stream::BoxStream;
use jan_domain::ports::{Frame, ProviderFailure};
use reqwest::Response;
use tokio::time::{Instant, Sleep, sleep_until};

use super::failure;
use super::frames::FrameSplitter;
use super::measure::CallMeasure;
use super::question::Question;
use super::upstream::Upstream;

/// How long the end of the body may take after `[DONE]`. Reading it lets the connection be used
/// again; most upstreams send it along.
const END_PATIENCE: Duration = Duration::from_millis(100);

/// The frames of a streamed answer. Dropping it closes the connection, which stops the upstream.
pub(super) struct FrameStream {
    body: BoxStream<'static, reqwest::Result<Bytes>>,
    splitter: FrameSplitter,
    upstream: Arc<Upstream>,
    patience: Patience,
    stage: Stage,
    measure: CallMeasure,
}

/// The deadline for the next bytes. It runs only while somebody waits for them, so a slow reader
/// is not taken for a silent upstream.
struct Patience {
    alarm: Pin<Box<Sleep>>,
    waiting: bool,
    silence: Duration,
}

#[derive(Clone, Copy)]
enum Stage {
    Frames,
    /// `[DONE]` was read; the body may still have an end to read.
    BodyEnd,
    Over,
}

impl FrameStream {
    pub(super) fn new(
        upstream: &Arc<Upstream>,
        response: Response,
        first_byte_deadline: Instant,
        measure: CallMeasure,
    ) -> Self {
        Self {
            body: Box::pin(response.bytes_stream()),
            splitter: FrameSplitter::new(upstream.limits.frame_bytes_max),
            upstream: Arc::clone(upstream),
            patience: Patience {
                alarm: Box::pin(sleep_until(first_byte_deadline)),
                waiting: true,
                silence: upstream.limits.silence,
            },
            stage: Stage::Frames,
            measure,
        }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, ProviderFailure>>> {
        loop {
            if let Some(frame) = self.splitter.next_frame() {
                return Poll::Ready(Some(frame));
            }
            match self.body.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    self.patience.heard();
                    self.measure.first_bytes();
                    self.splitter.push(chunk);
                }
                Poll::Ready(Some(Err(error))) => {
                    let question = Question::Chat { stream: true };
                    let failure = failure::of_transport(&self.upstream.name, question, error);
                    return Poll::Ready(Some(Err(failure)));
                }
                Poll::Ready(None) => return Poll::Ready(self.splitter.finish().map(Ok)),
                Poll::Pending => {
                    let silent = self.patience.poll_spent(cx);
                    return silent.map(|()| Some(Err(ProviderFailure::Stalled)));
                }
            }
        }
    }

    /// Settles what the measure and the next poll need to know about this outcome.
    fn settle(&mut self, outcome: Option<&Result<Frame, ProviderFailure>>) {
        match outcome {
            Some(Ok(Frame::Data(_))) => return,
            Some(Ok(Frame::Done)) => {
                self.measure.end(None);
                self.stage = Stage::BodyEnd;
                return;
            }
            Some(Err(failure)) => self.measure.end(Some(failure)),
            None => self.measure.end(Some(&ProviderFailure::Cut)),
        }
        self.stage = Stage::Over;
        // A failed upstream may still be sending; it should stop now, not when we are dropped.
        self.body = Box::pin(futures::stream::empty());
    }

    /// Reads on to the end of the body, for a moment.
    fn poll_body_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(piece) = self.body.as_mut().poll_next(cx) {
            if !matches!(piece, Some(Ok(_))) {
                self.stage = Stage::Over;
                return Poll::Ready(());
            }
        }
        self.patience.silence = END_PATIENCE;
        self.patience.poll_spent(cx)
    }
}

impl Stream for FrameStream {
    type Item = Result<Frame, ProviderFailure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.stage {
            Stage::Frames => {
                let outcome = std::task::ready!(self.poll_frame(cx));
                self.settle(outcome.as_ref());
                if matches!(outcome, Some(Ok(Frame::Done))) {
                    // The end is usually here already. If not, the caller gets `Done` anyway and
                    // waits for the end with its next poll.
                    self.patience.heard();
                    let _ = self.poll_body_end(cx);
                }
                Poll::Ready(outcome)
            }
            Stage::BodyEnd => {
                std::task::ready!(self.poll_body_end(cx));
                self.stage = Stage::Over;
                Poll::Ready(None)
            }
            Stage::Over => Poll::Ready(None),
        }
    }
}

impl Patience {
    fn heard(&mut self) {
        self.waiting = false;
    }

    /// Ready when the silence has lasted too long. Begins to count with the first call after bytes.
    fn poll_spent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.waiting {
            self.waiting = true;
            self.alarm.as_mut().reset(Instant::now() + self.silence);
        }
        self.alarm.as_mut().poll(cx)
    }
}
