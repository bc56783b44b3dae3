//! A response of several steps: the terms it was accepted under, the steps it takes, how far it has
//! come, and the rule that says what comes next. Everything here follows from events alone, so a
//! run can be taken up by another process at any point.

mod call_error;
mod citations;
mod decide;
mod next;
mod output;
mod progress;
mod prompt;
mod said;
mod step;
mod terms;
mod tool_use;

#[cfg(test)]
mod tests;

pub use call_error::call_error_text;
pub use citations::Sources;
pub use output::{shown, shown_use};
pub use progress::{Progress, StepSoFar};
pub use said::{Declined, Finish, Said};
pub use step::{ListedTool, Step, StepFailure, StepOutcome, ToolReturn, Work};
pub use terms::{ApprovalRule, RunTerms, ServerPlace, ServerTerms};
pub use tool_use::{ToolUse, UseKind, offered_name};
