use jan_domain::Caller;
use jan_domain::id::ResponseId;
use jan_domain::response::{
    RequestedCall, Response, ResponseError, ResponseEvent, Retention, Surface,
};

use crate::store::{Moment, Past};
use crate::{CommandError, Commands};

/// The past of one of the caller's stored responses, also when it was deleted since. Before it began,
/// and after its end, there is nothing to see.
pub async fn response_as_of(
    commands: &Commands,
    caller: &Caller,
    id: &ResponseId,
    moment: Moment,
) -> Result<Past<Response>, CommandError<ResponseError>> {
    let past = commands.responses.as_of(id.as_str(), moment).await?;
    let shown = requested_in(&past).is_some_and(|call| {
        caller.sees(&call.owner)
            && call.retention == Retention::Stored
            && call.surface == Surface::Responses
    });
    if shown && !matches!(past.then.state, Response::Deleted { .. }) {
        Ok(past)
    } else {
        Err(CommandError::Refused(ResponseError::NotFound))
    }
}

/// What was asked, by the first event of a response's past.
pub fn requested_in(past: &Past<Response>) -> Option<&RequestedCall> {
    match past.events.first() {
        Some((_, ResponseEvent::Requested { call, .. })) => Some(call),
        _ => None,
    }
}
