//! Statements: SELECT, INSERT, UPDATE, DELETE, and EXISTS of transactions.

use crate::term::{Path, Term};
use crate::token::Kind;
use crate::{Error, Parser};
use items::attribute::Document;

#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    Select(Select),
    Insert(Insert),
    Update(Update),
    Delete(Delete),
    /// A condition of a transaction.
    Exists(Select),
}

/// `"table"."index"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub table: String,
    pub index: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    pub target: Target,
    /// None is `*`.
    pub paths: Option<Vec<Path>>,
    pub condition: Option<Term>,
    pub order: Vec<Sorting>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorting {
    pub attribute: String,
    pub is_descending: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    pub target: Target,
    pub item: Document,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    pub target: Target,
    pub actions: Vec<Action>,
    pub condition: Option<Term>,
    pub returning: Option<Returning>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Set(Path, Term),
    Remove(Path),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    pub target: Target,
    pub condition: Option<Term>,
    pub returning: Option<Returning>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returning {
    AllOld,
    AllNew,
    ModifiedOld,
    ModifiedNew,
}

impl Statement {
    pub fn target(&self) -> &Target {
        match self {
            Statement::Select(it) | Statement::Exists(it) => &it.target,
            Statement::Insert(it) => &it.target,
            Statement::Update(it) => &it.target,
            Statement::Delete(it) => &it.target,
        }
    }

    /// The paths that it looks at or changes; of INSERT none, for its item is a value.
    pub fn paths(&self) -> Vec<&Path> {
        let (mut paths, mut terms) = (Vec::new(), Vec::new());
        match self {
            Statement::Select(it) | Statement::Exists(it) => {
                paths.extend(it.paths.iter().flatten());
                terms.extend(&it.condition);
            }
            Statement::Insert(_) => {}
            Statement::Update(it) => {
                for action in &it.actions {
                    match action {
                        Action::Set(path, term) => {
                            paths.push(path);
                            terms.push(term);
                        }
                        Action::Remove(path) => paths.push(path),
                    }
                }
                terms.extend(&it.condition);
            }
            Statement::Delete(it) => terms.extend(&it.condition),
        }
        terms.into_iter().for_each(|it| it.collect_paths(&mut paths));
        paths
    }

    pub fn returning(&self) -> Option<Returning> {
        match self {
            Statement::Select(_) | Statement::Insert(_) | Statement::Exists(_) => None,
            Statement::Update(it) => it.returning,
            Statement::Delete(it) => it.returning,
        }
    }
}

impl Parser<'_, '_> {
    pub(crate) fn statement(&mut self) -> Result<Statement, Error> {
        if self.take_word("SELECT") {
            return self.select().map(Statement::Select);
        }
        if self.take_words(&["INSERT", "INTO"]) {
            return self.insert().map(Statement::Insert);
        }
        if self.take_word("UPDATE") {
            return self.update().map(Statement::Update);
        }
        if self.take_words(&["DELETE", "FROM"]) {
            return self.delete().map(Statement::Delete);
        }
        if self.take_word("EXISTS") {
            self.expect("(")?;
            if !self.take_word("SELECT") {
                return Err(self.unexpected());
            }
            let select = self.select()?;
            self.expect(")")?;
            return Ok(Statement::Exists(select));
        }
        Err(self.malformed("Expected data manipulation"))
    }

    fn select(&mut self) -> Result<Select, Error> {
        let paths = if self.take("*") { None } else { Some(self.paths()?) };
        if paths.is_none() && self.is(",") {
            return Err(self.error("Other attributes should not be present in the projection when '*' is used."));
        }
        if !self.take_word("FROM") {
            return Err(self.unexpected());
        }
        let target = self.target()?;
        self.refuse_alias()?;
        let condition = self.condition()?;
        let mut order = Vec::new();
        if self.take_words(&["ORDER", "BY"]) {
            order.push(self.sorting()?);
            while self.take(",") {
                order.push(self.sorting()?);
            }
        }
        Ok(Select { target, paths, condition, order })
    }

    fn paths(&mut self) -> Result<Vec<Path>, Error> {
        let mut paths = vec![self.path()?];
        while self.take(",") {
            paths.push(self.path()?);
        }
        Ok(paths)
    }

    fn sorting(&mut self) -> Result<Sorting, Error> {
        let attribute = self.name()?;
        let is_descending = self.take_word("DESC");
        if !is_descending {
            self.take_word("ASC");
        }
        Ok(Sorting { attribute, is_descending })
    }

    fn insert(&mut self) -> Result<Insert, Error> {
        let target = self.simple_target()?;
        if !self.take_word("VALUE") {
            return Err(self.malformed("Unexpected token after expression"));
        }
        Ok(Insert { target, item: self.item()? })
    }

    fn update(&mut self) -> Result<Update, Error> {
        let target = self.simple_target()?;
        self.refuse_alias()?;
        let mut actions = Vec::new();
        loop {
            if self.take_word("SET") {
                self.assign(&mut actions)?;
                while self.take(",") {
                    self.assign(&mut actions)?;
                }
            } else if self.take_word("REMOVE") {
                actions.push(Action::Remove(self.path()?));
                while self.take(",") {
                    actions.push(Action::Remove(self.path()?));
                }
            } else {
                break;
            }
        }
        if actions.is_empty() {
            return Err(self.malformed("Expected data manipulation"));
        }
        Ok(Update { target, actions, condition: self.condition()?, returning: self.returning()? })
    }

    fn assign(&mut self, actions: &mut Vec<Action>) -> Result<(), Error> {
        let path = self.path()?;
        self.expect("=")?;
        actions.push(Action::Set(path, self.term()?));
        Ok(())
    }

    fn delete(&mut self) -> Result<Delete, Error> {
        let target = self.simple_target()?;
        self.refuse_alias()?;
        let condition = self.condition()?;
        let returning = self.returning()?;
        if returning.is_some_and(|it| it != Returning::AllOld) {
            return Err(self.error("Only RETURNING ALL OLD * is allowed in DELETE statements."));
        }
        Ok(Delete { target, condition, returning })
    }

    fn condition(&mut self) -> Result<Option<Term>, Error> {
        if self.take_word("WHERE") { self.term().map(Some) } else { Ok(None) }
    }

    fn returning(&mut self) -> Result<Option<Returning>, Error> {
        if !self.take_word("RETURNING") {
            return Ok(None);
        }
        let returning = match () {
            () if self.take_words(&["ALL", "OLD"]) => Returning::AllOld,
            () if self.take_words(&["ALL", "NEW"]) => Returning::AllNew,
            () if self.take_words(&["MODIFIED", "OLD"]) => Returning::ModifiedOld,
            () if self.take_words(&["MODIFIED", "NEW"]) => Returning::ModifiedNew,
            () => return Err(self.unexpected()),
        };
        self.expect("*")?;
        Ok(Some(returning))
    }

    /// Of a write.
    fn simple_target(&mut self) -> Result<Target, Error> {
        if !matches!(self.peek().kind, Kind::Quoted) && self.name_follows().is_none() {
            return Err(self.malformed("Expected identifier for simple path"));
        }
        self.target()
    }

    fn target(&mut self) -> Result<Target, Error> {
        let table = self.name()?;
        let index = if self.take(".") { Some(self.name()?) } else { None };
        if self.is(".") {
            return Err(self.error("A path may contain at most 2 components in the FROM clause"));
        }
        Ok(Target { table, index })
    }

    fn refuse_alias(&self) -> Result<(), Error> {
        let words = ["SET", "REMOVE", "RETURNING", "WHERE", "ORDER"];
        let is_clause = words.iter().any(|it| self.is_word(it));
        let is_alias = self.is_word("AS") || self.peek().kind == Kind::Quoted || self.name_follows().is_some();
        if is_alias && !is_clause { Err(self.error("Aliasing is not supported")) } else { Ok(()) }
    }

    fn name_follows(&self) -> Option<&str> {
        let token = &self.tokens[self.at];
        (token.kind == Kind::Word && !crate::token::is_keyword(token.text)).then_some(token.text)
    }
}
