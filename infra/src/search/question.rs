use chrono::{DateTime, TimeDelta, Utc};

/// A search as it is asked, whoever answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// The words.
    pub text: String,
    /// Two letters of a country.
    pub country: Option<String>,
    /// A language's code.
    pub language: Option<String>,
    /// A place, in words.
    pub location: Option<String>,
    /// Results of one page.
    pub results_max: u32,
    /// Which page, from 1.
    pub page: u32,
    /// How old results may be.
    pub recency: Option<Recency>,
    /// Whether the engine may mend the words; it does as it likes when nothing is said.
    pub autocorrect: Option<bool>,
    /// Only these hosts and what is below them; any when empty.
    pub hosts: Vec<String>,
}

/// How old a result may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recency {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Recency {
    /// Reads Google's `qdr:d`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("qdr:")? {
            "h" => Some(Self::Hour),
            "d" => Some(Self::Day),
            "w" => Some(Self::Week),
            "m" => Some(Self::Month),
            "y" => Some(Self::Year),
            _ => None,
        }
    }

    /// The same as a day of the past, or nearly.
    pub(super) fn since(self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - match self {
            Self::Hour => TimeDelta::hours(1),
            Self::Day => TimeDelta::days(1),
            Self::Week => TimeDelta::weeks(1),
            Self::Month => TimeDelta::days(31),
            Self::Year => TimeDelta::days(366),
        }
    }

    pub(super) fn letter(self) -> char {
        match self {
            Self::Hour => 'h',
            Self::Day => 'd',
            Self::Week => 'w',
            Self::Month => 'm',
            Self::Year => 'y',
        }
    }

    /// In a word, for engines that know nothing shorter than a day.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Hour | Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// One result.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its title.
    pub title: String,
    /// Where it is.
    pub url: String,
    /// What it says of the question.
    pub snippet: String,
    /// When it was published, in the engine's words.
    pub published: Option<String>,
    /// When we read it, if it is from our own index.
    pub fetched_at: Option<DateTime<Utc>>,
}

/// Hosts that are named to an engine within the words; results of others are still looked at.
const HOSTS_SAID_MAX: usize = 20;

impl Question {
    /// The words with the hosts in them, for engines that have no other way to say it.
    pub(super) fn text_with_hosts(&self) -> String {
        if self.hosts.is_empty() {
            return self.text.clone();
        }
        let sites: Vec<_> = self
            .hosts
            .iter()
            .take(HOSTS_SAID_MAX)
            .map(|host| format!("site:{host}"))
            .collect();
        format!("({}) ({})", self.text, sites.join(" OR "))
    }

    /// Results up to the end of the page, for engines that have no pages.
    pub(super) fn results_so_far(&self) -> u32 {
        self.results_max.saturating_mul(self.page)
    }

    /// Results before the page.
    pub(super) fn results_before(&self) -> u32 {
        self.results_max.saturating_mul(self.page.saturating_sub(1))
    }

    /// Whether a result is from where it may be. Engines take hosts as a wish.
    pub(super) fn wants(&self, url: &str) -> bool {
        let Ok(url) = url::Url::parse(url) else {
            return false;
        };
        let host = url.host_str().unwrap_or_default();
        let below = |wanted: &String| {
            host.strip_suffix(wanted.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        matches!(url.scheme(), "http" | "https")
            && (self.hosts.is_empty() || self.hosts.iter().any(below))
    }
}

#[cfg(test)]
mod tests {
    use super::{Question, Recency};

    #[test]
    fn hosts_are_said_as_jan_says_them_and_checked_afterwards() {
        let question = Question {
            text: "tea".to_owned(),
            hosts: vec!["a.example".to_owned(), "b.example".to_owned()],
            ..Question::default()
        };
        assert_eq!(
            question.text_with_hosts(),
            "(tea) (site:a.example OR site:b.example)"
        );
        for (url, wanted) in [
            ("https://a.example/x", true),
            ("https://www.a.example/", true),
            ("https://nota.example/", false),
            ("https://a.example.evil.example/", false),
            ("javascript:alert(1)", false),
            ("no url", false),
        ] {
            assert_eq!(question.wants(url), wanted, "{url}");
        }
        assert_eq!(Recency::parse("qdr:w"), Some(Recency::Week));
        assert_eq!(Recency::parse("d"), None);
    }
}
