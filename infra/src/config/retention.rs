use super::setting::Setting;

/// How long what nobody needs any more is kept. Nothing is given up for age under 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Guests that did nothing for so many days are erased, with everything they said. Their refresh
    /// tokens die long before (`auth.refresh_token_ttl`), so nobody can come back to them.
    pub guest_days: u16,
    /// For how many days outcomes of tool calls are kept; they are in events too.
    pub effect_journal_days: u16,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self {
            guest_days: 60,
            effect_journal_days: 7,
        }
    }
}

pub(super) const SETTINGS: &[Setting<RetentionSettings>] = &[
    Setting {
        name: "retention.guest_days",
        env: &["JAN_RETENTION_GUEST_DAYS"],
        doc: "Erase guests that did nothing for so many days, with everything they said; 0 keeps them",
        slot: |retention| &mut retention.guest_days,
    },
    Setting {
        name: "retention.effect_journal_days",
        env: &["JAN_RETENTION_EFFECT_JOURNAL_DAYS"],
        doc: "For how many days outcomes of tool calls are kept beside their events; 0 keeps them",
        slot: |retention| &mut retention.effect_journal_days,
    },
];
