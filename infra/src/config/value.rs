//! How settings are written as text. Flags and variables are text, and a scalar of `jan.toml` is
//! read as the text it would be, so each type is read in one way only.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::model_provider::ModelSetting;
use crate::safe_http::AllowedPlace;
use crate::secret::Secret;

/// A place that a setting's text is read into and shown from.
pub(crate) trait Value {
    /// Takes over what a source says, or answers what it should have said.
    fn read(&mut self, text: &str) -> Result<(), &'static str>;

    /// The value as `jan-server config` shows it: readable back, secrets masked, empty for none.
    fn show(&self) -> String;
}

/// A type with one way to be written.
pub(crate) trait Written: Sized {
    /// Reads it, or answers what was expected.
    fn parse(text: &str) -> Result<Self, &'static str>;

    /// Writes it, without secrets.
    fn write(&self) -> String;
}

impl<T: Written> Value for T {
    fn read(&mut self, text: &str) -> Result<(), &'static str> {
        *self = T::parse(text)?;
        Ok(())
    }

    fn show(&self) -> String {
        self.write()
    }
}

impl<T: Written> Value for Option<T> {
    fn read(&mut self, text: &str) -> Result<(), &'static str> {
        *self = Some(T::parse(text)?);
        Ok(())
    }

    fn show(&self) -> String {
        self.as_ref().map(T::write).unwrap_or_default()
    }
}

impl Written for String {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            Err("a text that is not empty")
        } else {
            Ok(text.to_owned())
        }
    }

    fn write(&self) -> String {
        without_password(self)
    }
}

impl Written for Secret {
    fn parse(text: &str) -> Result<Self, &'static str> {
        Ok(Self::new(text.to_owned()))
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Written for PathBuf {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            Err("a path")
        } else {
            Ok(Self::from(text))
        }
    }

    fn write(&self) -> String {
        self.display().to_string()
    }
}

impl Written for bool {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err("true or false"),
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Written for u16 {
    fn parse(text: &str) -> Result<Self, &'static str> {
        text.parse().map_err(|_| "a whole number from 0 to 65535")
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Written for u32 {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.parse() {
            Ok(0) | Err(_) => Err("a whole number of at least 1"),
            Ok(number) => Ok(number),
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

const SIZES: [(&str, usize); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl Written for usize {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (digits, factor) = SIZES
            .iter()
            .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?.trim_end(), *factor)))
            .unwrap_or((text, 1));
        digits
            .parse::<Self>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .filter(|number| *number > 0)
            .ok_or("a whole number of at least 1; sizes may end in KiB, MiB or GiB")
    }

    fn write(&self) -> String {
        // Smaller numbers are mostly counts, and 8192 connections are not 8KiB.
        let fits =
            |factor: Self| factor >= 1 << 20 && *self >= factor && self.is_multiple_of(factor);
        match SIZES.iter().find(|(_, factor)| fits(*factor)) {
            Some((unit, factor)) => format!("{}{unit}", self / factor),
            None => self.to_string(),
        }
    }
}

/// A part of a whole, such as the share of traces that is kept.
impl Written for f64 {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let number = text.parse().map_err(|_| "a number from 0 to 1")?;
        if (0.0..=1.0).contains(&number) {
            Ok(number)
        } else {
            Err("a number from 0 to 1")
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

const TIMES: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

impl Written for Duration {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (digits, factor) = TIMES
            .iter()
            .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?.trim_end(), *factor)))
            .unwrap_or((text, 1000));
        digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .filter(|milliseconds| *milliseconds > 0)
            .map(Self::from_millis)
            .ok_or("a time such as 500ms, 30s, 5m, 12h or 30d; a bare number is seconds")
    }

    fn write(&self) -> String {
        let milliseconds = self.as_millis();
        let (unit, factor) = TIMES
            .iter()
            .rev()
            .find(|(_, factor)| milliseconds.is_multiple_of(u128::from(*factor)))
            .expect("every time is a multiple of a millisecond");
        format!("{}{unit}", milliseconds / u128::from(*factor))
    }
}

impl Written for IpAddr {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "localhost" => Ok(Self::from([127, 0, 0, 1])),
            _ => text
                .parse()
                .map_err(|_| "an IP address such as 127.0.0.1, 0.0.0.0 or ::"),
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

/// The entries between commas.
pub(crate) fn list_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

impl Written for Vec<String> {
    fn parse(text: &str) -> Result<Self, &'static str> {
        Ok(list_of(text).map(str::to_owned).collect())
    }

    fn write(&self) -> String {
        self.join(",")
    }
}

impl Written for Vec<u16> {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let ports: Result<_, _> = list_of(text).map(str::parse).collect();
        ports.map_err(|_| "ports such as 443,8443")
    }

    fn write(&self) -> String {
        let ports = self.iter().map(ToString::to_string);
        ports.collect::<Vec<_>>().join(",")
    }
}

impl Written for Vec<AllowedPlace> {
    fn parse(text: &str) -> Result<Self, &'static str> {
        list_of(text).map(str::parse).collect()
    }

    fn write(&self) -> String {
        let places = self.iter().map(ToString::to_string);
        places.collect::<Vec<_>>().join(",")
    }
}

/// `name`, or `name=the provider's own name`.
impl Written for Vec<ModelSetting> {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let setting = |entry: &str| match entry.split_once('=') {
            None => Ok(ModelSetting {
                id: entry.to_owned(),
                ..ModelSetting::default()
            }),
            Some((id, upstream)) if !id.trim().is_empty() && !upstream.trim().is_empty() => {
                Ok(ModelSetting {
                    id: id.trim().to_owned(),
                    upstream: Some(upstream.trim().to_owned()),
                    ..ModelSetting::default()
                })
            }
            Some(_) => Err("models such as gpt-5 or fast=gpt-5-mini"),
        };
        list_of(text).map(setting).collect()
    }

    fn write(&self) -> String {
        let entry = |model: &ModelSetting| match &model.upstream {
            Some(upstream) => format!("{}={upstream}", model.id),
            None => model.id.clone(),
        };
        self.iter().map(entry).collect::<Vec<_>>().join(",")
    }
}

/// A URL without the password before its `@`. Any other text stays as it is.
pub(crate) fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let authority_ends = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let Some(at) = rest[..authority_ends].rfind('@') else {
        return text.to_owned();
    };
    let user = rest[..at].split(':').next().unwrap_or_default();
    if rest[..at].contains(':') {
        format!("{scheme}://{user}:***{}", &rest[at..])
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_reads_back_as_the_same_value() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("12h", 43_200_000),
            ("30", 30_000),
        ] {
            let time = Duration::parse(text).unwrap();
            assert_eq!(time, Duration::from_millis(milliseconds));
            assert_eq!(Duration::parse(&time.write()), Ok(time));
        }
        assert_eq!(Duration::from_hours(30 * 24).write(), "30d");
        assert_eq!(usize::parse("20 MiB"), Ok(20 << 20));
        assert_eq!((20usize << 20).write(), "20MiB");
        assert_eq!(8192_usize.write(), "8192");
        assert_eq!(usize::parse("3KiB"), Ok(3072));
        let models = Vec::<ModelSetting>::parse("gpt-5, fast=gpt-5-mini").unwrap();
        assert_eq!(models[1].upstream.as_deref(), Some("gpt-5-mini"));
        assert_eq!(models.write(), "gpt-5,fast=gpt-5-mini");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "-1",
            "0",
            "0s",
            "1.5s",
            "s",
            "1 year",
            "99999999999999999999d",
        ] {
            assert!(Duration::parse(text).is_err(), "{text:?}");
        }
        for text in [
            "",
            "0",
            "-1",
            "1.5",
            "MiB",
            "1e3",
            "99999999999999999999GiB",
        ] {
            assert!(usize::parse(text).is_err(), "{text:?}");
        }
        for text in ["NaN", "1.1", "-0.1", "inf", ""] {
            assert!(f64::parse(text).is_err(), "{text:?}");
        }
        assert!(u32::parse("0").is_err() && u16::parse("65536").is_err());
        assert!(bool::parse("maybe").is_err() && IpAddr::parse("here").is_err());
        assert!(Vec::<ModelSetting>::parse("a,=b").is_err());
    }

    #[test]
    fn passwords_in_urls_are_masked() {
        assert_eq!(
            without_password("postgres://jan:p@ss@db/jan"),
            "postgres://jan:***@db/jan"
        );
        assert_eq!(
            without_password("http://proxy:3128/?a=b@c"),
            "http://proxy:3128/?a=b@c"
        );
        assert_eq!(without_password("http://jan@proxy"), "http://jan@proxy");
        assert_eq!(without_password("no url: a@b"), "no url: a@b");
    }
}
