use jan_projections::audit::merkle::{Hash, leaf_hash, root};
use jan_projections::audit::proof::{
    TreeHead, consistency_path, continues, inclusion_path, root_from_inclusion,
};
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;

/// The leaves that Certificate Transparency tests with, and the roots over the first of them.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn bytes(hex: &str) -> Vec<u8> {
    let digits = (0..hex.len()).step_by(2);
    digits
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn vector_leaves() -> Vec<Hash> {
    LEAVES
        .iter()
        .map(|leaf| leaf_hash(&[&bytes(leaf)]))
        .collect()
}

/// The roots of the stretches that make a proof.
fn resolved(leaves: &[Hash], path: &[std::ops::Range<u64>]) -> Vec<Hash> {
    let index = |number: u64| usize::try_from(number).unwrap();
    path.iter()
        .map(|stretch| root(&leaves[index(stretch.start)..index(stretch.end)]))
        .collect()
}

fn some_leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&[&n.to_be_bytes()])).collect()
}

fn head(leaves: &[Hash]) -> TreeHead {
    TreeHead {
        size: leaves.len() as u64,
        root: root(leaves),
    }
}

/// Everything that can be done to a proof by changing one thing.
fn mutated(path: &[Hash], bit: usize) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..path.len() {
        let mut flipped = path.to_vec();
        flipped[at][bit / 8 % 32] ^= 1 << (bit % 8);
        all.push(flipped);
        let mut without = path.to_vec();
        without.remove(at);
        all.push(without);
        let mut twice = path.to_vec();
        twice.insert(at, path[at]);
        all.push(twice);
        if at > 0 {
            let mut swapped = path.to_vec();
            swapped.swap(at - 1, at);
            all.push(swapped);
        }
    }
    all.push([path, &[[0; 32]]].concat());
    all
}

#[test]
fn trees_have_the_roots_of_certificate_transparency() {
    let leaves = vector_leaves();
    for (size, expected) in ROOTS.iter().enumerate() {
        assert_eq!(root(&leaves[..size]).to_vec(), bytes(expected), "{size}");
    }
}

#[test]
fn paths_are_those_of_certificate_transparency() {
    let leaves = vector_leaves();
    let expect = |path: Vec<Hash>, expected: &[&str]| {
        let expected: Vec<_> = expected.iter().map(|hash| bytes(hash)).collect();
        let path: Vec<_> = path.iter().map(|hash| hash.to_vec()).collect();
        assert_eq!(path, expected);
    };
    expect(
        resolved(&leaves, &inclusion_path(0, 8)),
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    );
    expect(
        resolved(&leaves, &consistency_path(6, 8)),
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_leaf_is_proved_and_no_other_proof_holds(size in 1_u64..200, at: Index, bit in 0_usize..256) {
        let leaves = some_leaves(size);
        let index = at.index(leaves.len());
        let path = resolved(&leaves, &inclusion_path(index as u64, size));
        let (leaf, expected) = (leaves[index], Some(root(&leaves)));
        prop_assert_eq!(root_from_inclusion(leaf, index as u64, size, &path), expected);
        for wrong in mutated(&path, bit) {
            prop_assert!(wrong == path || root_from_inclusion(leaf, index as u64, size, &wrong) != expected);
        }
        for other in 0..size + 2 {
            let found = root_from_inclusion(leaf, other, size, &path);
            prop_assert_eq!(found == expected, other == index as u64);
        }
        let mut bent = leaf;
        bent[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(root_from_inclusion(bent, index as u64, size, &path) != expected);
    }

    #[test]
    fn a_continuation_is_proved_and_no_other_proof_holds(
        size in 1_u64..200, at: Index, bit in 0_usize..256
    ) {
        let leaves = some_leaves(size);
        let first = at.index(leaves.len()) + 1;
        let (old, new) = (head(&leaves[..first]), head(&leaves));
        let path = resolved(&leaves, &consistency_path(first as u64, size));
        prop_assert!(continues(&old, &new, &path));
        for wrong in mutated(&path, bit) {
            prop_assert!(wrong == path || !continues(&old, &new, &wrong));
        }
        let bent = |head: TreeHead| {
            let mut bent = head;
            bent.root[bit / 8] ^= 1 << (bit % 8);
            bent
        };
        let empty = TreeHead { size: 0, ..old };
        let held = [(bent(old), new), (old, bent(new)), (empty, new)]
            .iter()
            .any(|(old, new)| continues(old, new, &path));
        prop_assert!(!held);
    }
}
