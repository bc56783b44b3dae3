use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jan_domain::Owner;

/// How much each caller has under way in this process.
#[derive(Debug)]
pub struct CallerPlaces {
    taken: Arc<Taken>,
    most: usize,
}

type Taken = Mutex<HashMap<Owner, usize>>;

/// One place, free again when it is dropped.
#[derive(Debug)]
pub struct CallerPlace {
    taken: Arc<Taken>,
    owner: Owner,
}

impl CallerPlaces {
    /// So many for each caller.
    pub fn new(most: usize) -> Self {
        Self {
            taken: Arc::default(),
            most,
        }
    }

    /// A place, if the caller has one left.
    pub fn take(&self, owner: &Owner) -> Option<CallerPlace> {
        let mut taken = locked(&self.taken);
        let mine = taken.get(owner).copied().unwrap_or_default();
        if mine >= self.most {
            return None;
        }
        taken.insert(owner.clone(), mine + 1);
        Some(CallerPlace {
            taken: Arc::clone(&self.taken),
            owner: owner.clone(),
        })
    }
}

impl Drop for CallerPlace {
    fn drop(&mut self) {
        let mut taken = locked(&self.taken);
        match taken.get_mut(&self.owner) {
            Some(mine) if *mine > 1 => *mine -= 1,
            _ => {
                taken.remove(&self.owner);
            }
        }
    }
}

fn locked(taken: &Taken) -> MutexGuard<'_, HashMap<Owner, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jan_domain::Caller;

    #[test]
    fn a_caller_has_so_many_places_and_gets_them_back() {
        let places = CallerPlaces::new(2);
        let owner = Caller::nobody().owner;
        let (first, second) = (places.take(&owner), places.take(&owner));
        assert!(first.is_some() && second.is_some() && places.take(&owner).is_none());
        drop(first);
        assert!(places.take(&owner).is_some());
        drop(second);
        assert!(locked(&places.taken).is_empty());
    }
}
