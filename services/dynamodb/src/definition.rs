//! Keys and indexes as requests define them.

use crate::failure::{Invalid, invalid, invalid_value, unsupported};
use crate::schema::{self, Index, KeyAttribute, KeySchema, Kind, Projection, Schema, Scope, take_number};
use api::dynamodb::{
    AttributeDefinition, CreateGlobalSecondaryIndexAction, CreateTable, GlobalSecondaryIndex, KeySchemaElement,
    LocalSecondaryIndex, Projection as ProjectionShape, ProvisionedThroughput,
};
use kernel::Cx;
use model::Result;
use std::collections::{BTreeMap, BTreeSet};

// "Quotas in Amazon DynamoDB".
const MOST_LOCALS: usize = 5;
const MOST_GLOBALS: usize = 20;
const MOST_PROJECTED: usize = 100;

/// Attributes by name, and their types.
pub struct Definitions(BTreeMap<String, Kind>);

impl Definitions {
    /// # Errors
    /// An attribute that is defined twice.
    pub fn of(given: &[AttributeDefinition]) -> Result<Definitions, Invalid> {
        let mut kinds = BTreeMap::new();
        for it in given {
            let kind = match it.attribute_type.as_str() {
                "S" => Kind::S,
                "N" => Kind::N,
                _ => Kind::B,
            };
            if kinds.insert(it.attribute_name.clone(), kind).is_some() {
                return Err(invalid_value(format!(
                    "Cannot have two attributes with the same name: {}",
                    it.attribute_name
                )));
            }
        }
        Ok(Definitions(kinds))
    }

    /// With what a table has defined already.
    pub fn beside(mut self, schema: &Schema) -> Definitions {
        let keys = std::iter::once(&schema.key).chain(schema.indexes.iter().map(|it| &it.key));
        for it in keys.flat_map(KeySchema::attributes) {
            self.0.entry(it.name.clone()).or_insert(it.kind);
        }
        self
    }

    fn names(&self) -> String {
        self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// # Errors
    /// Definitions that no key needs.
    pub fn all_used<'k>(&self, keys: impl Iterator<Item = &'k KeySchema>) -> Result<(), Invalid> {
        let used: BTreeSet<&str> = keys.flat_map(KeySchema::names).collect();
        if self.0.keys().all(|it| used.contains(it.as_str())) {
            return Ok(());
        }
        Err(invalid_value(format!(
            "Some AttributeDefinitions are not used. AttributeDefinitions: [{}], keys used: [{}]",
            self.names(),
            used.into_iter().collect::<Vec<_>>().join(", ")
        )))
    }

    /// # Errors
    /// What is no key.
    pub fn key(&self, elements: &[KeySchemaElement]) -> Result<KeySchema, Invalid> {
        let (hash, sort) = match elements {
            [] => return Err(invalid_value("KeySchema must not be empty")),
            [hash] => (hash, None),
            [hash, sort] => (hash, Some(sort)),
            // Keys of several attributes, which global indexes may have since 2025.
            _ => {
                return Err(Invalid("Niebla does not support a KeySchema of more than two attributes yet.".to_owned()));
            }
        };
        if hash.key_type != "HASH" {
            return Err(invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"));
        }
        if let Some(sort) = sort {
            if sort.attribute_name == hash.attribute_name {
                return Err(invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name"));
            }
            if sort.key_type != "RANGE" {
                return Err(invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"));
            }
        }
        let names: Vec<&str> = elements.iter().map(|it| it.attribute_name.as_str()).collect();
        let attribute = |it: &KeySchemaElement| -> Result<KeyAttribute, Invalid> {
            let kind = self.0.get(&it.attribute_name).copied().ok_or_else(|| {
                invalid_value(format!(
                    "Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], AttributeDefinitions: [{}]",
                    names.join(", "),
                    self.names()
                ))
            })?;
            Ok(KeyAttribute { name: it.attribute_name.clone(), kind })
        };
        Ok(KeySchema { hash: attribute(hash)?, sort: sort.map(attribute).transpose()? })
    }
}

/// The keys and indexes of a new table.
///
/// # Errors
/// What AWS finds wrong with them.
pub fn schema(cx: &mut Cx, input: &CreateTable) -> Result<Schema> {
    let definitions = Definitions::of(input.attribute_definitions.as_deref().unwrap_or_default())?;
    let key = definitions.key(input.key_schema.as_deref().unwrap_or_default())?;
    let mut schema = Schema {
        name: schema::name_of(&input.table_name).to_owned(),
        number: take_number(cx),
        key,
        indexes: Vec::new(),
        ttl: None,
        stream: None,
        history: None,
        is_restoring: false,
    };
    let (locals, globals) = (&input.local_secondary_indexes, &input.global_secondary_indexes);
    not_empty("LocalSecondaryIndexes", locals.as_deref())?;
    not_empty("GlobalSecondaryIndexes", globals.as_deref())?;
    for it in locals.iter().flatten() {
        let index = local(cx, &definitions, &schema, it)?;
        schema.indexes.push(index);
    }
    for it in globals.iter().flatten() {
        let index = global(cx, &definitions, it)?;
        schema.indexes.push(index);
    }
    check_all(&schema)?;
    definitions.all_used(std::iter::once(&schema.key).chain(schema.indexes.iter().map(|it| &it.key)))?;
    Ok(schema)
}

fn not_empty<T>(what: &str, given: Option<&[T]>) -> Result<(), Invalid> {
    if given.is_some_and(<[T]>::is_empty) {
        return Err(invalid_value(format!("List of {what} is empty")));
    }
    Ok(())
}

/// Names and numbers of all indexes of a table.
///
/// # Errors
/// Two of one name, or too many.
pub fn check_all(schema: &Schema) -> Result<(), Invalid> {
    let mut seen = BTreeSet::new();
    if let Some(twin) = schema.indexes.iter().find(|it| !seen.insert(it.name.as_str())) {
        return Err(invalid_value(format!("Duplicate index name: {}", twin.name)));
    }
    if schema.locals().count() > MOST_LOCALS {
        return Err(invalid_value("Number of LocalSecondaryIndexes exceeds per-table limit of 5"));
    }
    if schema.globals().count() > MOST_GLOBALS {
        return Err(invalid_value("GlobalSecondaryIndex count exceeds the per-table limit of 20"));
    }
    let named = |it: &Index| if let Projection::Include(names) = &it.projection { names.len() } else { 0 };
    if schema.indexes.iter().map(named).sum::<usize>() > MOST_PROJECTED {
        return Err(invalid_value("The total number of NonKeyAttributes of all indexes exceeds the limit of 100"));
    }
    Ok(())
}

fn local(cx: &mut Cx, definitions: &Definitions, schema: &Schema, it: &LocalSecondaryIndex) -> Result<Index> {
    schema::check_name("IndexName", &it.index_name)?;
    let key = definitions.key(&it.key_schema)?;
    if schema.key.sort.is_none() {
        return Err(invalid_value(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        )
        .into());
    }
    if key.sort.is_none() {
        return Err(
            invalid_value(format!("Index KeySchema does not have a range key for index: {}", it.index_name)).into()
        );
    }
    if key.hash.name != schema.key.hash.name {
        return Err(invalid_value(format!(
            "Index KeySchema does not have the same leading hash key as table KeySchema for index: {}. index hash key: {}, table hash key: {}",
            it.index_name, key.hash.name, schema.key.hash.name
        ))
        .into());
    }
    Ok(Index {
        name: it.index_name.clone(),
        number: take_number(cx),
        scope: Scope::Local,
        key,
        projection: projection(&it.projection)?,
        backfilling: false,
    })
}

fn global(cx: &mut Cx, definitions: &Definitions, it: &GlobalSecondaryIndex) -> Result<Index> {
    if it.on_demand_throughput.is_some() {
        return Err(unsupported("OnDemandThroughput"));
    }
    if it.warm_throughput.is_some() {
        return Err(unsupported("WarmThroughput"));
    }
    schema::check_name("IndexName", &it.index_name)?;
    Ok(Index {
        name: it.index_name.clone(),
        number: take_number(cx),
        scope: Scope::Global,
        key: definitions.key(&it.key_schema)?,
        projection: projection(&it.projection)?,
        backfilling: false,
    })
}

/// An index for a table that may have items.
///
/// # Errors
/// What AWS finds wrong with it.
pub fn later(cx: &mut Cx, definitions: &Definitions, it: CreateGlobalSecondaryIndexAction) -> Result<Index> {
    let CreateGlobalSecondaryIndexAction {
        index_name,
        key_schema,
        projection,
        provisioned_throughput,
        on_demand_throughput,
        warm_throughput,
    } = it;
    let whole = GlobalSecondaryIndex {
        index_name,
        key_schema,
        projection,
        provisioned_throughput,
        on_demand_throughput,
        warm_throughput,
    };
    Ok(Index { backfilling: true, ..global(cx, definitions, &whole)? })
}

fn projection(given: &ProjectionShape) -> Result<Projection, Invalid> {
    let names = given.non_key_attributes.clone();
    match (given.projection_type.as_deref(), names) {
        (Some("ALL"), None) => Ok(Projection::All),
        (Some("KEYS_ONLY"), None) => Ok(Projection::KeysOnly),
        (Some("INCLUDE"), Some(names)) => Ok(Projection::Include(names)),
        (Some("INCLUDE"), None) => {
            Err(invalid_value("ProjectionType is INCLUDE, but NonKeyAttributes is not specified"))
        }
        (Some(kind), Some(_)) => {
            Err(invalid_value(format!("ProjectionType is {kind}, but NonKeyAttributes is specified")))
        }
        (None, _) => Err(invalid_value("Unknown ProjectionType: null")),
        (Some(other), None) => Err(invalid_value(format!("Unknown ProjectionType: {other}"))),
    }
}

/// Throughput of a global index goes with its table's billing mode.
///
/// # Errors
/// One without the other.
pub fn check_throughput(
    index: &str,
    is_provisioned: bool,
    given: Option<&ProvisionedThroughput>,
) -> Result<(), Invalid> {
    match (is_provisioned, given) {
        (true, None) => Err(invalid_value(format!("ProvisionedThroughput must be specified for index: {index}"))),
        (false, Some(_)) => Err(invalid_value(format!(
            "ProvisionedThroughput should not be specified for index: {index} when BillingMode is PAY_PER_REQUEST"
        ))),
        _ => Ok(()),
    }
}
