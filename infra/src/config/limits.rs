//! Every limit of the server that an operator may move, in one table. What OpenAI's protocol
//! fixes (page size, metadata, items per call) stands in `jan_domain::limits` and cannot be moved.

use std::time::Duration;

use super::setting::Setting;
use crate::model_provider::ProviderLimits;

/// How much and how long anything may take. Reaching one is an error with a name, never a hang.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Size of a request's body.
    pub body_bytes_max: usize,
    /// From opening a connection to the end of a request's headers.
    pub header_read_timeout: Duration,
    /// Silence in the middle of a request's body.
    pub body_read_timeout: Duration,
    /// How long a client may take nothing of its answer before it is cut off.
    pub write_timeout: Duration,
    /// Connections at once; more of them wait in the listen queue.
    pub connections_max: usize,
    /// Concurrent model calls of this process; more are told to come back.
    pub model_calls_max: usize,
    /// From one model call's acceptance to its end.
    pub model_call_duration_max: Duration,
    /// Rounds of tool calls of one response.
    pub tool_depth_max: u32,
    /// Responses in the background at once in this process; more of them wait.
    pub background_runs_max: usize,
    /// How long the streams of responses in the background can be read again.
    pub stream_kept: Duration,
    /// Append statements under way at once.
    pub append_lanes: usize,
    /// Events in one append statement.
    pub append_batch_events: usize,
    /// Appends that wait for a statement; further callers wait outside the queue.
    pub append_queue: usize,
    /// Verified access tokens that are remembered.
    pub token_cache_entries: usize,
    /// How long an `Idempotency-Key` is remembered.
    pub idempotency_ttl: Duration,
    /// How long a process is believed to live after its last sign; then its calls are closed.
    pub node_lease: Duration,
    /// What is given to running requests at shutdown before they are cut.
    pub shutdown_timeout: Duration,
    /// What every provider gets unless its own table says otherwise.
    pub provider: ProviderLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 20 << 20,
            header_read_timeout: Duration::from_secs(10),
            body_read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_mins(1),
            connections_max: 10_000,
            model_calls_max: 1_024,
            model_call_duration_max: Duration::from_mins(30),
            tool_depth_max: 8,
            background_runs_max: 64,
            stream_kept: Duration::from_hours(24),
            append_lanes: 2,
            append_batch_events: 256,
            append_queue: 4_096,
            token_cache_entries: 10_000,
            idempotency_ttl: Duration::from_hours(24),
            node_lease: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(10),
            provider: ProviderLimits::default(),
        }
    }
}

pub(super) const SETTINGS: &[Setting<Limits>] = &[
    Setting {
        name: "limits.body_bytes_max",
        env: &["JAN_BODY_BYTES_MAX"],
        doc: "Size of a request's body",
        slot: |limits| &mut limits.body_bytes_max,
    },
    Setting {
        name: "limits.header_read_timeout",
        env: &["JAN_HEADER_READ_TIMEOUT"],
        doc: "From opening a connection to the end of a request's headers",
        slot: |limits| &mut limits.header_read_timeout,
    },
    Setting {
        name: "limits.body_read_timeout",
        env: &["JAN_BODY_READ_TIMEOUT"],
        doc: "Silence in the middle of a request's body",
        slot: |limits| &mut limits.body_read_timeout,
    },
    Setting {
        name: "limits.write_timeout",
        env: &["JAN_WRITE_TIMEOUT"],
        doc: "How long a client may take nothing of its answer before it is cut off",
        slot: |limits| &mut limits.write_timeout,
    },
    Setting {
        name: "limits.connections_max",
        env: &["JAN_CONNECTIONS_MAX"],
        doc: "Connections at once; more of them wait to be accepted",
        slot: |limits| &mut limits.connections_max,
    },
    Setting {
        name: "limits.model_calls_max",
        env: &["JAN_MODEL_CALLS_MAX"],
        doc: "Model calls at once in this process; more are told to come back",
        slot: |limits| &mut limits.model_calls_max,
    },
    Setting {
        name: "limits.model_call_duration_max",
        env: &["JAN_MODEL_CALL_DURATION_MAX"],
        doc: "From a model call's acceptance to its end",
        slot: |limits| &mut limits.model_call_duration_max,
    },
    Setting {
        name: "limits.tool_depth_max",
        env: &[
            "JAN_TOOL_DEPTH_MAX",
            "MAX_TOOL_EXECUTION_DEPTH",
            "RESPONSE_MAX_TOOL_DEPTH",
        ],
        doc: "Rounds of tool calls of one response",
        slot: |limits| &mut limits.tool_depth_max,
    },
    Setting {
        name: "limits.background_runs_max",
        env: &["JAN_BACKGROUND_RUNS_MAX", "BACKGROUND_WORKER_COUNT"],
        doc: "Responses in the background at once in this process; more of them wait",
        slot: |limits| &mut limits.background_runs_max,
    },
    Setting {
        name: "limits.stream_kept",
        env: &["JAN_STREAM_KEPT"],
        doc: "How long the streams of responses in the background can be read again",
        slot: |limits| &mut limits.stream_kept,
    },
    Setting {
        name: "limits.append_lanes",
        env: &["JAN_APPEND_LANES"],
        doc: "Append statements under way at once",
        slot: |limits| &mut limits.append_lanes,
    },
    Setting {
        name: "limits.append_batch_events",
        env: &["JAN_APPEND_BATCH_EVENTS"],
        doc: "Events in one append statement",
        slot: |limits| &mut limits.append_batch_events,
    },
    Setting {
        name: "limits.append_queue",
        env: &["JAN_APPEND_QUEUE"],
        doc: "Appends that wait for a statement; further callers wait outside",
        slot: |limits| &mut limits.append_queue,
    },
    Setting {
        name: "limits.token_cache_entries",
        env: &["JAN_TOKEN_CACHE_ENTRIES"],
        doc: "Verified access tokens that are remembered",
        slot: |limits| &mut limits.token_cache_entries,
    },
    Setting {
        name: "limits.idempotency_ttl",
        env: &["JAN_IDEMPOTENCY_TTL"],
        doc: "How long an Idempotency-Key is remembered",
        slot: |limits| &mut limits.idempotency_ttl,
    },
    Setting {
        name: "limits.node_lease",
        env: &["JAN_NODE_LEASE"],
        doc: "How long a process is believed to live after its last sign; then its calls are closed",
        slot: |limits| &mut limits.node_lease,
    },
    Setting {
        name: "limits.shutdown_timeout",
        env: &["JAN_SHUTDOWN_TIMEOUT", "SHUTDOWN_TIMEOUT"],
        doc: "Time for running requests at shutdown before they are cut",
        slot: |limits| &mut limits.shutdown_timeout,
    },
    Setting {
        name: "limits.provider_connect_timeout",
        env: &["JAN_PROVIDER_CONNECT_TIMEOUT"],
        doc: "To open a connection to a provider",
        slot: |limits| &mut limits.provider.connect,
    },
    Setting {
        name: "limits.provider_first_byte_timeout",
        env: &["JAN_PROVIDER_FIRST_BYTE_TIMEOUT", "HTTP_TIMEOUT"],
        doc: "From asking a provider to the first byte of a stream",
        slot: |limits| &mut limits.provider.first_byte,
    },
    Setting {
        name: "limits.provider_first_byte_whole_timeout",
        env: &["JAN_PROVIDER_FIRST_BYTE_WHOLE_TIMEOUT"],
        doc: "From asking a provider to the first byte of an answer that is not streamed",
        slot: |limits| &mut limits.provider.first_byte_whole,
    },
    Setting {
        name: "limits.provider_silence_timeout",
        env: &["JAN_PROVIDER_SILENCE_TIMEOUT"],
        doc: "Silence in the middle of a provider's answer",
        slot: |limits| &mut limits.provider.silence,
    },
    Setting {
        name: "limits.provider_idle_connections_max",
        env: &["JAN_PROVIDER_IDLE_CONNECTIONS_MAX"],
        doc: "Unused connections kept per provider",
        slot: |limits| &mut limits.provider.idle_connections_max,
    },
    Setting {
        name: "limits.provider_answer_bytes_max",
        env: &["JAN_PROVIDER_ANSWER_BYTES_MAX"],
        doc: "Size of a provider's answer that is not streamed",
        slot: |limits| &mut limits.provider.whole_bytes_max,
    },
    Setting {
        name: "limits.provider_frame_bytes_max",
        env: &["JAN_PROVIDER_FRAME_BYTES_MAX"],
        doc: "Size of one frame of a provider's stream",
        slot: |limits| &mut limits.provider.frame_bytes_max,
    },
    Setting {
        name: "limits.provider_discover_every",
        env: &["JAN_PROVIDER_DISCOVER_EVERY"],
        doc: "Time between two looks at a provider's model list",
        slot: |limits| &mut limits.provider.discover_every,
    },
];
