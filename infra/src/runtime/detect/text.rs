//! The findings as text for a terminal.

use std::fmt;

use super::{Detection, Finding, Part, PartReport, Verdict};

impl fmt::Display for Detection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for report in &self.parts {
            write!(out, "{report}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PartReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.part)?;
        for finding in &self.found {
            writeln!(out, "  {finding}")?;
        }
        match &self.advice {
            Some(advice) => writeln!(out, "  missing  {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Chosen => "chosen ",
            Verdict::PassedOver => "found  ",
            Verdict::Unusable => "no good",
        };
        write!(out, "{verdict}  {}", self.path.display())?;
        if let Some(version) = &self.version {
            write!(out, "  {version}")?;
        }
        write!(out, "  ({})", self.why)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Wheels => "packages of make setup",
            Self::Postgres => "Postgres",
            Self::Database => "database",
            Self::Python => "Python",
            Self::ModelServer => "model server",
            Self::Model => "model",
        })
    }
}
