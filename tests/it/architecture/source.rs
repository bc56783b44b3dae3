//! The Rust files of a room, and what in them is not a test.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The rooms that hold Rust, in the order the arrows point.
pub(super) const ROOMS: [&str; 6] = ["domain", "commands", "projections", "infra", "api", "tests"];

/// One Rust file.
pub(super) struct Source {
    /// From the repository's root, with forward slashes.
    pub(super) path: String,
    pub(super) text: String,
}

/// Where the repository begins.
pub(super) fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ lies in the root").to_owned()
}

/// The Rust files of a room, by path.
pub(super) fn sources(room: &str) -> Vec<Source> {
    let repository = repository();
    let mut paths = Vec::new();
    collect(&repository.join(room), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| Source {
            text: fs::read_to_string(&path).unwrap(),
            path: relative(&repository, &path),
        })
        .collect()
}

/// Every file and folder of a room, by path from the root.
pub(super) fn entries(room: &str) -> Vec<String> {
    let repository = repository();
    let mut paths = Vec::new();
    collect(&repository.join(room), &mut paths);
    paths
        .iter()
        .map(|path| relative(&repository, path))
        .collect()
}

fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).expect("found below the root");
    below.to_string_lossy().replace('\\', "/")
}

/// What others made (`node_modules`) and what is hidden is none of our business.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "node_modules" || name == "target" {
            continue;
        }
        paths.push(path.clone());
        if path.is_dir() {
            collect(&path, paths);
        }
    }
}

impl Source {
    /// The file as Rust sees it.
    pub(super) fn parse(&self) -> syn::File {
        syn::parse_file(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }

    /// Whether the whole file is a module of unit tests.
    pub(super) fn is_test(&self) -> bool {
        !self.path.starts_with("tests/")
            && (self.path.ends_with("tests.rs") || self.path.contains("/tests/"))
    }

    /// The numbered lines that are neither comment nor test.
    pub(super) fn code(&self) -> Vec<(usize, &str)> {
        if self.is_test() {
            return Vec::new();
        }
        let mut modules = TestModules(Vec::new());
        modules.visit_file(&self.parse());
        self.text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line))
            .filter(|(at, line)| {
                !line.trim_start().starts_with("//")
                    && !modules.0.iter().any(|module| module.contains(at))
            })
            .collect()
    }
}

/// Whether an item is compiled for tests only.
pub(super) fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Ident>()
                .is_ok_and(|word| word == "test")
    })
}

struct TestModules(Vec<RangeInclusive<usize>>);

impl<'ast> Visit<'ast> for TestModules {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if is_test_only(&module.attrs) {
            let span = module.span();
            self.0.push(span.start().line..=span.end().line);
        } else {
            visit::visit_item_mod(self, module);
        }
    }
}
