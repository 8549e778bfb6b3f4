//! What a table is made of: its keys and indexes. Read with every request, so it holds nothing else; the rest is in
//! `settings`.

use crate::failure::{self, invalid};
use api::dynamodb::error;
use items::attribute::{Document, Type};
use items::stream::View;
use kernel::{Cx, is_account};
use model::Result;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Table;

/// Every table. Key: name.
pub static SCHEMAS: Table<Schema> = Table::regional("dynamodb.table");
/// The number of the next table or index. Key: ().
static NEXT: Table<u64> = Table::partition("dynamodb.next-number");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Schema {
    pub name: String,
    /// What the keys of its items begin with: no other table or index ever had it.
    pub number: u64,
    pub key: KeySchema,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// The attribute that says when an item expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamOf>,
    /// Where the images before its changes are kept, while somebody may want them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<u64>,
    /// It has not yet all the items that it was restored with.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_restoring: bool,
}

fn is_false(it: &bool) -> bool {
    !it
}

/// The stream that a table's changes go to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StreamOf {
    pub label: String,
    pub number: u64,
    pub view: View,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySchema {
    pub hash: KeyAttribute,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<KeyAttribute>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAttribute {
    pub name: String,
    pub kind: Kind,
}

/// The types that a key can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    S,
    N,
    B,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    pub name: String,
    pub number: u64,
    pub scope: Scope,
    pub key: KeySchema,
    pub projection: Projection,
    /// Rows of items that were there before it are still being added.
    #[serde(default)]
    pub backfilling: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    Local,
    Global,
}

/// Which attributes an index has, beside the keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Projection {
    All,
    KeysOnly,
    Include(Vec<String>),
}

impl Kind {
    pub fn name(self) -> &'static str {
        self.as_type().name()
    }

    pub fn as_type(self) -> Type {
        match self {
            Kind::S => Type::S,
            Kind::N => Type::N,
            Kind::B => Type::B,
        }
    }
}

impl KeySchema {
    pub fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.hash).chain(&self.sort)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes().map(|it| it.name.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.names().any(|it| it == name)
    }
}

impl Schema {
    pub fn locals(&self) -> impl Iterator<Item = &Index> {
        self.indexes.iter().filter(|it| it.scope == Scope::Local)
    }

    pub fn globals(&self) -> impl Iterator<Item = &Index> {
        self.indexes.iter().filter(|it| it.scope == Scope::Global)
    }

    /// Neither it nor an index of it is being made.
    pub fn is_settled(&self) -> bool {
        !self.is_restoring && !self.indexes.iter().any(|it| it.backfilling)
    }

    pub fn has_locals(&self) -> bool {
        self.locals().next().is_some()
    }
}

impl Index {
    /// Whether what it gives has this attribute.
    pub fn projects(&self, schema: &Schema, name: &str) -> bool {
        match &self.projection {
            Projection::All => true,
            Projection::KeysOnly => self.key.has(name) || schema.key.has(name),
            Projection::Include(names) => {
                self.key.has(name) || schema.key.has(name) || names.iter().any(|it| it == name)
            }
        }
    }

    /// What it has of an item.
    pub fn project(&self, schema: &Schema, mut item: Document) -> Document {
        if self.projection != Projection::All {
            item.retain(|name| self.projects(schema, name));
        }
        item
    }

    /// Bytes of what it has of an item.
    pub fn projected_size(&self, schema: &Schema, item: &Document) -> usize {
        let of = |(name, value): (&str, &items::attribute::Attribute)| name.len() + value.size();
        item.iter().filter(|(name, _)| self.projects(schema, name)).map(of).sum()
    }
}

pub fn take_number(cx: &mut Cx) -> u64 {
    let number = cx.get(&NEXT, &()).unwrap_or(1);
    cx.put(&NEXT, &(), &(number + 1));
    number
}

/// The table of an item operation, by its name or ARN.
pub fn of_items(cx: &Cx, table: &str) -> Result<Arc<Schema>> {
    let found = find(cx, table).filter(|it| !it.is_restoring);
    found.ok_or_else(|| error::RESOURCE_NOT_FOUND.with("Requested resource not found"))
}

/// The table of an operation on tables.
pub fn by_name(cx: &Cx, table: &str) -> Result<Schema> {
    let missing =
        || error::RESOURCE_NOT_FOUND.with(format!("Requested resource not found: Table: {} not found", name_of(table)));
    find(cx, table).map(Arc::unwrap_or_clone).ok_or_else(missing)
}

fn find(cx: &Cx, table: &str) -> Option<Arc<Schema>> {
    cx.shared(&SCHEMAS, name_of(table))
}

/// Of a name or an ARN, which the door has checked.
pub fn name_of(table: &str) -> &str {
    match table.strip_prefix("arn:") {
        Some(arn) => arn.split(':').nth(4).and_then(|it| it.strip_prefix("table/")).unwrap_or_default(),
        None => table,
    }
}

/// What IAM is asked about: a table's ARN, from its name or itself.
pub fn arn(cx: &Cx, table: &str) -> Result<String> {
    if !table.starts_with("arn:") {
        check_name("TableName", table)?;
        return Ok(cx.arn("dynamodb", &["table/", table].concat()));
    }
    let parts: Vec<&str> = table.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "dynamodb", region, account, resource]
            if !region.is_empty()
                && is_account(account)
                && resource.strip_prefix("table/").is_some_and(|it| !it.contains('/')) =>
        {
            check_name("TableName", name_of(table))?;
            Ok(table.to_owned())
        }
        _ => Err(invalid("Invalid TableArn").into()),
    }
}

/// The same for a read that may be of an index.
pub fn index_arn(cx: &Cx, table: &str, index: Option<&str>) -> Result<String> {
    let arn = arn(cx, table)?;
    Ok(index.map_or_else(|| arn.clone(), |index| format!("{arn}/index/{index}")))
}

/// Of a table or an index: "Naming rules" in the developer guide.
pub fn check_name(parameter: &str, name: &str) -> Result<()> {
    let valid = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.');
    if !(3..=255).contains(&name.len()) {
        return Err(failure::VALIDATION
            .with(format!("{parameter} must be at least 3 characters long and at most 255 characters long")));
    }
    if !name.bytes().all(valid) {
        return Err(failure::VALIDATION.with(format!(
            "1 validation error detected: Value '{name}' at '{}' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
            lower_first(parameter)
        )));
    }
    Ok(())
}

fn lower_first(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_ascii_lowercase() + rest
}
