//! Pages of items: what Query and Scan have in common. A page ends with its limit or with a megabyte, whatever the filter
//! lets through.

use crate::capacity::{Consumed, Mode};
use crate::change::{INDEXED, ITEMS};
use crate::expression::condition::Condition;
use crate::expression::path::Path;
use crate::expression::projection::Projection;
use crate::failure::{Invalid, invalid, invalid_value};
use crate::key::{self, ItemKey};
use crate::schema::{self, Index, KeySchema, Schema, Scope};
use crate::write::LARGEST_ITEM;
use items::attribute::Document;
use items::packed::Packed;
use kernel::Cx;
use model::Value;
use serde_bytes::ByteBuf;
use std::ops::ControlFlow;
use store::{Direction, Span};

const LARGEST_PAGE: usize = 1024 * 1024;

/// A table, or one of its indexes.
#[derive(Clone, Copy)]
pub struct Source<'s> {
    pub schema: &'s Schema,
    pub index: Option<&'s Index>,
}

/// What is wanted of the items that are found.
#[derive(Debug)]
pub enum Select {
    Count,
    /// All there is of an item, or all that an index has of it.
    All,
    Whole,
    Only(Projection),
    /// What stands at these paths, each by its last name.
    Leaves(Vec<Path>),
}

pub struct Wanted<'w> {
    /// One after the other.
    pub spans: &'w [Span],
    pub direction: Direction,
    pub limit: usize,
    pub filter: Option<Condition<'w>>,
    pub select: Select,
    pub mode: Mode,
}

pub struct Page {
    /// A list of them; none if they are only counted.
    pub items: Option<Value>,
    pub count: usize,
    pub scanned: usize,
    pub last: Option<Document>,
    pub consumed: Consumed,
}

impl<'s> Source<'s> {
    /// # Errors
    /// An index that is not there, or cannot be read that way.
    pub fn of(schema: &'s Schema, index: Option<&str>, mode: Mode) -> Result<Source<'s>, Invalid> {
        let Some(name) = index else { return Ok(Source { schema, index: None }) };
        let Some(index) = schema.indexes.iter().find(|it| it.name == name) else {
            return Err(invalid(format!("The table does not have the specified index: {name}")));
        };
        if index.scope == Scope::Global && mode == Mode::Strong {
            return Err(invalid("Consistent reads are not supported on global secondary indexes"));
        }
        if index.backfilling {
            return Err(invalid(format!("Cannot read from backfilling global secondary index: {name}")));
        }
        Ok(Source { schema, index: Some(index) })
    }

    pub fn key(&self) -> &'s KeySchema {
        self.index.map_or(&self.schema.key, |it| &it.key)
    }

    pub fn number(&self) -> u64 {
        self.index.map_or(self.schema.number, |it| it.number)
    }

    /// The attributes of LastEvaluatedKey.
    pub fn key_names(&self) -> impl Iterator<Item = &'s str> {
        let of_index = self.index.map(|it| it.key.names().filter(|name| !self.schema.key.has(name)));
        self.schema.key.names().chain(of_index.into_iter().flatten())
    }

    /// Where a page goes on that follows this key.
    ///
    /// # Errors
    /// No key of this table and index.
    pub fn start(&self, key: &Document) -> Result<ItemKey, Invalid> {
        let wrong = || invalid("The provided starting key is invalid");
        let mut attributes = self.schema.key.attributes().chain(self.key().attributes());
        let fits = |it: &schema::KeyAttribute| key.get(&it.name).is_some_and(|value| value.kind() == it.kind.as_type());
        if !attributes.all(fits) || key.len() != self.key_names().count() {
            return Err(wrong());
        }
        let item = ItemKey::of(&self.schema.key, key).ok_or_else(wrong)?;
        match self.index {
            Some(index) => key::index_row(index, key, &item).ok_or_else(wrong),
            None => Ok(item),
        }
    }

    /// What `Select`, `AttributesToGet` and `ProjectionExpression` come to.
    ///
    /// # Errors
    /// What does not go together, or what an index cannot give.
    pub fn select(&self, select: Option<&str>, only: Option<Projection>) -> Result<Select, Invalid> {
        match (select, only) {
            (None | Some("SPECIFIC_ATTRIBUTES"), Some(only)) => {
                self.check_projected(&only)?;
                Ok(Select::Only(only))
            }
            (Some(other), Some(_)) => Err(invalid(format!(
                "Cannot specify the AttributesToGet when choosing to get {}",
                if other == "COUNT" { "only the Count" } else { other }
            ))),
            (Some("SPECIFIC_ATTRIBUTES"), None) => Err(invalid(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
            )),
            (Some("COUNT"), None) => Ok(Select::Count),
            (Some("ALL_PROJECTED_ATTRIBUTES"), None) if self.index.is_none() => {
                Err(invalid_value("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"))
            }
            (Some("ALL_ATTRIBUTES"), None) => match self.index {
                Some(index) if index.scope == Scope::Global && index.projection != schema::Projection::All => {
                    Err(invalid_value(format!(
                        "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because its projection type is not ALL",
                        index.name
                    )))
                }
                _ => Ok(Select::Whole),
            },
            _ => Ok(Select::All),
        }
    }

    /// A global index gives what it has; a local one fetches the rest from the table.
    fn check_projected(&self, only: &Projection) -> Result<(), Invalid> {
        let Some(index) = self.index.filter(|it| it.scope == Scope::Global) else { return Ok(()) };
        let missing: Vec<&str> = only.heads().filter(|it| !index.projects(self.schema, it)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(invalid_value(format!("Global secondary index {} does not project [{}]", index.name, missing.join(", "))))
    }

    pub fn read(&self, cx: &Cx, wanted: &Wanted) -> Page {
        let (items, last) = (vec![b'['], None);
        let is_whole = matches!(wanted.select, Select::All | Select::Whole)
            && wanted.filter.is_none()
            && self.index.is_none_or(|it| it.projection == schema::Projection::All);
        let mut reading = Reading {
            source: self,
            wanted,
            is_whole,
            items,
            count: 0,
            scanned: 0,
            bytes: 0,
            fetched: 0,
            last,
            ended: false,
        };
        for span in wanted.spans.iter().cloned() {
            match self.index {
                None => cx.visit(&ITEMS, span, wanted.direction, |packed: Packed| reading.see(&packed)),
                Some(_) => cx.visit(&INDEXED, span, wanted.direction, |place: ByteBuf| {
                    let key = ItemKey::unpack(place);
                    let item =
                        cx.get(&ITEMS, &key.row(self.schema.number)).expect("an index names items that are there");
                    reading.see(&item)
                }),
            }
            if reading.ended {
                break;
            }
        }
        reading.finish()
    }
}

struct Reading<'r, 's, 'w> {
    source: &'r Source<'s>,
    wanted: &'r Wanted<'w>,
    /// Items are shown as they are stored, so nobody has to look into them.
    is_whole: bool,
    /// A list in JSON: what begins it, and those that are shown, each with a comma behind it.
    items: Vec<u8>,
    count: usize,
    scanned: usize,
    /// Of what was read from the table or index.
    bytes: usize,
    /// Of what a local index did not have.
    fetched: usize,
    /// The key of the item seen last, where the page may end with it.
    last: Option<Document>,
    /// There may be more.
    ended: bool,
}

impl Reading<'_, '_, '_> {
    fn see(&mut self, packed: &Packed) -> ControlFlow<()> {
        if self.is_whole {
            let before = self.items.len();
            let size = packed.write_json(&mut self.items);
            let fits = self.take(size, || packed.unpack());
            if fits {
                self.count += 1;
                self.items.push(b',');
            } else {
                self.items.truncate(before);
            }
        } else {
            let Source { schema, index } = *self.source;
            let item = packed.unpack();
            let size = index.map_or_else(|| item.size(), |it| it.projected_size(schema, &item));
            if self.take(size, || item.clone()) {
                self.offer(item);
            }
        }
        if self.ended { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Whether the page has room for one of this size.
    fn take(&mut self, size: usize, item: impl FnOnce() -> Document) -> bool {
        if self.scanned > 0 && self.bytes + size > LARGEST_PAGE {
            self.ended = true;
            return false;
        }
        self.bytes += size;
        self.scanned += 1;
        self.ended = self.scanned == self.wanted.limit;
        // That the next item is too large is seen when this one is gone.
        if self.ended || self.bytes + LARGEST_ITEM > LARGEST_PAGE {
            self.last = Some(key::part(&item(), self.source.key_names()));
        }
        true
    }

    fn offer(&mut self, item: Document) {
        let Source { schema, index } = *self.source;
        let shown = match index {
            Some(index)
                if !matches!(self.wanted.select, Select::Whole | Select::Only(_) | Select::Leaves(_))
                    || index.scope == Scope::Global =>
            {
                index.project(schema, item)
            }
            Some(index) => {
                self.fetched += self.fetch(index, &item);
                item
            }
            None => item,
        };
        if self.wanted.filter.as_ref().is_some_and(|it| !it.holds(&shown)) {
            return;
        }
        self.count += 1;
        match &self.wanted.select {
            Select::Count => return,
            Select::All | Select::Whole => shown.write_json(&mut self.items),
            Select::Only(only) => only.apply(&shown).write_json(&mut self.items),
            Select::Leaves(paths) => Projection::leaves(paths, &shown).write_json(&mut self.items),
        }
        self.items.push(b',');
    }

    fn list(&mut self) -> Value {
        let mut items = std::mem::take(&mut self.items);
        if items.last() == Some(&b',') {
            items.pop();
        }
        items.push(b']');
        Value::Json(items.into())
    }

    /// Read units that a local index takes from its table for one item, where it has not all that is wanted.
    fn fetch(&self, index: &Index, item: &Document) -> usize {
        let schema = self.source.schema;
        let has_all = match &self.wanted.select {
            Select::Only(only) => only.heads().all(|it| index.projects(schema, it)),
            Select::Leaves(paths) => paths.iter().all(|it| index.projects(schema, it.head())),
            Select::Count | Select::All | Select::Whole => index.projection == schema::Projection::All,
        };
        if has_all { 0 } else { item.size().div_ceil(4_096).max(1) * 4_096 }
    }

    fn finish(mut self) -> Page {
        let items = (!matches!(self.wanted.select, Select::Count)).then(|| self.list());
        let Wanted { mode, .. } = self.wanted;
        let mut consumed = match self.source.index {
            None => Consumed::read(self.bytes, *mode),
            Some(index) => Consumed::read_index(&index.name, index.scope, self.bytes, *mode),
        };
        if self.fetched > 0 {
            consumed.add(Consumed::read(self.fetched, *mode));
        }
        Page { items, count: self.count, scanned: self.scanned, last: self.last.filter(|_| self.ended), consumed }
    }
}
