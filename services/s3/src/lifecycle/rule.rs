//! Rules as they are carried out: what they say of a version at a time.

use super::days_after;
use crate::object::{Object, StorageClass};
use crate::tag::Tags;
use crate::version::Marker;
use api::s3::{LifecycleRule, LifecycleRuleAndOperator, LifecycleRuleFilter};
use model::Timestamp;

/// The enabled rules of a bucket.
pub struct Rules {
    rules: Vec<Rule>,
    /// Archives take objects of any size.
    archives_take_small: bool,
}

struct Rule {
    id: String,
    applies: Applies,
    expires: Option<When>,
    /// Delete markers go that hide nothing any more.
    clears_markers: bool,
    transitions: Vec<(When, StorageClass)>,
    old_expire: Option<Old>,
    old_transitions: Vec<(Old, StorageClass)>,
    aborts_after: Option<i64>,
}

/// To which objects.
#[derive(Default)]
struct Applies {
    prefix: String,
    tags: Tags,
    above: Option<u64>,
    below: Option<u64>,
}

#[derive(Clone, Copy)]
enum When {
    /// After the object was made.
    Days(i64),
    Date(i64),
}

#[derive(Clone, Copy)]
struct Old {
    /// After it was replaced.
    days: i64,
    /// So many of the newest are spared.
    spared: usize,
}

/// Where a version stands under its key.
#[derive(Clone, Copy)]
pub enum Standing {
    Current,
    /// Replaced at a time, with so many newer ones that were replaced too.
    Old {
        since: i64,
        newer: usize,
    },
}

/// What becomes of a version.
#[derive(Clone, Copy, Default)]
pub struct Verdict {
    pub moves_to: Option<StorageClass>,
    pub ends: bool,
}

/// Smaller objects keep their class, unless a rule has a filter by size.
const SMALLEST_MOVED: u64 = 128 * 1024;

impl Rules {
    pub fn of(rules: Vec<LifecycleRule>, minimum: Option<&str>) -> Self {
        let enabled = rules.into_iter().filter(|it| it.status == "Enabled");
        Self { rules: enabled.map(Rule::of).collect(), archives_take_small: minimum == Some("varies_by_storage_class") }
    }

    /// Those that no other of them covers.
    pub fn prefixes(&self) -> Vec<String> {
        let mut prefixes: Vec<String> = self.rules.iter().map(|it| it.applies.prefix.clone()).collect();
        prefixes.sort();
        prefixes.dedup_by(|later, first| later.starts_with(first.as_str()));
        prefixes
    }

    pub fn judge(&self, key: &str, object: &Object, standing: Standing, now: i64) -> Verdict {
        let rules = || self.rules.iter().filter(|it| it.applies.to(key, object));
        let ends = rules().any(|it| it.ends(object.modified_at, standing, now));
        let classes = rules().flat_map(|it| {
            let small = object.size < SMALLEST_MOVED && !it.applies.has_size();
            let takes = move |class: &StorageClass| !small || (self.archives_take_small && is_archive(*class));
            it.classes(object.modified_at, standing, now).filter(takes)
        });
        let moves_to = classes.filter(|it| may_become(object.storage_class, *it)).max_by_key(|it| rank(*it));
        Verdict { moves_to, ends }
    }

    /// Whether a delete marker goes: one that is replaced, or one that hides nothing. Markers have neither tags nor size.
    pub fn marker_ends(&self, key: &str, marker: &Marker, standing: Standing, now: i64) -> bool {
        let mut rules = self.rules.iter().filter(|it| key.starts_with(&it.applies.prefix) && it.applies.is_plain());
        rules.any(|it| {
            matches!(standing, Standing::Current) && it.clears_markers || it.ends(marker.modified_at, standing, now)
        })
    }

    /// When the first rule expires a current object.
    pub fn expiration(&self, key: &str, object: &Object) -> Option<(Timestamp, String)> {
        let rules = self.rules.iter().filter(|it| it.applies.to(key, object));
        let times = rules.filter_map(|it| Some((it.expires?.due(object.modified_at), it)));
        times.min_by_key(|it| it.0).map(|(time, rule)| (Timestamp(time), rule.id.clone()))
    }

    pub fn abortion(&self, key: &str, initiated_at: i64) -> Option<(Timestamp, String)> {
        let rules = self.rules.iter().filter(|it| key.starts_with(&it.applies.prefix));
        let times = rules.filter_map(|it| Some((days_after(initiated_at, it.aborts_after?), it)));
        times.min_by_key(|it| it.0).map(|(time, rule)| (Timestamp(time), rule.id.clone()))
    }
}

impl Rule {
    fn of(rule: LifecycleRule) -> Self {
        let class = |name: &Option<String>| StorageClass::of(name.as_deref()).unwrap_or_default();
        let expiration = rule.expiration.unwrap_or_default();
        let transitions = rule.transitions.unwrap_or_default().into_iter();
        let old_transitions = rule.noncurrent_version_transitions.unwrap_or_default().into_iter();
        Self {
            id: rule.id.unwrap_or_default(),
            applies: Applies::of(rule.prefix, rule.filter),
            expires: When::of(expiration.days, expiration.date),
            clears_markers: expiration.expired_object_delete_marker == Some(true),
            transitions: transitions
                .filter_map(|it| Some((When::of(it.days, it.date)?, class(&it.storage_class))))
                .collect(),
            old_expire: rule
                .noncurrent_version_expiration
                .map(|it| Old::of(it.noncurrent_days, it.newer_noncurrent_versions)),
            old_transitions: old_transitions
                .map(|it| (Old::of(it.noncurrent_days, it.newer_noncurrent_versions), class(&it.storage_class)))
                .collect(),
            aborts_after: rule.abort_incomplete_multipart_upload.and_then(|it| it.days_after_initiation),
        }
    }

    fn ends(&self, made_at: i64, standing: Standing, now: i64) -> bool {
        match standing {
            Standing::Current => self.expires.is_some_and(|it| it.due(made_at) <= now),
            Standing::Old { since, newer } => self.old_expire.is_some_and(|it| it.has_come(since, newer, now)),
        }
    }

    fn classes(&self, made_at: i64, standing: Standing, now: i64) -> impl Iterator<Item = StorageClass> {
        let current =
            self.transitions.iter().filter(move |it| matches!(standing, Standing::Current) && it.0.due(made_at) <= now);
        let old = self.old_transitions.iter().filter(move |it| match standing {
            Standing::Current => false,
            Standing::Old { since, newer } => it.0.has_come(since, newer, now),
        });
        current.map(|it| it.1).chain(old.map(|it| it.1))
    }
}

impl Applies {
    fn of(prefix: Option<String>, filter: Option<LifecycleRuleFilter>) -> Self {
        let filter = filter.unwrap_or_default();
        let and = filter.and.unwrap_or(LifecycleRuleAndOperator {
            prefix: filter.prefix.or(prefix),
            tags: filter.tag.map(|it| vec![it]),
            object_size_greater_than: filter.object_size_greater_than,
            object_size_less_than: filter.object_size_less_than,
        });
        Self {
            prefix: and.prefix.unwrap_or_default(),
            tags: and.tags.unwrap_or_default().into_iter().map(|it| (it.key, it.value)).collect(),
            above: and.object_size_greater_than.map(|it| it.unsigned_abs()),
            below: and.object_size_less_than.map(|it| it.unsigned_abs()),
        }
    }

    fn to(&self, key: &str, object: &Object) -> bool {
        key.starts_with(&self.prefix)
            && self.tags.iter().all(|it| object.tags.contains(it))
            && self.above.is_none_or(|it| object.size > it)
            && self.below.is_none_or(|it| object.size < it)
    }

    fn has_size(&self) -> bool {
        self.above.is_some() || self.below.is_some()
    }

    fn is_plain(&self) -> bool {
        self.tags.is_empty() && !self.has_size()
    }
}

impl When {
    fn of(days: Option<i64>, date: Option<Timestamp>) -> Option<Self> {
        days.map(When::Days).or(date.map(|it| When::Date(it.0)))
    }

    fn due(self, made_at: i64) -> i64 {
        match self {
            When::Days(days) => days_after(made_at, days),
            When::Date(date) => date,
        }
    }
}

impl Old {
    fn of(days: Option<i64>, spared: Option<i64>) -> Self {
        Self { days: days.unwrap_or_default(), spared: spared.unwrap_or_default().unsigned_abs() as usize }
    }

    fn has_come(self, since: i64, newer: usize, now: i64) -> bool {
        newer >= self.spared && days_after(since, self.days) <= now
    }
}

fn is_archive(class: StorageClass) -> bool {
    rank(class) >= rank(StorageClass::Glacier)
}

/// How far down the classes lie ("Transitioning objects using Amazon S3 Lifecycle").
pub fn rank(class: StorageClass) -> u8 {
    match class {
        StorageClass::Standard | StorageClass::ReducedRedundancy => 0,
        StorageClass::StandardIa => 1,
        StorageClass::IntelligentTiering => 2,
        StorageClass::OnezoneIa => 3,
        StorageClass::GlacierIr => 4,
        StorageClass::Glacier => 5,
        StorageClass::DeepArchive => 6,
    }
}

/// Down only; from one zone there is no way to instant retrieval.
fn may_become(from: StorageClass, to: StorageClass) -> bool {
    rank(to) > rank(from) && !(from == StorageClass::OnezoneIa && to == StorageClass::GlacierIr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_to_the_next_midnight() {
        // 2014-01-15 10:30 UTC and three days: 2014-01-19 00:00 UTC ("Lifecycle rules: based on an object's age").
        assert_eq!(days_after(1_389_781_800_000, 3), 1_390_089_600_000);
        assert_eq!(days_after(0, 1), 86_400_000);
        assert_eq!(days_after(i64::MAX, i64::MAX) % 86_400_000, 0);
    }

    #[test]
    fn classes_go_down_alone() {
        use StorageClass::{DeepArchive, Glacier, GlacierIr, IntelligentTiering, OnezoneIa, Standard, StandardIa};
        for (from, to, may) in [
            (Standard, StandardIa, true),
            (StandardIa, IntelligentTiering, true),
            (StandardIa, Standard, false),
            (IntelligentTiering, OnezoneIa, true),
            (IntelligentTiering, StandardIa, false),
            (OnezoneIa, GlacierIr, false),
            (OnezoneIa, Glacier, true),
            (GlacierIr, Glacier, true),
            (Glacier, DeepArchive, true),
            (DeepArchive, Glacier, false),
        ] {
            assert_eq!(may_become(from, to), may, "{from:?} {to:?}");
        }
    }
}
