use jan_domain::ports::IdGenerator;
use uuid::Uuid;

/// Ids from UUID version 7: unguessable in 74 bits, and later ones sort after earlier ones, which
/// keeps the indexes they stand in compact.
#[derive(Debug, Clone, Copy, Default)]
pub struct UuidV7Ids;

impl IdGenerator for UuidV7Ids {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the IdGenerator port's adapter"
    )]
    fn fresh(&self) -> String {
        Uuid::now_v7().simple().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let ids: Vec<String> = (0..1000).map(|_| UuidV7Ids.fresh()).collect();
        assert!(ids.is_sorted_by(|earlier, later| earlier < later));
        assert!(
            ids.iter()
                .all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()))
        );
        assert!(UuidV7Ids.conversation().as_str().starts_with("conv_"));
    }
}
