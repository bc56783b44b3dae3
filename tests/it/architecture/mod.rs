//! The rules of the house, held by a machine: which room may know which, which words belong where,
//! how large things may grow, and what lies on the ground floor.

mod arrows;
mod circles;
mod house;
mod sizes;
mod source;
mod words;

/// Fails with every violation at once, so that one run shows the whole list.
#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(
        violations.is_empty(),
        "{} violations:\n{}",
        violations.len(),
        violations.join("\n")
    );
}
