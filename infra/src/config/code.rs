use std::collections::BTreeSet;

use super::setting::Setting;
use super::value::{Written, list_of};
use crate::code::{Approval, CodeSettings, RunnerKind};

/// Who runs the code of `python_exec`, and within which bounds.
pub(super) const SETTINGS: &[Setting<CodeSettings>] = &[
    Setting {
        name: "code.runner",
        env: &["JAN_CODE_RUNNER"],
        doc: "Who runs code: monty, bubblewrap, sandbox_fusion or off; SandboxFusion if its address is set, else monty",
        slot: |code| &mut code.runner,
    },
    Setting {
        name: "code.sandbox_fusion_url",
        env: &["SANDBOX_FUSION_URL", "SANDBOXFUSION_URL"],
        doc: "Where SandboxFusion is",
        slot: |code| &mut code.sandbox_fusion_url,
    },
    Setting {
        name: "code.approval",
        env: &["JAN_CODE_APPROVAL", "SANDBOX_FUSION_REQUIRE_APPROVAL"],
        doc: "Whose programs need `approved: true`: never, always, or accounts",
        slot: |code| &mut code.approval,
    },
    Setting {
        name: "code.timeout",
        env: &["JAN_CODE_TIMEOUT"],
        doc: "How long a program may run",
        slot: |code| &mut code.limits.time,
    },
    Setting {
        name: "code.memory_bytes_max",
        env: &["JAN_CODE_MEMORY_BYTES_MAX"],
        doc: "Memory of a program",
        slot: |code| &mut code.limits.memory_bytes,
    },
    Setting {
        name: "code.output_bytes_max",
        env: &["JAN_CODE_OUTPUT_BYTES_MAX"],
        doc: "Size of what a program prints, and of its errors; more is cut",
        slot: |code| &mut code.limits.output_bytes,
    },
    Setting {
        name: "code.recursion_max",
        env: &["JAN_CODE_RECURSION_MAX"],
        doc: "Calls within calls in a program",
        slot: |code| &mut code.limits.recursion,
    },
    Setting {
        name: "code.artifact_bytes_max",
        env: &["JAN_CODE_ARTIFACT_BYTES_MAX"],
        doc: "Size of all files that a program leaves; more are only named",
        slot: |code| &mut code.limits.artifact_bytes,
    },
    Setting {
        name: "code.artifacts_max",
        env: &["JAN_CODE_ARTIFACTS_MAX"],
        doc: "Files that a program leaves; more are left out",
        slot: |code| &mut code.limits.artifacts,
    },
    Setting {
        name: "code.runs_max",
        env: &["JAN_CODE_RUNS_MAX"],
        doc: "Programs that run at once; others wait",
        slot: |code| &mut code.runs_max,
    },
    Setting {
        name: "code.workers",
        env: &["JAN_CODE_WORKERS"],
        doc: "Worker processes of monty that stand ready",
        slot: |code| &mut code.workers,
    },
    Setting {
        name: "code.sessions_max",
        env: &["JAN_CODE_SESSIONS_MAX"],
        doc: "Sessions of one owner that are kept; the idlest makes room",
        slot: |code| &mut code.sessions_max,
    },
    Setting {
        name: "code.session_idle",
        env: &["JAN_CODE_SESSION_IDLE"],
        doc: "How long an unused session is kept",
        slot: |code| &mut code.session_idle,
    },
    Setting {
        name: "code.session_bytes_max",
        env: &["JAN_CODE_SESSION_BYTES_MAX"],
        doc: "Size of what one session holds",
        slot: |code| &mut code.session_bytes_max,
    },
    Setting {
        name: "code.python",
        env: &["JAN_CODE_PYTHON"],
        doc: "The Python behind bubblewrap",
        slot: |code| &mut code.python,
    },
    Setting {
        name: "code.bubblewrap",
        env: &["JAN_CODE_BUBBLEWRAP"],
        doc: "bwrap, where code.runner is bubblewrap",
        slot: |code| &mut code.bubblewrap,
    },
];

impl Written for RunnerKind {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let kinds = [
            Self::Off,
            Self::Monty,
            Self::Bubblewrap,
            Self::SandboxFusion,
        ];
        let named = kinds.into_iter().find(|kind| kind.as_str() == text);
        named.ok_or("monty, bubblewrap, sandbox_fusion or off")
    }

    fn write(&self) -> String {
        self.as_str().to_owned()
    }
}

/// `never`, `always`, or accounts. Jan's own variable says `false` and `true`.
impl Written for Approval {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match list_of(text).collect::<Vec<_>>().as_slice() {
            [] => Err("never, always, or accounts"),
            ["never" | "false"] => Ok(Self::Never),
            ["always" | "true"] => Ok(Self::Always),
            accounts => {
                let accounts = accounts.iter().map(|&account| account.to_owned());
                Ok(Self::Of(accounts.collect::<BTreeSet<_>>()))
            }
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Never => "never".to_owned(),
            Self::Always => "always".to_owned(),
            Self::Of(accounts) => accounts.iter().cloned().collect::<Vec<_>>().join(","),
        }
    }
}
