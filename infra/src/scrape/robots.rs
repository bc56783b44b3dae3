//! What the owner of a server asks of programs that come by (RFC 9309).

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::safe_http::{FetchFailure, Fetcher, VettedUrl, Wanted};

/// Our name in such files.
const NAME: &str = "jan-server";
/// Servers whose wishes are remembered, and for how long.
const SERVERS_MAX: usize = 1_024;
const REMEMBERED: Duration = Duration::from_hours(1);
/// Of a longer file only the beginning is read.
const RULES_MAX: usize = 2_000;

/// The wishes of servers, remembered for a while.
pub(super) struct Robots {
    known: Cache<String, (Instant, Arc<Rules>)>,
}

impl Robots {
    pub(super) fn new() -> Self {
        Self {
            known: Cache::new(SERVERS_MAX),
        }
    }

    /// Whether a page may be fetched. A server that does not say what it wishes is left alone.
    pub(super) async fn allow(
        &self,
        fetcher: &Fetcher,
        page: &VettedUrl,
    ) -> Result<bool, FetchFailure> {
        let origin = page.origin();
        if let Some((until, rules)) = self.known.get(&origin)
            && Instant::now() < until
        {
            return Ok(rules.allow(page.path()));
        }
        let rules = Arc::new(ask(fetcher, &origin).await?);
        let allowed = rules.allow(page.path());
        self.known
            .insert(origin, (Instant::now() + REMEMBERED, rules));
        Ok(allowed)
    }
}

async fn ask(fetcher: &Fetcher, origin: &str) -> Result<Rules, FetchFailure> {
    let url = fetcher.vet(&format!("{origin}/robots.txt"))?;
    let wanted = Wanted {
        url: &url,
        accept: "text/plain",
        takes: |essence| essence == "text/plain",
        may_be_cut: true,
        known: None,
    };
    match fetcher.fetch(wanted).await {
        Ok(file) if file.status == 200 => Ok(Rules::read(&String::from_utf8_lossy(&file.body))),
        Ok(file) if file.status >= 500 => Ok(Rules::nothing()),
        // There is no such file, or it is none: a web page, mostly.
        Ok(_) | Err(FetchFailure::Type(_) | FetchFailure::Redirects) => Ok(Rules::default()),
        Err(failure) => Err(failure),
    }
}

/// What one server asks of us.
#[derive(Debug, Default, PartialEq)]
struct Rules(Vec<Rule>);

#[derive(Debug, PartialEq)]
struct Rule {
    path: String,
    allows: bool,
}

impl Rules {
    fn nothing() -> Self {
        Self(vec![Rule {
            path: "/".to_owned(),
            allows: false,
        }])
    }

    /// The groups that name us, else those for everybody.
    fn read(file: &str) -> Self {
        let (mut ours, mut everybodys, mut named) = (Vec::new(), Vec::new(), false);
        let (mut for_us, mut for_all, mut in_head) = (false, false, false);
        for line in file.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            match key.as_str() {
                "user-agent" => {
                    if !in_head {
                        (for_us, for_all) = (false, false);
                    }
                    in_head = true;
                    for_us |= value.eq_ignore_ascii_case(NAME);
                    for_all |= value == "*";
                    named |= for_us;
                }
                "allow" | "disallow" => {
                    in_head = false;
                    let rule = || Rule {
                        path: value.to_owned(),
                        allows: key == "allow",
                    };
                    let into = [(for_us, &mut ours), (for_all, &mut everybodys)];
                    for (_, rules) in into.into_iter().filter(|(goes, _)| *goes) {
                        if rules.len() < RULES_MAX && !value.is_empty() {
                            rules.push(rule());
                        }
                    }
                }
                _ => in_head = false,
            }
        }
        Self(if named { ours } else { everybodys })
    }

    /// The longest rule that fits counts; of two as long, the one that allows.
    fn allow(&self, path: &str) -> bool {
        let fitting = self.0.iter().filter(|rule| fits(&rule.path, path));
        let longest = fitting.max_by_key(|rule| (rule.path.len(), rule.allows));
        longest.is_none_or(|rule| rule.allows)
    }
}

/// Whether a pattern fits the beginning of a path: `*` is anything, a final `$` the end.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<_> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        if to_the_end && at + 1 == parts.len() {
            return rest.ends_with(part);
        }
        let Some(found) = rest.find(part) else {
            return false;
        };
        rest = &rest[found + part.len()..];
    }
    !to_the_end || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::Rules;

    #[test]
    fn the_longest_rule_of_our_group_counts() {
        let file = "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-Agent: Jan-Server # us\n\
            Disallow: /private\nAllow: /private/open\nDisallow: /*.pdf$\nDisallow:\nCrawl-delay: 5\n";
        let rules = Rules::read(file);
        for (path, allowed) in [
            ("/", true),
            ("/private", false),
            ("/private/x", false),
            ("/private/open/x", true),
            ("/a/b.pdf", false),
            ("/a/b.pdf?x", true),
        ] {
            assert_eq!(rules.allow(path), allowed, "{path}");
        }
    }

    #[test]
    fn without_a_group_of_ours_everybodys_counts_and_without_a_file_all_is_allowed() {
        let rules = Rules::read("Disallow: /stray\nUser-agent: *\nDisallow: /a*c$\nAllow: /");
        assert!(rules.allow("/stray") && rules.allow("/abcd"));
        assert!(!rules.allow("/abc"));
        assert!(Rules::read("<html>").allow("/") && !Rules::nothing().allow("/"));
    }
}
