//! Hash trees as RFC 6962 has them: SHA-256, leaves and nodes told apart by their first byte.

use ring::digest::{Context, SHA256, digest};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Bytes of a hash.
pub(crate) const HASH_BYTES: usize = 32;

/// The plain hash of some bytes.
pub fn hash(bytes: &[u8]) -> Hash {
    taken(digest(&SHA256, bytes).as_ref())
}

/// The hash of a leaf whose data lies in these pieces.
pub fn leaf_hash(pieces: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    for piece in pieces {
        context.update(piece);
    }
    taken(context.finish().as_ref())
}

/// The hash of the node above two others.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[1]);
    context.update(left);
    context.update(right);
    taken(context.finish().as_ref())
}

/// The root of the tree over these leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    let mut tree = Frontier::default();
    for leaf in leaves {
        tree.push(*leaf);
    }
    tree.root()
}

fn taken(bytes: &[u8]) -> Hash {
    bytes.try_into().expect("SHA-256 has 32 bytes")
}

/// A tree that grows at its right edge, known by the roots of its whole subtrees.
#[derive(Debug, Clone, Default)]
pub struct Frontier {
    size: u64,
    /// Of descending size; one for each 1 in `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A tree of `size` leaves with these peaks, the largest first.
    pub(crate) fn of(size: u64, peaks: Vec<Hash>) -> Self {
        debug_assert_eq!(usize::try_from(size.count_ones()), Ok(peaks.len()));
        Self { size, peaks }
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf, and answers the nodes that are whole now and were not before: the leaf, then
    /// upwards.
    pub fn push(&mut self, leaf: Hash) -> Vec<Hash> {
        let mut completed = vec![leaf];
        let mut top = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak for each 1 in the size");
            top = node_hash(&left, &top);
            completed.push(top);
        }
        self.peaks.push(top);
        self.size += 1;
        completed
    }

    /// The root of the whole tree; of no leaves, the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => hash(&[]),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}
