use super::setting::Setting;
use crate::runtime::RuntimeSettings;

/// Read first, because the default of the wheels' directory lies in it.
pub(super) const DATA_DIR_SETTING: &[Setting<RuntimeSettings>] = &[Setting {
    name: "data_dir",
    env: &["JAN_DATA_DIR"],
    doc: "Holds the embedded database, the wheels, the signing key and files of children",
    slot: |runtime| &mut runtime.data_dir,
}];

/// The embedded Postgres and model; none of it matters when both are replaced.
pub(super) const SETTINGS: &[Setting<RuntimeSettings>] = &[
    Setting {
        name: "runtime.wheels_dir",
        env: &["JAN_WHEELS_DIR"],
        doc: "Where `make setup` put the wheels; `runtime` in the data directory unless said",
        slot: |runtime| &mut runtime.wheels_dir,
    },
    Setting {
        name: "runtime.postgres_bin_dir",
        env: &["JAN_POSTGRES_BIN_DIR"],
        doc: "Directory with postgres and initdb to use instead of looking for one",
        slot: |runtime| &mut runtime.postgres.bin_dir,
    },
    Setting {
        name: "runtime.postgres_durable",
        env: &["JAN_POSTGRES_DURABLE"],
        doc: "Whether a commit of the embedded Postgres survives a power cut",
        slot: |runtime| &mut runtime.postgres.durable,
    },
    Setting {
        name: "runtime.postgres_shared_buffers_mb",
        env: &["JAN_POSTGRES_SHARED_BUFFERS_MB"],
        doc: "Shared memory of the embedded Postgres",
        slot: |runtime| &mut runtime.postgres.shared_buffers_mb,
    },
    Setting {
        name: "runtime.postgres_connections_max",
        env: &["JAN_POSTGRES_CONNECTIONS_MAX"],
        doc: "Sessions of the embedded Postgres, over all pools and tools",
        slot: |runtime| &mut runtime.postgres.connections_max,
    },
    Setting {
        name: "runtime.model_path",
        env: &["JAN_MODEL_PATH"],
        doc: "GGUF file to serve instead of the one in the wheel",
        slot: |runtime| &mut runtime.model.model_path,
    },
    Setting {
        name: "runtime.model_alias",
        env: &["JAN_MODEL_ALIAS"],
        doc: "The id under which the local model answers",
        slot: |runtime| &mut runtime.model.alias,
    },
    Setting {
        name: "runtime.llama_server",
        env: &["JAN_LLAMA_SERVER"],
        doc: "llama-server to use instead of looking for one",
        slot: |runtime| &mut runtime.model.llama_server,
    },
    Setting {
        name: "runtime.python",
        env: &["JAN_PYTHON"],
        doc: "Python 3.10 or newer to use instead of python3 on the path",
        slot: |runtime| &mut runtime.model.python,
    },
    Setting {
        name: "runtime.threads",
        env: &["JAN_MODEL_THREADS"],
        doc: "Compute threads of the local model; all cores but one unless said",
        slot: |runtime| &mut runtime.model.threads,
    },
    Setting {
        name: "runtime.context_tokens",
        env: &["JAN_MODEL_CONTEXT_TOKENS"],
        doc: "Context of the local model, shared by the requests it answers at once",
        slot: |runtime| &mut runtime.model.context_tokens,
    },
    Setting {
        name: "runtime.parallel",
        env: &["JAN_MODEL_PARALLEL"],
        doc: "Requests the local model answers at once; more of them wait",
        slot: |runtime| &mut runtime.model.parallel,
    },
];
