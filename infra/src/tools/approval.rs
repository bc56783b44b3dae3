//! Whether a server's tools are those that the operator approved.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jan_domain::ports::{Approval, ToolOffer, ToolReport};

use super::pins::{self, Pins};

/// What the operator approved of one server, and what was seen of it.
pub(super) struct Approvals {
    rule: Pins,
    pin: Option<String>,
    tool_pins: HashMap<String, String>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The last list that was as approved; without a pin the first one.
    approved: Option<HashMap<String, ToolOffer>>,
    /// The list that was looked at last, which is not looked at twice.
    last: Option<(String, Arc<Verdict>)>,
}

/// What there is to say about a list.
pub(super) struct Verdict {
    pub(super) approval: Approval,
    pub(super) pin: String,
    pub(super) tools: Vec<ToolReport>,
}

impl Verdict {
    pub(super) fn offers(&self, tool: &str) -> bool {
        self.tools.iter().any(|it| it.name == tool && it.offered)
    }

    pub(super) fn withholds(&self, tool: &str) -> bool {
        self.tools.iter().any(|it| it.name == tool && !it.offered)
    }
}

impl Approvals {
    pub(super) fn new(rule: Pins, pin: Option<String>, tool_pins: &[String]) -> Self {
        let tool_pins = tool_pins.iter().filter_map(|pin| pin.split_once('='));
        Self {
            rule,
            pin,
            tool_pins: tool_pins
                .map(|(tool, pin)| (tool.to_owned(), pin.to_owned()))
                .collect(),
            seen: Mutex::default(),
        }
    }

    /// Whether tools are withheld if need be, so that no call may rely on a list from before.
    pub(super) fn is_strict(&self) -> bool {
        match self.rule {
            Pins::Enforce => true,
            Pins::Given => self.pin.is_some(),
            Pins::Off | Pins::Warn => false,
        }
    }

    /// Judges a list, and says so once if it is not as it was approved.
    pub(super) fn judge(&self, server: &str, offers: &[&ToolOffer]) -> Arc<Verdict> {
        let pin = pins::of_list(offers.iter().copied());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, verdict)) = seen.last.as_ref().filter(|(last, _)| *last == pin) {
            return Arc::clone(verdict);
        }
        let approved = self.pin.as_ref().is_some_and(|approved| *approved == pin);
        if approved || self.pin.is_none() && seen.approved.is_none() {
            let offers = offers
                .iter()
                .map(|&offer| (offer.name.clone(), offer.clone()));
            seen.approved = Some(offers.collect());
        }
        let verdict = Arc::new(self.verdict(pin.clone(), approved, seen.approved.as_ref(), offers));
        if verdict.approval == Approval::Changed && self.rule != Pins::Off {
            warn(server, &verdict);
        }
        seen.last = Some((pin, Arc::clone(&verdict)));
        verdict
    }

    fn verdict(
        &self,
        pin: String,
        approved: bool,
        before: Option<&HashMap<String, ToolOffer>>,
        offers: &[&ToolOffer],
    ) -> Verdict {
        let strict = self.is_strict();
        let tools: Vec<_> = offers
            .iter()
            .map(|offer| {
                let pin = pins::of_tool(offer);
                let changes = if approved || self.rule == Pins::Off {
                    Vec::new()
                } else {
                    self.changes(offer, &pin, before)
                };
                let unapproved = !changes.is_empty() || self.pin.is_none();
                ToolReport {
                    name: offer.name.clone(),
                    offered: !(strict && unapproved),
                    changes,
                    pin,
                }
            })
            .collect();
        let removed = before.is_some_and(|before| {
            let mut before = before.keys();
            before.any(|name| !offers.iter().any(|offer| offer.name == *name))
        });
        let differs = removed || tools.iter().any(|tool| !tool.changes.is_empty());
        let approval = match (&self.pin, differs) {
            (Some(_), _) if approved => Approval::Pinned,
            (Some(_), _) if self.rule != Pins::Off => Approval::Changed,
            (None, true) => Approval::Changed,
            _ => Approval::Unpinned,
        };
        Verdict {
            approval,
            pin,
            tools,
        }
    }

    /// What differs from before; by its own pin, where nothing is known of before.
    fn changes(
        &self,
        offer: &ToolOffer,
        pin: &str,
        before: Option<&HashMap<String, ToolOffer>>,
    ) -> Vec<&'static str> {
        if self
            .tool_pins
            .get(&offer.name)
            .is_some_and(|approved| approved == pin)
        {
            return Vec::new();
        }
        match before {
            Some(before) => before
                .get(&offer.name)
                .map_or_else(|| vec!["new"], |before| pins::changes(before, offer)),
            None if self.tool_pins.is_empty() || self.tool_pins.contains_key(&offer.name) => {
                vec!["unknown"]
            }
            None => vec!["new"],
        }
    }
}

fn warn(server: &str, verdict: &Verdict) {
    let changed = verdict.tools.iter().filter(|tool| !tool.changes.is_empty());
    let changed: Vec<_> = changed
        .map(|tool| format!("{} ({})", tool.name, tool.changes.join(", ")))
        .collect();
    let withheld = verdict.tools.iter().filter(|tool| !tool.offered).count();
    tracing::warn!(
        tool_server.name = server,
        tool_server.pin = verdict.pin,
        "the tools of server {server} are not as they were approved: {}; {withheld} are withheld",
        changed.join(", ")
    );
}
