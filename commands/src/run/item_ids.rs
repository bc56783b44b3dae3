use std::sync::atomic::{AtomicU32, Ordering};

use jan_domain::id::{ItemId, ResponseId};
use jan_domain::ports::IdGenerator;

/// Ids of what one step of a run brings forth: the response's own digits, then the step's place and
/// a count. The same step gives the same ids again, and an item's id tells which response it is of.
#[derive(Debug)]
pub(crate) struct StepItemIds {
    response: String,
    step: u32,
    drawn: AtomicU32,
}

impl StepItemIds {
    pub(crate) fn new(response: &ResponseId, step: u32) -> Self {
        let digits = response.as_str().strip_prefix(ResponseId::RUN_PREFIX);
        Self {
            response: digits.unwrap_or_default().to_owned(),
            step,
            drawn: AtomicU32::new(0),
        }
    }
}

impl IdGenerator for StepItemIds {
    fn fresh(&self) -> String {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        format!("{}{:08x}{drawn:010x}", self.response, self.step)
    }
}

/// Digits of a response's id within an item's.
const RESPONSE_DIGITS: usize = 32;

/// The response that brought an item forth, by the item's id.
pub fn response_of(item: &ItemId) -> Option<ResponseId> {
    let (_, digits) = item.as_str().rsplit_once('_')?;
    let own = digits.get(..RESPONSE_DIGITS)?;
    if digits.len() == RESPONSE_DIGITS {
        return None;
    }
    ResponseId::parse(&format!("{}{own}", ResponseId::RUN_PREFIX)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_knows_its_response() {
        let response = ResponseId::parse(&format!("resp_{}", "0a".repeat(16))).unwrap();
        let ids = StepItemIds::new(&response, 3);
        let (first, second) = (ids.message(), ids.item("fc_"));
        assert_eq!(response_of(&first), Some(response.clone()));
        assert_eq!(response_of(&second), Some(response.clone()));
        assert_ne!(first.as_str()[4..], second.as_str()[3..]);
        assert_eq!(StepItemIds::new(&response, 3).message(), first);
        let foreign = ItemId::parse(&format!("msg_{}", "0a".repeat(16))).unwrap();
        assert_eq!(response_of(&foreign), None);
    }
}
