use std::collections::BTreeSet;

use jan_domain::Caller;
use jan_domain::ports::{ToolFailure, ToolListing, ToolOffer, ToolPlace, ToolServer};
use jan_domain::response::EffectClass;
use jan_domain::response::run::{ApprovalRule, ServerPlace, ServerTerms};

use super::catalogue::OWN_LABEL;
use crate::Commands;

/// The deployment's own tools that `caller` may use, in the order in which they are offered.
pub async fn list_own_tools(
    commands: &Commands,
    caller: &Caller,
) -> Result<Vec<ToolOffer>, ToolFailure> {
    let runner = &commands.runner;
    let listing = ToolListing {
        server: ToolServer {
            label: OWN_LABEL.to_owned(),
            place: ToolPlace::Own,
        },
        owner: caller.owner.clone(),
    };
    let listed = tokio::time::timeout(runner.limits.tool_timeout, runner.tools.list(listing));
    let mut offers = listed.await.unwrap_or(Err(ToolFailure::TimedOut))?;
    let allowance = runner.limits.tool_permissions.of(caller);
    offers.retain(|offer| allowance.allows(&offer.name, offer.effect));
    Ok(offers)
}

/// Whether `caller` may use one of them, if it is offered and only reads.
pub fn may_use_own_tool(commands: &Commands, caller: &Caller, name: &str) -> bool {
    let allowance = commands.runner.limits.tool_permissions.of(caller);
    allowance.allows(name, EffectClass::Pure)
}

/// The deployment's own tools, as far as `caller` may use them in a run.
pub(super) fn own_server(commands: &Commands, caller: &Caller) -> ServerTerms {
    let allowance = commands.runner.limits.tool_permissions.of(caller);
    terms(allowance.names, allowance.read_only)
}

/// One of them, for a run that calls nothing else.
pub(super) fn own_tool(name: &str) -> ServerTerms {
    terms(Some(BTreeSet::from([name.to_owned()])), false)
}

fn terms(allowed: Option<BTreeSet<String>>, read_only: bool) -> ServerTerms {
    ServerTerms {
        label: OWN_LABEL.to_owned(),
        place: ServerPlace::Own,
        item: None,
        allowed,
        read_only,
        approval: ApprovalRule::Never,
    }
}
