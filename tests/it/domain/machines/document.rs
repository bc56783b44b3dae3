use jan_domain::Owner;
use jan_domain::document::{Document, DocumentCommand, DocumentContent, DocumentName};
use proptest::prelude::*;

use super::streams::{InMemory, InPostgres};
use super::{Model, compare, reached};
use crate::domain::document::command;
use crate::domain::laws::names;

const SEEDS: &str = "proptest-regressions/domain/machines/document.txt";

/// A document as a sheet of paper in somebody's drawer, if there is one.
#[derive(Debug, Clone, Default, PartialEq)]
struct Sheet(Option<(Owner, DocumentName, DocumentContent)>);

impl Model for Sheet {
    type Aggregate = Document;

    fn commands() -> BoxedStrategy<DocumentCommand> {
        command().boxed()
    }

    fn after(&self, command: &DocumentCommand) -> Result<Option<Self>, &'static str> {
        match (&self.0, command) {
            (None, DocumentCommand::Remove { .. }) => Err("NotFound"),
            (Some(_), DocumentCommand::Remove { .. }) => Ok(Some(Self(None))),
            (
                sheet,
                DocumentCommand::Index {
                    owner,
                    name,
                    content,
                    ..
                },
            ) => match sheet {
                Some((whose, ..)) if whose != owner => Err("AlreadyExists"),
                Some((_, _, said)) if said == content => Ok(None),
                _ => {
                    let written = (owner.clone(), name.clone(), content.clone());
                    Ok(Some(Self(Some(written))))
                }
            },
        }
    }

    fn of(state: &Document) -> Self {
        match state {
            Document::Absent => Self(None),
            Document::Kept(kept) => {
                let kept = (kept.owner.clone(), kept.name.clone(), kept.content.clone());
                Self(Some(kept))
            }
        }
    }
}

#[test]
fn documents_live_as_their_model_says() {
    compare::<InMemory<Document>, Sheet>(256, SEEDS);
}

#[test]
fn documents_in_postgres_live_as_their_model_says() {
    compare::<InPostgres<Document>, Sheet>(24, SEEDS);
}

#[test]
fn lives_of_documents_come_to_every_outcome() {
    let every = names(&[
        "AlreadyExists",
        "Conflict",
        "Done",
        "NoNews",
        "NotFound",
        "Seen",
    ]);
    assert_eq!(reached::<Sheet>(), every);
}
