use jan_domain::Caller;
use jan_domain::id::StepId;
use jan_domain::ports::ToolFailure;

use crate::code::runner::{CodeRunner, Program, RunOutcome};

/// Looks at the sandbox from within. Says `held` if there is nothing there that should not be.
const PROOF: &str = r"
import os, socket
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
assert status['NoNewPrivs'].strip() == '1', 'privileges can be gained'
assert int(status['CapEff'], 16) == 0, 'there are capabilities'
assert [name for _, name in socket.if_nameindex()] == ['lo'], 'there is a network'
assert os.listdir('/work') == [], 'the directory is not empty'
assert not os.path.exists('/root') and not os.path.exists('/home'), 'there are files of others'
assert len([name for name in os.listdir('/proc') if name.isdigit()]) <= 4, 'there are others'
assert set(os.environ) <= {'HOME', 'LANG', 'LC_CTYPE', 'PATH', 'PWD'}, 'there is an environment'
try:
    open('/usr/proof', 'w')
except OSError:
    print('held')
";

/// Whether programs run here, and are confined. Says what is wrong if not.
pub(in crate::code) async fn prove(runner: &impl CodeRunner) -> Result<(), String> {
    let program = Program {
        owner: Caller::nobody().owner,
        step: StepId::parse("step_proof").map_err(|error| error.to_string())?,
        language: "python".to_owned(),
        code: PROOF.to_owned(),
        session: None,
    };
    match runner.run(program).await {
        Ok(run) if run.outcome == RunOutcome::Finished && run.stdout == "held\n" => Ok(()),
        Ok(run) => Err(run
            .error
            .unwrap_or_else(|| "a program could write to the system".to_owned())),
        Err(ToolFailure::Unreachable) => {
            let words = "no sandbox can be made: bubblewrap or Python is missing, or the kernel \
                         does not allow user namespaces";
            Err(words.to_owned())
        }
        Err(failure) => Err(failure.to_string()),
    }
}
