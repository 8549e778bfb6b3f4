//! One write: put, update, delete, or a check alone, with its condition. What PutItem and its kin, batches and transactions
//! have in common.

use crate::change::{self, TooLarge};
use crate::expression::condition::{self, Condition};
use crate::expression::legacy::{Legacy, LegacyUpdate};
use crate::expression::placeholder::Placeholders;
use crate::expression::update::Update;
use crate::expression::{Kind, path::Path};
use crate::failure::{Invalid, invalid, invalid_value};
use crate::key::{self, ItemKey};
use crate::schema::Schema;
use api::dynamodb::{AttributeValueUpdate, ExpectedAttributeValue};
use items::attribute::{Attribute, Document};
use items::stream::Cause;
use items::wire;
use kernel::Cx;
use model::Value;
use std::collections::BTreeMap;

/// An item's bytes, names and values. ("Quotas in Amazon DynamoDB".)
pub const LARGEST_ITEM: usize = 400 * 1_024;

/// What is written, before it is known what the table is.
#[derive(Debug)]
pub enum Action {
    Put(Document),
    /// Unless there is one with its key.
    Insert(Document),
    Delete(Document),
    Update(Document),
    Check(Document),
}

/// The parameters that say how, in whichever style.
#[derive(Default)]
pub struct Terms {
    pub update: Option<String>,
    pub condition: Option<String>,
    pub names: Option<BTreeMap<String, String>>,
    pub values: Option<Value>,
    pub expected: Option<BTreeMap<String, ExpectedAttributeValue>>,
    pub updates: Option<BTreeMap<String, AttributeValueUpdate>>,
    pub operator: Option<String>,
}

/// The same, read: what a [`Write`] is parsed from.
pub struct Prepared {
    action: Action,
    update: Option<String>,
    condition: Option<String>,
    placeholders: Placeholders,
    legacy: Legacy,
    legacy_update: LegacyUpdate,
}

/// A write that has nothing wrong with it that can be seen without the table.
pub struct Write<'p> {
    action: &'p Action,
    update: Update<'p>,
    condition: Option<Condition<'p>>,
    /// Takes away from an item, but makes none.
    only_removes: bool,
}

/// Both images, and for an update what it touched.
pub struct Written {
    pub key: ItemKey,
    pub old: Option<Document>,
    pub new: Option<Document>,
    pub touched: Vec<Path>,
}

#[derive(Debug)]
pub enum Refusal {
    Invalid(Invalid),
    /// The condition does not hold for this item.
    Condition(Option<Document>),
    TooLarge,
    /// There is an item with the key of the one that was to be inserted.
    Duplicate,
}

impl From<Invalid> for Refusal {
    fn from(it: Invalid) -> Refusal {
        Refusal::Invalid(it)
    }
}

impl Action {
    pub fn put(item: Value) -> Result<Action, Invalid> {
        Ok(Action::Put(wire::document(item)?))
    }

    pub fn delete(key: Value) -> Result<Action, Invalid> {
        Ok(Action::Delete(wire::document(key)?))
    }

    pub fn update(key: Value) -> Result<Action, Invalid> {
        Ok(Action::Update(wire::document(key)?))
    }

    pub fn check(key: Value) -> Result<Action, Invalid> {
        Ok(Action::Check(wire::document(key)?))
    }
}

impl Prepared {
    /// # Errors
    /// What AWS finds wrong with the parameters.
    pub fn new(action: Action, terms: Terms) -> Result<Prepared, Invalid> {
        check_styles(&terms)?;
        let given = [(Kind::Update, terms.update.is_some()), (Kind::Condition, terms.condition.is_some())];
        let of_values = if matches!(action, Action::Update(_)) { &given[..] } else { &given[1..] };
        let placeholders = Placeholders::new(terms.names, terms.values)?;
        placeholders.require(given.iter().any(|it| it.1), of_values)?;
        Ok(Prepared {
            action,
            update: terms.update,
            condition: terms.condition,
            placeholders,
            legacy: Legacy::expected(terms.expected, terms.operator.as_deref())?,
            legacy_update: LegacyUpdate::new(terms.updates)?,
        })
    }

    /// # Errors
    /// What AWS finds wrong with the expressions, or with the item.
    pub fn parse(&self) -> Result<Write<'_>, Invalid> {
        let update = match &self.update {
            Some(source) => Update::parse(source, &self.placeholders)?,
            None => self.legacy_update.update(),
        };
        let condition = match &self.condition {
            Some(source) => Some(condition::parse(Kind::Condition, source, &self.placeholders)?),
            None => self.legacy.condition(),
        };
        self.placeholders.all_used()?;
        Ok(Write { only_removes: self.legacy_update.only_removes(), ..Write::new(&self.action, update, condition)? })
    }
}

impl<'p> Write<'p> {
    /// # Errors
    /// An item that is too large.
    pub fn new(action: &'p Action, update: Update<'p>, condition: Option<Condition<'p>>) -> Result<Write<'p>, Invalid> {
        match action {
            Action::Put(item) | Action::Insert(item) if item.size() > LARGEST_ITEM => {
                Err(invalid("Item size has exceeded the maximum allowed size"))
            }
            action => Ok(Write { action, update, condition, only_removes: false }),
        }
    }

    /// Where the item is.
    ///
    /// # Errors
    /// A key that is none of this table, or an update of one.
    pub fn key(&self, schema: &Schema) -> Result<ItemKey, Invalid> {
        let key = match self.action {
            Action::Put(item) | Action::Insert(item) => return key::of_item(schema, item),
            Action::Delete(it) | Action::Check(it) | Action::Update(it) => key::of_key(schema, it)?,
        };
        match self.update.paths().find(|it| schema.key.has(it.head())) {
            Some(path) => Err(invalid_value(format!(
                "Cannot update attribute {}. This attribute is part of the key",
                path.head()
            ))),
            None => Ok(key),
        }
    }

    /// Carries it out, unless its condition does not hold.
    ///
    /// # Errors
    /// Why not. Nothing is written then.
    pub fn carry_out(&self, cx: &mut Cx, schema: &Schema) -> Result<Written, Refusal> {
        let key = self.key(schema)?;
        let old = change::read(cx, schema, &key);
        if let Some(condition) = &self.condition
            && !condition.holds(old.as_ref().unwrap_or(&Document::default()))
        {
            return Err(Refusal::Condition(old));
        }
        if matches!(self.action, Action::Insert(_)) && old.is_some() {
            return Err(Refusal::Duplicate);
        }
        let new = match self.action {
            Action::Put(item) | Action::Insert(item) => Some(item.clone()),
            Action::Delete(_) => None,
            Action::Check(_) => old.clone(),
            Action::Update(of) => self.updated(schema, of, old.as_ref())?,
        };
        change::apply(cx, schema, &key, old.as_ref(), new.as_ref(), Cause::Request)
            .map_err(|TooLarge| Refusal::TooLarge)?;
        Ok(Written { key, old, new, touched: self.update.paths().cloned().collect() })
    }

    fn updated(&self, schema: &Schema, key: &Document, old: Option<&Document>) -> Result<Option<Document>, Invalid> {
        if old.is_none() && self.only_removes {
            return Ok(None);
        }
        let mut new = self.update.apply(old.unwrap_or(&Document::default()))?;
        for (name, value) in key.iter() {
            new.insert(name, value.clone());
        }
        if new.size() > LARGEST_ITEM {
            return Err(invalid("Item size to update has exceeded the maximum allowed size"));
        }
        if new.iter().any(|(_, value)| depth(value) > DEEPEST) {
            return Err(invalid("Nesting Levels have exceeded supported limits"));
        }
        key::check_indexes(schema, &new)?;
        Ok(Some(new))
    }
}

const DEEPEST: usize = 32;

fn depth(value: &Attribute) -> usize {
    match value {
        Attribute::L(them) => 1 + them.iter().map(depth).max().unwrap_or(0),
        Attribute::M(it) => 1 + it.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// Expressions and what there was before them exclude each other.
fn check_styles(terms: &Terms) -> Result<(), Invalid> {
    let old = [
        ("AttributeUpdates", terms.updates.is_some()),
        ("Expected", terms.expected.is_some()),
        ("ConditionalOperator", terms.operator.is_some()),
    ];
    let new = [("UpdateExpression", terms.update.is_some()), ("ConditionExpression", terms.condition.is_some())];
    one_style(&old, &new)
}

/// Parameters by name, and whether they are given.
pub fn one_style(old: &[(&str, bool)], new: &[(&str, bool)]) -> Result<(), Invalid> {
    let given =
        |them: &[(&str, bool)]| -> Vec<String> { them.iter().filter(|it| it.1).map(|it| it.0.to_owned()).collect() };
    let (old, new) = (given(old), given(new));
    if old.is_empty() || new.is_empty() {
        return Ok(());
    }
    Err(invalid(format!(
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {{{}}} Expression parameters: {{{}}}",
        old.join(", "),
        new.join(", ")
    )))
}
