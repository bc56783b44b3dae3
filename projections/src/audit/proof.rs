//! Proofs as RFC 9162 has them: that a leaf is in a tree, and that a tree continues an earlier one.

use std::ops::Range;

use super::merkle::{Hash, node_hash};

/// The subtrees whose roots prove that leaf `index` is among the first `size`, lowest first.
pub fn inclusion_path(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut path = Vec::new();
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let middle = from + left_half(to - from);
        if index < middle {
            path.push(middle..to);
            to = middle;
        } else {
            path.push(from..middle);
            from = middle;
        }
    }
    path.reverse();
    path
}

/// The subtrees whose roots prove that a tree of `second` leaves begins with the one of `first`.
pub fn consistency_path(first: u64, second: u64) -> Vec<Range<u64>> {
    let mut path = Vec::new();
    let (mut from, mut to) = (0, second);
    while to != first {
        let middle = from + left_half(to - from);
        if first <= middle {
            path.push(middle..to);
            to = middle;
        } else {
            path.push(from..middle);
            from = middle;
        }
    }
    // The old tree itself needs no proof while it is a whole subtree of the new one.
    if from > 0 {
        path.push(from..to);
    }
    path.reverse();
    path
}

/// The whole subtrees, as (level, index), that such a stretch of leaves consists of.
pub(crate) fn whole_subtrees(stretch: &Range<u64>) -> Vec<(u32, u64)> {
    let (mut from, to) = (stretch.start, stretch.end);
    let mut subtrees = Vec::new();
    while from < to {
        let level = (to - from).ilog2();
        subtrees.push((level, from >> level));
        from += 1 << level;
    }
    subtrees
}

/// The largest power of two below `leaves`.
fn left_half(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// The root of the tree of `size` leaves in which `leaf` is at `index`, if the path leads to one.
pub fn root_from_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut root) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            root = node_hash(sibling, &root);
            (at, last) = skip_ragged(at, last);
        } else {
            root = node_hash(&root, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(root)
}

/// A tree by its size and root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// Leaves.
    pub size: u64,
    /// Root.
    pub root: Hash,
}

/// Whether the path proves that `second` begins with `first`. Nothing is proved of an empty tree.
pub fn continues(first: &TreeHead, second: &TreeHead, path: &[Hash]) -> bool {
    if first.size == 0 || first.size > second.size {
        return false;
    }
    if first.size == second.size {
        return path.is_empty() && first.root == second.root;
    }
    let whole = first.size.is_power_of_two().then_some(&first.root);
    let mut path = whole.into_iter().chain(path);
    let Some(start) = path.next() else {
        return false;
    };
    let (mut at, mut last) = (first.size - 1, second.size - 1);
    let ones = at.trailing_ones();
    (at, last) = (at >> ones, last >> ones);
    let (mut old, mut new) = (*start, *start);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            (at, last) = skip_ragged(at, last);
        } else {
            new = node_hash(&new, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old == first.root && new == second.root
}

/// At the right edge, levels on which there is no sibling are passed over.
fn skip_ragged(mut at: u64, mut last: u64) -> (u64, u64) {
    while at & 1 == 0 && at != 0 {
        (at, last) = (at >> 1, last >> 1);
    }
    (at, last)
}
