//! The budgets: a file has at most 400 lines and a function at most 70. The table that
//! `--nocapture` shows tells how far the house stays below them.

use syn::visit::{self, Visit};

use super::assert_none;
use super::source::{ROOMS, is_test_only, sources};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// A file or a function, and how many lines it has.
struct Sized {
    lines: usize,
    name: String,
}

fn files(room: &str) -> Vec<Sized> {
    sources(room)
        .into_iter()
        .map(|source| Sized {
            lines: source.text.lines().count(),
            name: source.path,
        })
        .collect()
}

/// The functions of a room, unit tests left out.
fn functions(room: &str) -> Vec<Sized> {
    let mut found = Functions::default();
    for source in sources(room).iter().filter(|source| !source.is_test()) {
        found.path.clone_from(&source.path);
        found.visit_file(&source.parse());
    }
    found.functions
}

#[derive(Default)]
struct Functions {
    path: String,
    functions: Vec<Sized>,
}

impl Functions {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let last = block.brace_token.span.close().end().line;
        self.functions.push(Sized {
            lines: last - first + 1,
            name: format!("{}:{first} {}", self.path, signature.ident),
        });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test_only(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

fn beyond(measured: impl Iterator<Item = Sized>, most: usize) -> Vec<String> {
    measured
        .filter(|sized| sized.lines > most)
        .map(|sized| format!("{} has {} lines", sized.name, sized.lines))
        .collect()
}

/// One line of the table: count, median, 90th percentile, longest.
fn row(room: &str, mut measured: Vec<Sized>) -> String {
    measured.sort_by_key(|sized| sized.lines);
    let percentile = |percent: usize| {
        let at = measured.len().saturating_sub(1) * percent / 100;
        measured.get(at).map_or(0, |sized| sized.lines)
    };
    let count = measured.len();
    let all: usize = measured.iter().map(|sized| sized.lines).sum();
    let longest = measured.last().map_or("", |sized| sized.name.as_str());
    format!(
        "{room:<12}{count:>7}{all:>8}{:>8}{:>6}{:>9}  {longest}",
        percentile(50),
        percentile(90),
        percentile(100),
    )
}

fn table(title: &str, measure: fn(&str) -> Vec<Sized>) -> String {
    let head = format!(
        "{title:<12}{:>7}{:>8}{:>8}{:>6}{:>9}",
        "count", "lines", "median", "p90", "longest"
    );
    let everything = ROOMS.iter().flat_map(|room| measure(room)).collect();
    let rows = ROOMS.iter().map(|room| row(room, measure(room)));
    [head]
        .into_iter()
        .chain(rows)
        .chain([row("all", everything)])
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is for people")]
fn a_file_stays_within_its_budget() {
    println!("\n{}\n", table("files", files));
    let all = ROOMS.iter().flat_map(|room| files(room));
    assert_none(&beyond(all, FILE_LINES_MAX));
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is for people")]
fn a_function_stays_within_its_budget() {
    println!("\n{}\n", table("functions", functions));
    let all = ROOMS.iter().flat_map(|room| functions(room));
    assert_none(&beyond(all, FUNCTION_LINES_MAX));
}
