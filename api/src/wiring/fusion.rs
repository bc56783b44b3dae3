use std::collections::BTreeMap;

use jan_domain::ports::DocumentHit;

/// How little the first places of a list count for more than the next ones.
const K: f32 = 60.0;

/// Puts two lists together by the places that passages have in them (reciprocal rank fusion): scores
/// of words and of meaning have nothing to do with each other. A passage that is first in both has 1.
pub(super) fn fuse(legs: [Vec<DocumentHit>; 2], limit: usize) -> Vec<DocumentHit> {
    let mut fused: BTreeMap<(String, i32), DocumentHit> = BTreeMap::new();
    for leg in legs {
        let mut rank = K;
        for hit in leg {
            rank += 1.0;
            let share = (K + 1.0) / rank / 2.0;
            let known = fused.entry((hit.name.clone(), hit.passage));
            known
                .and_modify(|known| known.score += share)
                .or_insert(DocumentHit {
                    score: share,
                    ..hit
                });
        }
    }
    let mut hits: Vec<DocumentHit> = fused.into_values().collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    hits.truncate(limit);
    hits
}

#[cfg(test)]
mod tests {
    use super::fuse;
    use jan_domain::ports::DocumentHit;

    fn hit(name: &str) -> DocumentHit {
        DocumentHit {
            name: name.to_owned(),
            passage: 0,
            text: String::new(),
            snippet: String::new(),
            score: 9.0,
            metadata: serde_json::Map::new(),
            tags: Vec::new(),
            collection: None,
            attributes: serde_json::Map::new(),
        }
    }

    fn names(hits: &[DocumentHit]) -> Vec<&str> {
        hits.iter().map(|hit| hit.name.as_str()).collect()
    }

    #[test]
    fn what_both_ways_find_comes_first() {
        let legs = [vec![hit("a"), hit("b")], vec![hit("b"), hit("c")]];
        let fused = fuse(legs.clone(), 9);
        assert_eq!(names(&fused), ["b", "a", "c"]);
        assert_eq!(names(&fuse(legs, 1)), ["b"]);
        let both = fuse([vec![hit("a")], vec![hit("a")]], 9);
        assert!((both[0].score - 1.0).abs() < 1e-6);
        assert!(fuse([vec![], vec![]], 9).is_empty());
    }
}
