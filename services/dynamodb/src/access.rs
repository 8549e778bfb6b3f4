//! Condition keys for access to some items, or to some attributes of them. ("Using IAM policy conditions for fine-grained
//! access control".)
//!
//! The parameters of item operations have the same names wherever they stand, so a request is looked at by its names. What
//! is wrong with it is not told here: whatever cannot be read is refused when it is carried out.

use crate::expression::condition::{self, Comparator};
use crate::expression::key_condition::{self, Range};
use crate::expression::placeholder::Placeholders;
use crate::expression::projection::Projection;
use crate::expression::update::{Source, Update};
use crate::expression::{Kind, path::Path};
use crate::schema::{self, SCHEMAS, Schema};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use items::attribute::Attribute;
use items::wire;
use kernel::Cx;
use model::Value;
use model::typed::Operation;
use policy::Context;
use std::collections::{BTreeMap, BTreeSet};

/// What a request is about.
#[derive(Default)]
pub struct Access {
    /// Partition keys.
    leading: BTreeSet<String>,
    attributes: BTreeSet<String>,
    select: Option<String>,
    return_values: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Read,
    Write,
}

/// For operations that only read.
pub fn of_read<I: Operation + Clone>(cx: &Cx, input: &I, context: &mut Context) {
    tell(cx, input, Purpose::Read, context);
}

pub fn of_write<I: Operation + Clone>(cx: &Cx, input: &I, context: &mut Context) {
    tell(cx, input, Purpose::Write, context);
}

fn tell<I: Operation + Clone>(cx: &Cx, input: &I, purpose: Purpose, context: &mut Context) {
    let (mut access, request) = (Access::default(), input.clone().into_value());
    if let Some(Value::List(items)) = request.get("TransactItems") {
        context.insert("dynamodb:EnclosingOperation", I::NAME);
        for (_, part) in items.iter().flat_map(|it| it.clone().into_fields()) {
            access.operation(cx, None, &part, purpose);
        }
    } else if let Some(Value::Map(tables)) = request.get("RequestItems") {
        for (table, it) in tables {
            match it {
                Value::List(requests) => {
                    for (_, part) in requests.iter().flat_map(|it| it.clone().into_fields()) {
                        access.operation(cx, Some(table), &part, purpose);
                    }
                }
                part => access.operation(cx, Some(table), part, purpose),
            }
        }
    } else {
        access.operation(cx, None, &request, purpose);
    }
    access.insert_into(context);
}

/// The table of a request, wherever it is.
pub fn schema_of(cx: &Cx, table: &str) -> Option<Schema> {
    let arn = schema::arn(cx, table).ok()?;
    cx.look_in_place_of(&arn, |cx| cx.get(&SCHEMAS, schema::name_of(table)))
}

impl Access {
    pub fn insert_into(self, context: &mut Context) {
        if !self.leading.is_empty() {
            context.insert("dynamodb:LeadingKeys", self.leading.into_iter().collect::<Vec<_>>());
        }
        if !self.attributes.is_empty() {
            context.insert("dynamodb:Attributes", self.attributes.into_iter().collect::<Vec<_>>());
        }
        if let Some(select) = self.select {
            context.insert("dynamodb:Select", select);
        }
        if let Some(values) = self.return_values {
            context.insert("dynamodb:ReturnValues", values);
        }
    }

    pub fn select(&mut self, select: &str) {
        self.select = Some(select.to_owned());
    }

    pub fn return_values(&mut self, values: &str) {
        self.return_values = Some(values.to_owned());
    }

    pub fn leading(&mut self, key: &Attribute) {
        self.leading.extend(match key {
            Attribute::S(it) => Some(it.clone()),
            Attribute::N(it) => Some(it.text()),
            Attribute::B(it) => Some(BASE64.encode(it)),
            _ => None,
        });
    }

    pub fn attributes<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        self.attributes.extend(names.into_iter().map(str::to_owned));
    }

    fn operation(&mut self, cx: &Cx, table: Option<&str>, it: &Value, purpose: Purpose) {
        let text = |name: &str| it.get(name).and_then(Value::as_str);
        let schema = table.or_else(|| text("TableName")).and_then(|it| schema_of(cx, it));
        let index = text("IndexName");
        let hash = schema.as_ref().map_or("", |schema| {
            let found = index.and_then(|name| schema.indexes.iter().find(|it| it.name == name));
            &found.map_or(&schema.key, |it| &it.key).hash.name
        });
        let documents = [it.get("Key"), it.get("Item")].into_iter().flatten();
        let keys = if let Some(Value::List(keys)) = it.get("Keys") { keys.as_slice() } else { &[] };
        documents.chain(keys).for_each(|it| self.document(it, hash));
        self.legacy(it, hash);
        self.expressions(it, hash);
        if let Some(values) = text("ReturnValues") {
            self.return_values(values);
        }
        if purpose == Purpose::Read {
            let chosen = it.get("ProjectionExpression").or_else(|| it.get("AttributesToGet")).is_some();
            self.select(match (text("Select"), chosen, index) {
                (Some(select), _, _) => select,
                (None, true, _) => "SPECIFIC_ATTRIBUTES",
                (None, false, Some(_)) => "ALL_PROJECTED_ATTRIBUTES",
                (None, false, None) => "ALL_ATTRIBUTES",
            });
        }
    }

    fn document(&mut self, it: &Value, hash: &str) {
        let Value::Map(entries) = it else { return };
        for (name, value) in entries {
            self.attributes.insert(name.clone());
            if name == hash
                && let Ok(key) = wire::attribute(value.clone())
            {
                self.leading(&key);
            }
        }
    }

    fn legacy(&mut self, it: &Value, hash: &str) {
        if let Some(Value::List(names)) = it.get("AttributesToGet") {
            self.attributes(names.iter().filter_map(Value::as_str));
        }
        for name in ["Expected", "AttributeUpdates", "QueryFilter", "ScanFilter", "KeyConditions"] {
            let Some(Value::Map(entries)) = it.get(name) else { continue };
            self.attributes(entries.iter().map(|it| it.0.as_str()));
            let key = entries.iter().find(|it| name == "KeyConditions" && it.0 == hash);
            if let Some(Value::List(values)) = key.and_then(|it| it.1.get("AttributeValueList")) {
                let keys = values.iter().filter_map(|it| wire::attribute(it.clone()).ok());
                keys.for_each(|it| self.leading(&it));
            }
        }
    }

    fn expressions(&mut self, it: &Value, hash: &str) {
        let names = it.get("ExpressionAttributeNames").and_then(|it| {
            let Value::Map(entries) = it else { return None };
            let pairs = entries.iter().map(|(name, it)| Some((name.clone(), it.as_str()?.to_owned())));
            pairs.collect::<Option<BTreeMap<String, String>>>()
        });
        let values = it.get("ExpressionAttributeValues").cloned();
        let Ok(placeholders) = Placeholders::new(names, values) else { return };
        let text = |name: &str| it.get(name).and_then(Value::as_str);
        for (name, kind) in [("ConditionExpression", Kind::Condition), ("FilterExpression", Kind::Filter)] {
            let parsed = text(name).and_then(|it| condition::parse(kind, it, &placeholders).ok());
            self.attributes(parsed.iter().flat_map(|it| it.heads()));
        }
        if let Some(Ok(it)) = text("ProjectionExpression").map(|it| Projection::parse(it, &placeholders)) {
            self.attributes(it.heads());
        }
        if let Some(Ok(it)) = text("UpdateExpression").map(|it| Update::parse(it, &placeholders)) {
            self.attributes(it.paths().map(Path::head));
            it.sets.iter().for_each(|(_, source)| self.source(source));
        }
        let keys = text("KeyConditionExpression")
            .and_then(|it| condition::parse(Kind::KeyCondition, it, &placeholders).ok())
            .and_then(|it| key_condition::of(&it).ok());
        for (name, range) in keys.iter().flatten() {
            self.attributes.insert(name.clone());
            if let Range::Compare(Comparator::Equal, value) = range
                && name == hash
            {
                self.leading(value);
            }
        }
    }

    /// What an update reads.
    fn source(&mut self, it: &Source) {
        match it {
            Source::Path(path) => self.attributes([path.head()]),
            Source::Value(_) => {}
            Source::IfNotExists(path, other) => {
                self.attributes([path.head()]);
                self.source(other);
            }
            Source::ListAppend(a, b) | Source::Plus(a, b) | Source::Minus(a, b) => {
                self.source(a);
                self.source(b);
            }
        }
    }
}
