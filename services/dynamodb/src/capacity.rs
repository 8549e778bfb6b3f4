//! Consumed capacity: what AWS would count for a request. ("DynamoDB provisioned capacity mode", "Read and write
//! operations".)

use crate::key::{ItemKey, index_row};
use crate::schema::{Schema, Scope};
use api::dynamodb::{Capacity, ConsumedCapacity};
use items::attribute::Document;
use std::collections::BTreeMap;

const READ_UNIT: usize = 4_096;
const WRITE_UNIT: usize = 1_024;

/// How much is wanted of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    None,
    Total,
    Indexes,
}

impl Report {
    pub fn of(parameter: Option<&str>) -> Report {
        match parameter {
            Some("TOTAL") => Report::Total,
            Some("INDEXES") => Report::Indexes,
            _ => Report::None,
        }
    }
}

/// How certain a read is, or how a request is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Eventual,
    Strong,
    Transactional,
}

/// What one table's part of a request consumed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consumed {
    pub table: f64,
    /// By name.
    pub locals: BTreeMap<String, f64>,
    pub globals: BTreeMap<String, f64>,
}

impl Consumed {
    /// Of one item, or of all that a page of a query read together.
    pub fn read(bytes: usize, mode: Mode) -> Consumed {
        Consumed { table: read_units(bytes, mode), ..Consumed::default() }
    }

    pub fn read_index(name: &str, scope: Scope, bytes: usize, mode: Mode) -> Consumed {
        let units = BTreeMap::from([(name.to_owned(), read_units(bytes, mode))]);
        match scope {
            Scope::Local => Consumed { locals: units, ..Consumed::default() },
            Scope::Global => Consumed { globals: units, ..Consumed::default() },
        }
    }

    /// The larger of both images, and each index's rows that changed.
    pub fn write(
        schema: &Schema,
        key: &ItemKey,
        old: Option<&Document>,
        new: Option<&Document>,
        mode: Mode,
    ) -> Consumed {
        let size = old.map_or(0, Document::size).max(new.map_or(0, Document::size));
        let mut consumed = Consumed { table: write_units(size, mode), ..Consumed::default() };
        for index in &schema.indexes {
            let image = |it: Option<&Document>| {
                let row = index_row(index, it?, key)?;
                Some((row, index.project(schema, it?.clone())))
            };
            let units = match (image(old), image(new)) {
                (old, new) if old == new => continue,
                (Some((a, old)), Some((b, new))) if a == b => write_units(old.size().max(new.size()), mode),
                (old, new) => {
                    let of = |it: Option<(ItemKey, Document)>| it.map_or(0.0, |(_, it)| write_units(it.size(), mode));
                    of(old) + of(new)
                }
            };
            let indexes = match index.scope {
                Scope::Local => &mut consumed.locals,
                Scope::Global => &mut consumed.globals,
            };
            indexes.insert(index.name.clone(), units);
        }
        consumed
    }

    pub fn add(&mut self, other: Consumed) {
        self.table += other.table;
        for (name, units) in other.locals {
            *self.locals.entry(name).or_default() += units;
        }
        for (name, units) in other.globals {
            *self.globals.entry(name).or_default() += units;
        }
    }

    fn total(&self) -> f64 {
        self.table + self.locals.values().sum::<f64>() + self.globals.values().sum::<f64>()
    }

    pub fn report(self, table: &str, report: Report) -> Option<ConsumedCapacity> {
        self.report_with(table, report, |units| Capacity { capacity_units: Some(units), ..Capacity::default() })
    }

    /// As transactions tell it: reads and writes by themselves too.
    pub fn report_transaction(self, table: &str, report: Report, kind: Transaction) -> Option<ConsumedCapacity> {
        self.report_with(table, report, |units| {
            let (read, write) = match kind {
                Transaction::Read => (Some(units), None),
                Transaction::Write => (None, Some(units)),
            };
            Capacity { capacity_units: Some(units), read_capacity_units: read, write_capacity_units: write }
        })
    }

    fn report_with(self, table: &str, report: Report, capacity: impl Fn(f64) -> Capacity) -> Option<ConsumedCapacity> {
        if report == Report::None {
            return None;
        }
        let all = capacity(self.total());
        let mut told = ConsumedCapacity {
            table_name: Some(table.to_owned()),
            capacity_units: all.capacity_units,
            read_capacity_units: all.read_capacity_units,
            write_capacity_units: all.write_capacity_units,
            ..ConsumedCapacity::default()
        };
        if report == Report::Indexes {
            let each = |units: BTreeMap<String, f64>| {
                let told: BTreeMap<_, _> = units.into_iter().map(|(name, units)| (name, capacity(units))).collect();
                (!told.is_empty()).then_some(told)
            };
            told.table = Some(capacity(self.table));
            told.local_secondary_indexes = each(self.locals);
            told.global_secondary_indexes = each(self.globals);
        }
        Some(told)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    Read,
    Write,
}

/// What is not there costs as much as the smallest item.
fn read_units(bytes: usize, mode: Mode) -> f64 {
    let units = bytes.div_ceil(READ_UNIT).max(1) as f64;
    match mode {
        Mode::Eventual => units / 2.0,
        Mode::Strong => units,
        Mode::Transactional => units * 2.0,
    }
}

fn write_units(bytes: usize, mode: Mode) -> f64 {
    let units = bytes.div_ceil(WRITE_UNIT).max(1) as f64;
    if mode == Mode::Transactional { units * 2.0 } else { units }
}
