//! INSERT, UPDATE, DELETE and EXISTS as writes.

use super::meaning;
use crate::expression::condition::Condition;
use crate::expression::path::Path;
use crate::expression::update::Update;
use crate::failure::{Invalid, invalid};
use crate::schema::Schema;
use crate::write::{Action, Write};
use partiql::{Returning, Statement, Term};

/// A statement that is known to be about one item of its table.
pub struct Planned<'s> {
    action: Action,
    statement: &'s Statement,
    /// What it asks of the item, beside its key.
    rest: Vec<&'s Term>,
    /// The partition key's name: what every item has.
    hash: String,
}

impl<'s> Planned<'s> {
    /// # Errors
    /// A statement that does not say which item.
    pub fn new(schema: &Schema, statement: &'s Statement) -> Result<Planned<'s>, Invalid> {
        let key = |condition: &'s Option<Term>| {
            meaning::key(&schema.key, condition.as_ref())
                .ok_or_else(|| invalid("Where clause does not contain a mandatory equality on all key attributes"))
        };
        if statement.target().index.is_some() {
            return Err(invalid("This operation is not supported on an index"));
        }
        let (action, rest) = match statement {
            Statement::Insert(it) => (Action::Insert(it.item.clone()), Vec::new()),
            Statement::Update(it) => {
                let (key, rest) = key(&it.condition)?;
                (Action::Update(key), rest)
            }
            Statement::Delete(it) => {
                let (key, rest) = key(&it.condition)?;
                (Action::Delete(key), rest)
            }
            Statement::Select(it) | Statement::Exists(it) => {
                let (key, rest) = key(&it.condition)?;
                (Action::Check(key), rest)
            }
        };
        Ok(Planned { action, statement, rest, hash: schema.key.hash.name.clone() })
    }

    /// Whether it asks anything of the item.
    pub fn is_conditional(&self) -> bool {
        !self.rest.is_empty()
    }

    /// An update asks for an item that is there. A deletion is content without one, whatever else it asks. ("PartiQL update
    /// statements", "PartiQL delete statements".)
    ///
    /// # Errors
    /// Conditions or updates that DynamoDB does not know.
    pub fn write(&self) -> Result<Write<'_>, Invalid> {
        let rest = meaning::all(&self.rest)?;
        let hash = || Path::of(&self.hash);
        let (update, condition) = match (self.statement, rest) {
            (Statement::Update(it), rest) => {
                let exists = Condition::Exists(hash());
                let condition = match rest {
                    Some(rest) => Condition::And(Box::new(exists), Box::new(rest)),
                    None => exists,
                };
                (meaning::update(&it.actions)?, Some(condition))
            }
            (Statement::Delete(_), Some(rest)) => {
                let missing = Condition::NotExists(hash());
                (Update::default(), Some(Condition::Or(Box::new(missing), Box::new(rest))))
            }
            (_, rest) => (Update::default(), rest),
        };
        Write::new(&self.action, update, condition)
    }
}

/// As the other operations call it.
pub fn return_values(returning: Option<Returning>) -> Option<&'static str> {
    returning.map(|it| match it {
        Returning::AllOld => "ALL_OLD",
        Returning::AllNew => "ALL_NEW",
        Returning::ModifiedOld => "UPDATED_OLD",
        Returning::ModifiedNew => "UPDATED_NEW",
    })
}
