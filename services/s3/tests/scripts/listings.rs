//! Listings against a naive model: every page of every listing, for keys that meet each other in every way.

use api::s3::{
    CreateBucket, DeleteObject, ListObjectVersions, ListObjectVersionsOutput, ListObjects, ListObjectsOutput,
    ListObjectsV2, ListObjectsV2Output, PutBucketVersioning, PutObject, VersioningConfiguration,
};
use model::Value;
use model::typed::{Operation, Typed};
use proptest::prelude::*;
use sim::World;
use std::collections::{BTreeMap, BTreeSet};
use tokio::runtime::Runtime;

const BUCKET: &str = "listed";

/// Keys that are prefixes of one another, and hold delimiters, bytes that the store escapes and long characters.
fn key() -> impl Strategy<Value = String> {
    let letters = vec!["a", "b", "/", "/", "//", "\u{1}", "é", "\u{10ffff}"];
    proptest::collection::vec(proptest::sample::select(letters), 1..6).prop_map(|them| them.concat())
}

fn prefix() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just("a".to_owned()), Just("a/".to_owned()), Just("\u{1}".to_owned()), key()]
}

fn delimiter() -> impl Strategy<Value = Option<String>> {
    let given = ["/", "//", "a", "é", "\u{1}"].map(str::to_owned).to_vec();
    prop_oneof![Just(None), Just(Some("/".to_owned())), proptest::sample::select(given).prop_map(Some)]
}

#[derive(Clone, Debug, PartialEq)]
enum Shown {
    Key(String),
    Prefix(String),
}

/// What a listing shows, all pages as one.
fn expected<'k>(keys: impl Iterator<Item = &'k String>, prefix: &str, delimiter: Option<&str>) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for key in keys.filter(|it| it.starts_with(prefix)) {
        let rolled = delimiter.and_then(|it| key[prefix.len()..].find(it).map(|at| prefix.len() + at + it.len()));
        let next = rolled.map_or_else(|| Shown::Key(key.clone()), |end| Shown::Prefix(key[..end].to_owned()));
        if shown.last() != Some(&next) || matches!(next, Shown::Key(_)) {
            shown.push(next);
        }
    }
    shown
}

fn in_order(keys: Vec<String>, prefixes: Vec<String>) -> Vec<Shown> {
    let mut all: Vec<(String, Shown)> = keys.into_iter().map(|it| (it.clone(), Shown::Key(it))).collect();
    all.extend(prefixes.into_iter().map(|it| (it.clone(), Shown::Prefix(it))));
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all.into_iter().map(|it| it.1).collect()
}

struct Store {
    runtime: Runtime,
    world: World,
}

impl Store {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let world = runtime.block_on(async { World::new(1, || (vec![s3::service()], sim::drivers::echoing())) });
        let store = Self { runtime, world };
        store.call(CreateBucket { bucket: BUCKET.to_owned(), ..CreateBucket::default() });
        store
    }

    fn call<I: Operation>(&self, input: I) -> I::Output {
        let call = self.world.call("000000000000", "s3", I::NAME, input.into_value());
        let output: Value = self.runtime.block_on(call).expect("it is allowed and right");
        I::Output::from_value(output)
    }

    fn put(&self, key: &str) -> Option<String> {
        self.call(PutObject { bucket: BUCKET.to_owned(), key: key.to_owned(), ..PutObject::default() }).version_id
    }

    fn pages_v2(&self, asked: &ListObjectsV2) -> Vec<ListObjectsV2Output> {
        let (mut pages, mut asked) = (Vec::new(), asked.clone());
        loop {
            let page = self.call(asked.clone());
            asked.continuation_token = page.next_continuation_token.clone();
            pages.push(page);
            if asked.continuation_token.is_none() {
                return pages;
            }
        }
    }

    fn pages_v1(&self, asked: &ListObjects) -> Vec<ListObjectsOutput> {
        let (mut pages, mut asked) = (Vec::new(), asked.clone());
        loop {
            let page = self.call(asked.clone());
            let last = page.contents.iter().flatten().last().and_then(|it| it.key.clone());
            asked.marker = page.next_marker.clone().or(last);
            let more = page.is_truncated == Some(true);
            pages.push(page);
            if !more {
                return pages;
            }
        }
    }

    fn pages_of_versions(&self, asked: &ListObjectVersions) -> Vec<ListObjectVersionsOutput> {
        let (mut pages, mut asked) = (Vec::new(), asked.clone());
        loop {
            let page = self.call(asked.clone());
            asked.key_marker = page.next_key_marker.clone();
            asked.version_id_marker = page.next_version_id_marker.clone();
            pages.push(page);
            if asked.key_marker.is_none() {
                return pages;
            }
        }
    }
}

fn prefixes_of(prefixes: Option<Vec<api::s3::CommonPrefix>>) -> Vec<String> {
    prefixes.into_iter().flatten().filter_map(|it| it.prefix).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn objects_are_listed_as_the_model_says(
        keys in proptest::collection::btree_set(key(), 0..40),
        listings in proptest::collection::vec((prefix(), delimiter(), 1i64..8, proptest::option::of(key())), 1..8),
    ) {
        let store = Store::new();
        keys.iter().for_each(|it| drop(store.put(it)));
        for (prefix, delimiter, limit, start_after) in listings {
            let all = expected(keys.iter(), &prefix, delimiter.as_deref());
            let asked = ListObjects {
                bucket: BUCKET.to_owned(),
                prefix: Some(prefix.clone()),
                delimiter: delimiter.clone(),
                max_keys: Some(limit),
                ..ListObjects::default()
            };
            let pages = store.pages_v1(&asked);
            let shown = pages.into_iter().flat_map(|page| {
                let keys = page.contents.into_iter().flatten().filter_map(|it| it.key).collect();
                in_order(keys, prefixes_of(page.common_prefixes))
            });
            prop_assert_eq!(shown.collect::<Vec<_>>(), all.clone());

            // StartAfter leaves keys out before they are rolled up, and the prefix that it is itself.
            let after: BTreeSet<String> =
                keys.iter().filter(|it| start_after.as_ref().is_none_or(|start| *it > start)).cloned().collect();
            let mut all = expected(after.iter(), &prefix, delimiter.as_deref());
            all.retain(|it| *it != Shown::Prefix(start_after.clone().unwrap_or_default()));
            let asked = ListObjectsV2 {
                bucket: BUCKET.to_owned(),
                prefix: Some(prefix),
                delimiter,
                max_keys: Some(limit),
                start_after,
                ..ListObjectsV2::default()
            };
            let pages = store.pages_v2(&asked);
            let (last, full) = pages.split_last().expect("there is one page at least");
            prop_assert!(full.iter().all(|it| it.key_count == Some(limit) && it.is_truncated == Some(true)));
            prop_assert!(last.key_count <= Some(limit) && last.is_truncated == Some(false));
            let shown = pages.into_iter().flat_map(|page| {
                let keys = page.contents.into_iter().flatten().filter_map(|it| it.key).collect();
                in_order(keys, prefixes_of(page.common_prefixes))
            });
            prop_assert_eq!(shown.collect::<Vec<_>>(), all);
        }
    }

    #[test]
    fn versions_are_listed_as_the_model_says(
        changes in proptest::collection::vec((key(), 0u8..4), 0..40),
        listings in proptest::collection::vec((prefix(), delimiter(), 1i64..6), 1..6),
    ) {
        let store = Store::new();
        store.call(PutBucketVersioning {
            bucket: BUCKET.to_owned(),
            versioning_configuration: VersioningConfiguration { status: Some("Enabled".to_owned()), mfa_delete: None },
            ..PutBucketVersioning::default()
        });
        // The newest last: (version id, whether it is an object).
        let mut model: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
        for (key, change) in changes {
            let delete = |version_id| DeleteObject { bucket: BUCKET.to_owned(), key: key.clone(), version_id, ..DeleteObject::default() };
            let versions = model.entry(key.clone()).or_default();
            match change {
                0 => {
                    let id = store.call(delete(None)).version_id.expect("a marker has an id");
                    versions.push((id, false));
                }
                1 if !versions.is_empty() => {
                    let (id, _) = versions.remove(versions.len() / 2);
                    store.call(delete(Some(id)));
                }
                _ => versions.push((store.put(&key).expect("a version has an id"), true)),
            }
        }
        model.retain(|_, versions| !versions.is_empty());
        let current: Vec<&String> =
            model.iter().filter(|it| it.1.last().is_some_and(|last| last.1)).map(|it| it.0).collect();
        let all = store.call(ListObjectsV2 { bucket: BUCKET.to_owned(), ..ListObjectsV2::default() });
        let listed: Vec<String> = all.contents.into_iter().flatten().filter_map(|it| it.key).collect();
        prop_assert_eq!(listed.iter().collect::<Vec<_>>(), current);
        for (prefix, delimiter, limit) in listings {
            let shown = expected(model.keys(), &prefix, delimiter.as_deref());
            let rows: Vec<(String, String, bool)> = shown
                .iter()
                .filter_map(|it| if let Shown::Key(key) = it { Some(key) } else { None })
                .flat_map(|key| {
                    let versions = model[key].iter().rev().enumerate();
                    versions.map(move |(index, (id, _))| (key.clone(), id.clone(), index == 0))
                })
                .collect();
            let pages = store.pages_of_versions(&ListObjectVersions {
                bucket: BUCKET.to_owned(),
                prefix: Some(prefix),
                delimiter,
                max_keys: Some(limit),
                ..ListObjectVersions::default()
            });
            let mut found = BTreeSet::new();
            for page in &pages {
                let versions = page.versions.iter().flatten();
                found.extend(versions.map(|it| (it.key.clone(), it.version_id.clone(), it.is_latest)));
                let markers = page.delete_markers.iter().flatten();
                found.extend(markers.map(|it| (it.key.clone(), it.version_id.clone(), it.is_latest)));
            }
            let wanted: BTreeSet<_> =
                rows.into_iter().map(|(key, id, latest)| (Some(key), Some(id), Some(latest))).collect();
            prop_assert_eq!(found, wanted);
            let rolled: Vec<Shown> =
                pages.into_iter().flat_map(|it| prefixes_of(it.common_prefixes)).map(Shown::Prefix).collect();
            prop_assert_eq!(rolled, shown.into_iter().filter(|it| matches!(it, Shown::Prefix(_))).collect::<Vec<_>>());
        }
    }
}
