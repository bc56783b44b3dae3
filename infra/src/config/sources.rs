use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Nearest};
use super::file::ConfigFile;
use super::setting::{Setting, SettingLine, Source};
use crate::secret::Secret;

/// What the command line says; it overrules everything else.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    config_file: Option<PathBuf>,
    values: BTreeMap<String, String>,
}

impl Overrides {
    /// Reads this file instead of `$JAN_CONFIG` or `./jan.toml`; it must exist.
    pub fn config_file(&mut self, path: impl Into<PathBuf>) {
        self.config_file = Some(path.into());
    }

    /// Gives a setting a value, written as in an environment variable: `set("server.port", "80")`.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), value.into());
    }
}

/// Everybody who may say something about a setting, and a record of what was asked of them.
pub(crate) struct Sources {
    flags: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
    file: Option<ConfigFile>,
    lines: Vec<SettingLine>,
}

impl Sources {
    /// Looks for the configuration file and reads it.
    pub(crate) fn open(
        flags: Overrides,
        environment: BTreeMap<String, String>,
        directory: &Path,
    ) -> Result<Self, ConfigError> {
        let usual = || Some(directory.join("jan.toml")).filter(|path| path.is_file());
        let named = || {
            environment
                .get("JAN_CONFIG")
                .filter(|p| !p.is_empty())
                .map(PathBuf::from)
        };
        let path = flags.config_file.or_else(named).or_else(usual);
        let file = path.map(|path| ConfigFile::open(&path)).transpose()?;
        Ok(Self {
            flags: flags.values,
            environment,
            file,
            lines: Vec::new(),
        })
    }

    #[cfg(test)]
    pub(crate) fn of(
        flags: Overrides,
        environment: &[(&str, &str)],
        file: &str,
    ) -> Result<Self, ConfigError> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = environment.iter().map(owned).collect();
        let file = Some(ConfigFile::parse(Path::new("jan.toml"), file)?);
        Ok(Self {
            flags: flags.values,
            environment,
            file,
            lines: Vec::new(),
        })
    }

    /// A variable that is set to something. An empty one counts as unset, because that is how
    /// compose files and charts write "no value".
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// Fills a section from its table.
    pub(crate) fn read<S>(
        &mut self,
        settings: &'static [Setting<S>],
        section: &mut S,
    ) -> Result<(), ConfigError> {
        for setting in settings {
            let said = self.find(setting);
            self.take(setting, setting.name.to_owned(), said, section)?;
        }
        Ok(())
    }

    /// The tables of a list such as `[[providers]]` in the file, taken away.
    pub(crate) fn tables(&mut self, list: &str) -> Vec<BTreeMap<String, String>> {
        let file = self.file.as_mut();
        file.and_then(|file| file.lists.remove(list))
            .unwrap_or_default()
    }

    /// A key that a table of a list names by its variable.
    pub(crate) fn key_of(&self, prefix: &str, variable: String) -> Result<Secret, ConfigError> {
        let key = self.variable(&variable);
        let (name, place) = (format!("{prefix}api_key_env"), self.file_source());
        key.map(|key| Secret::new(key.to_owned()))
            .ok_or(ConfigError::UnsetVariable {
                name,
                place,
                variable,
            })
    }

    /// Refuses a table of a list that lacks what has no default.
    pub(crate) fn require(
        &self,
        prefix: &str,
        table: &BTreeMap<String, String>,
        keys: &[&str],
    ) -> Result<(), ConfigError> {
        let Some(missing) = keys.iter().find(|key| !table.contains_key(**key)) else {
            return Ok(());
        };
        Err(ConfigError::Missing {
            name: format!("{prefix}{missing}"),
            place: self.file_source(),
        })
    }

    /// Fills one of several like sections, such as a provider, from its own table of the file.
    pub(crate) fn read_table<S>(
        &mut self,
        prefix: &str,
        settings: &'static [Setting<S>],
        mut table: BTreeMap<String, String>,
        section: &mut S,
    ) -> Result<(), ConfigError> {
        for setting in settings {
            let said = table
                .remove(setting.name)
                .map(|text| (text, self.file_source()));
            self.take(setting, format!("{prefix}{}", setting.name), said, section)?;
        }
        let Some(unknown) = table.into_keys().next() else {
            return Ok(());
        };
        Err(ConfigError::Unknown {
            place: self.file_source(),
            nearest: nearest(&unknown, settings.iter().map(|setting| setting.name)),
            name: format!("{prefix}{unknown}"),
        })
    }

    /// The configuration file as the place of a value.
    pub(crate) fn file_source(&self) -> Source {
        self.file
            .as_ref()
            .map_or(Source::Default, |file| Source::file(&file.path))
    }

    /// Refuses what the file and the flags say about settings that do not exist. Call it after
    /// every section was read.
    pub(crate) fn refuse_unknown(&self) -> Result<(), ConfigError> {
        let names = || self.lines.iter().map(|line| line.name.as_str());
        let sections = || names().filter_map(|name| Some(name.split_once('.')?.0));
        let unknown = |place, name: &str, nearest| {
            Err(ConfigError::Unknown {
                place,
                name: name.to_owned(),
                nearest,
            })
        };
        if let Some(name) = self
            .flags
            .keys()
            .find(|flag| names().all(|name| name != *flag))
        {
            return unknown(Source::Flag, name, nearest(name, names()));
        }
        let Some(file) = &self.file else {
            return Ok(());
        };
        if let Some(name) = file
            .values
            .keys()
            .find(|key| names().all(|name| name != *key))
        {
            return unknown(self.file_source(), name, nearest(name, names()));
        }
        match file
            .empty_tables
            .iter()
            .find(|table| sections().all(|name| name != *table))
        {
            Some(name) => unknown(self.file_source(), name, nearest(name, sections())),
            None => Ok(()),
        }
    }

    /// Variables that look like ours and are not. They are no error, because a machine's
    /// environment belongs to more than one program.
    pub(crate) fn unknown_variables(&self) -> Vec<String> {
        let known = || {
            self.lines
                .iter()
                .flat_map(|line| line.env)
                .copied()
                .chain(["JAN_CONFIG", "JAN_TOKEN"])
        };
        let ours = self
            .environment
            .keys()
            .filter(|name| name.starts_with("JAN_"));
        ours.filter(|name| !known().any(|known| known == *name))
            .map(|name| format!("${name} is not a setting{}", nearest(name, known())))
            .collect()
    }

    /// What was read, in the order it was asked for.
    pub(crate) fn into_lines(self) -> Vec<SettingLine> {
        self.lines
    }

    fn find<S>(&self, setting: &Setting<S>) -> Option<(String, Source)> {
        if let Some(text) = self.flags.get(setting.name) {
            return Some((text.clone(), Source::Flag));
        }
        let variable = |name: &&'static str| {
            Some((
                self.variable(name)?.to_owned(),
                Source::Environment((*name).to_owned()),
            ))
        };
        let file = || {
            let text = self.file.as_ref()?.values.get(setting.name)?;
            Some((text.clone(), self.file_source()))
        };
        setting.env.iter().find_map(variable).or_else(file)
    }

    fn take<S>(
        &mut self,
        setting: &'static Setting<S>,
        name: String,
        said: Option<(String, Source)>,
        section: &mut S,
    ) -> Result<(), ConfigError> {
        let value = (setting.slot)(section);
        let default = value.show();
        let source = match said {
            None => Source::Default,
            Some((text, place)) => match value.read(text.trim()) {
                Ok(()) => place,
                Err(expected) => {
                    return Err(ConfigError::Wrong {
                        name,
                        place,
                        expected,
                    });
                }
            },
        };
        let (value, env, doc) = (value.show(), setting.env, setting.doc);
        self.lines.push(SettingLine {
            name,
            env,
            value,
            default,
            source,
            doc,
        });
        Ok(())
    }
}

/// Two thirds of the letters must agree, or the suggestion would only confuse.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Nearest {
    let last = |name: &'a str| name.rsplit('.').next().unwrap_or(name);
    let distance = |known: &'a str| {
        strsim::damerau_levenshtein(name, known).min(strsim::damerau_levenshtein(name, last(known)))
    };
    let best = known.map(|known| (distance(known), known)).min();
    Nearest(
        best.filter(|(far, _)| far * 3 <= name.len())
            .map(|(_, known)| known.to_owned()),
    )
}
