//! What the feed and the projectors tell `/metrics`.

use opentelemetry::global;
use opentelemetry::metrics::{Counter, Gauge, Histogram};

/// The instruments of this crate, made once and shared.
#[derive(Clone)]
pub(crate) struct Metrics {
    /// Positions drawn that are not settled yet.
    pub(crate) feed_lag: Gauge<i64>,
    /// Settled positions a projection has not passed yet.
    pub(crate) projection_lag: Gauge<i64>,
    /// Events folded into a projection.
    pub(crate) events_folded: Counter<u64>,
    /// Events set aside by a projection.
    pub(crate) events_parked: Counter<u64>,
    /// Events taken in by builds.
    pub(crate) events_loaded: Counter<u64>,
    /// Positions a build has still to follow.
    pub(crate) build_lag: Gauge<i64>,
    /// Seconds from having a page to having it committed.
    pub(crate) page_duration: Histogram<f64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let meter = global::meter("jan-server");
        Self {
            feed_lag: meter
                .i64_gauge("jan.feed.lag")
                .with_description("Positions drawn that are not settled yet")
                .build(),
            projection_lag: meter
                .i64_gauge("jan.projection.lag")
                .with_description("Settled positions that a projection has not passed yet")
                .build(),
            events_folded: meter
                .u64_counter("jan.projection.events")
                .with_description("Events folded into a projection")
                .build(),
            events_parked: meter
                .u64_counter("jan.projection.parked")
                .with_description(
                    "Events that a projection set aside because it could not fold them",
                )
                .build(),
            events_loaded: meter
                .u64_counter("jan.projection.build.events")
                .with_description("Events taken in by builds of projections")
                .build(),
            build_lag: meter
                .i64_gauge("jan.projection.build.lag")
                .with_description("Settled positions that a build has still to follow")
                .build(),
            page_duration: meter
                .f64_histogram("jan.projection.page.duration")
                .with_unit("s")
                .with_description("Time to fold one page of events and commit it")
                .build(),
        }
    }
}
