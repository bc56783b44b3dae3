//! Files that import each other in a loop can only be understood together. A module's own children
//! may know it; nobody else closes a circle.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{ItemMod, ItemUse, UseTree};

use super::assert_none;
use super::source::{ROOMS, Source, is_test_only, sources};

/// A module's place in its crate, from the root.
type Place = Vec<String>;

/// The modules of a room that are files, and which of them each imports.
#[derive(Default)]
struct Imports {
    by_place: BTreeMap<Place, BTreeSet<Place>>,
    faces: BTreeSet<Place>,
}

impl Imports {
    fn of(room: &str) -> Self {
        let files: Vec<Source> = sources(room)
            .into_iter()
            .filter(|file| file.path.starts_with(&format!("{room}/src/")) && !file.is_test())
            .collect();
        let mut imports = Self::default();
        for file in &files {
            let place = place_of(&file.path);
            if file.path.ends_with("/mod.rs") || place.is_empty() {
                imports.faces.insert(place.clone());
            }
            imports.by_place.insert(place, BTreeSet::new());
        }
        for file in &files {
            let mut paths = UsedPaths {
                place: place_of(&file.path),
                found: Vec::new(),
            };
            paths.visit_file(&file.parse());
            let known = paths.found.iter().filter_map(|path| imports.file_of(path));
            let known: BTreeSet<Place> = known.filter(|to| !to.is_empty()).collect();
            imports.by_place.insert(paths.place, known);
        }
        imports
    }

    /// The file that a path leads into.
    fn file_of(&self, path: &[String]) -> Option<Place> {
        (0..=path.len())
            .rev()
            .map(|end| path[..end].to_vec())
            .find(|place| self.by_place.contains_key(place))
    }

    /// What a file imports, save what only hands names on and what it is a part of.
    fn from<'i>(&'i self, place: &'i Place) -> impl Iterator<Item = &'i Place> {
        self.by_place[place]
            .iter()
            .filter(move |to| !self.faces.contains(*to) && !place.starts_with(to.as_slice()))
    }

    fn reaches(&self, from: &Place, to: &Place) -> bool {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(place) = open.pop() {
            for next in self.from(place) {
                if next == to {
                    return true;
                }
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        false
    }
}

/// `infra/src/search/brave.rs` is `["search", "brave"]`.
fn place_of(path: &str) -> Place {
    let below = path.split_once("/src/").expect("a source lies in src").1;
    let below = below.trim_end_matches(".rs");
    let below = below.strip_suffix("/mod").unwrap_or(below);
    let parts = below.split('/').map(str::to_owned);
    parts
        .filter(|part| part != "lib" && part != "main")
        .collect()
}

/// Every path below the crate that is imported, from its root.
struct UsedPaths {
    place: Place,
    found: Vec<Vec<String>>,
}

impl UsedPaths {
    fn walk(&mut self, tree: &UseTree, path: &[String]) {
        match tree {
            UseTree::Path(step) => {
                self.walk(&step.tree, &[path, &[step.ident.to_string()]].concat());
            }
            UseTree::Name(name) => self.end(&[path, &[name.ident.to_string()]].concat()),
            UseTree::Rename(name) => self.end(&[path, &[name.ident.to_string()]].concat()),
            UseTree::Glob(_) => self.end(path),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.walk(tree, path);
                }
            }
        }
    }

    fn end(&mut self, path: &[String]) {
        let ups = path.iter().take_while(|part| *part == "super").count();
        let from = match path.first().map(String::as_str) {
            Some("crate") => &[][..],
            Some("self") => &self.place[..],
            Some("super") => &self.place[..self.place.len().saturating_sub(ups)],
            _ => return,
        };
        let below = &path[ups.max(1)..];
        self.found.push([from, below].concat());
    }
}

impl<'ast> Visit<'ast> for UsedPaths {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.walk(&item.tree, &[]);
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test_only(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_loop() {
    let mut circles = Vec::new();
    for room in ROOMS {
        let imports = Imports::of(room);
        for (place, known) in &imports.by_place {
            let looping = imports
                .from(place)
                .filter(|next| imports.reaches(next, place));
            let looping: Vec<String> = looping.map(|next| next.join("::")).collect();
            if !known.is_empty() && !looping.is_empty() && !imports.faces.contains(place) {
                circles.push(format!(
                    "{room}: {} <-> {}",
                    place.join("::"),
                    looping.join(", ")
                ));
            }
        }
    }
    assert_none(&circles);
}
