//! Transactions of many clients at once: there is an order, one after the other, that explains everything that they saw,
//! and it agrees with the order in which they came.
//!
//! Each write appends its number to some lists, each read looks at some. A list tells the order of its writers, and what
//! a reader saw of it tells between which of them it came. These and the times of the calls are the edges of a graph,
//! and an order exists as long as it has no cycle.

use model::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const KEYS: u64 = 4;
const CLIENTS: u64 = 6;
const CALLS: u64 = 25;

/// What one client knows of one of its transactions.
#[derive(Debug)]
struct Call {
    id: u64,
    began: u64,
    ended: u64,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Append(BTreeSet<u64>),
    /// It was told that nothing of it was carried out.
    Cancelled,
    Read(BTreeMap<u64, Vec<u64>>),
}

/// Numbers that look random, from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn keys(&mut self) -> BTreeSet<u64> {
        let count = 1 + self.below(3);
        (0..count).map(|_| self.below(KEYS)).collect()
    }
}

fn structure(members: Vec<(&'static str, Value)>) -> Value {
    Value::Structure(members)
}

fn key(it: u64) -> Value {
    Value::Map(vec![("pk".to_owned(), structure(vec![("S", format!("k{it}").as_str().into())]))])
}

fn on(it: u64, more: Vec<(&'static str, Value)>) -> Value {
    structure([vec![("TableName", "tbl".into()), ("Key", key(it))], more].concat())
}

fn append(id: u64, it: u64) -> Value {
    let number = structure(vec![("N", id.to_string().as_str().into())]);
    let values = [
        (":v", structure(vec![("L", Value::List(vec![number]))])),
        (":none", structure(vec![("L", Value::List(vec![]))])),
    ];
    let values = values.map(|(name, it)| (name.to_owned(), it)).to_vec();
    let update = on(
        it,
        vec![
            ("UpdateExpression", "SET seen = list_append(if_not_exists(seen, :none), :v)".into()),
            ("ExpressionAttributeValues", Value::Map(values)),
        ],
    );
    structure(vec![("Update", update)])
}

/// Never true.
fn impossible(it: u64) -> Value {
    let condition = ("ConditionExpression", "attribute_exists(never)".into());
    structure(vec![("ConditionCheck", on(it, vec![condition]))])
}

async fn one(world: &sim::World, id: u64, chance: &mut Chance) -> Kind {
    let keys = chance.keys();
    let call = |operation, items| async move {
        let input = structure(vec![("TransactItems", Value::List(items))]);
        world.call("000000000000", "dynamodb", operation, input).await
    };
    match chance.below(5) {
        0 | 1 => {
            let gets = keys.iter().map(|it| structure(vec![("Get", on(*it, vec![]))])).collect();
            let output = call("TransactGetItems", gets).await.unwrap();
            let Some(Value::List(responses)) = output.get("Responses") else { panic!("{output:?}") };
            Kind::Read(keys.into_iter().zip(responses.iter().map(list)).collect())
        }
        2 => {
            // The condition stands on a key of its own, after everything that must not stay.
            let mut items: Vec<Value> = keys.iter().map(|it| append(id, *it)).collect();
            items.push(impossible(KEYS));
            assert_eq!(call("TransactWriteItems", items).await.unwrap_err().code(), "TransactionCanceledException");
            Kind::Cancelled
        }
        _ => {
            call("TransactWriteItems", keys.iter().map(|it| append(id, *it)).collect()).await.unwrap();
            Kind::Append(keys)
        }
    }
}

fn list(response: &Value) -> Vec<u64> {
    let seen = response.get("Item").and_then(|it| it.get("seen")?.get("L"));
    let Some(Value::List(them)) = seen else { return Vec::new() };
    them.iter().map(|it| it.get("N").unwrap().as_str().unwrap().parse().unwrap()).collect()
}

async fn history(seed: u64) -> (Vec<Call>, BTreeMap<u64, Vec<u64>>) {
    let world = sim::World::new(seed, || (vec![crate::service()], sim::drivers::echoing()));
    let mut world = world;
    const CREATE: &str = r#"
        dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"pk","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"pk","AttributeType":"S"}] => ok
    "#;
    sim::check_in(&mut world, CREATE).await;
    let (world, ticks) = (Arc::new(world), Arc::new(AtomicU64::new(0)));
    let clients = (0..CLIENTS).map(|client| {
        let (world, ticks) = (world.clone(), ticks.clone());
        tokio::spawn(async move {
            let (mut calls, mut chance) = (Vec::new(), Chance(seed * 1_000 + client));
            for number in 0..CALLS {
                let id = client * CALLS + number;
                let began = ticks.fetch_add(1, Ordering::SeqCst);
                let kind = one(&world, id, &mut chance).await;
                calls.push(Call { id, began, ended: ticks.fetch_add(1, Ordering::SeqCst), kind });
            }
            calls
        })
    });
    let mut calls = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        calls.extend(client.await.unwrap());
    }
    let mut lists = BTreeMap::new();
    for it in 0..KEYS {
        let input = on(it, vec![]);
        let found = world.call("000000000000", "dynamodb", "GetItem", input).await.unwrap();
        lists.insert(it, list(&found));
    }
    (calls, lists)
}

/// (earlier, later)
fn edges(calls: &[Call], lists: &BTreeMap<u64, Vec<u64>>) -> BTreeSet<(u64, u64)> {
    let mut edges = BTreeSet::new();
    for list in lists.values() {
        edges.extend(list.windows(2).map(|it| (it[0], it[1])));
    }
    for call in calls {
        if let Kind::Read(seen) = &call.kind {
            for (key, seen) in seen {
                let list = &lists[key];
                assert_eq!(seen[..], list[..seen.len()], "a reader saw what was never there");
                edges.extend(seen.last().map(|writer| (*writer, call.id)));
                edges.extend(list.get(seen.len()).map(|writer| (call.id, *writer)));
            }
        }
        edges.extend(calls.iter().filter(|it| it.ended < call.began).map(|it| (it.id, call.id)));
    }
    edges
}

fn has_cycle(edges: &BTreeSet<(u64, u64)>) -> bool {
    let mut waits: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for (earlier, later) in edges {
        waits.entry(*earlier).or_default();
        waits.entry(*later).or_default().insert(*earlier);
    }
    while let Some((free, _)) = waits.iter().find(|(_, for_whom)| for_whom.is_empty()) {
        let free = *free;
        waits.remove(&free);
        for others in waits.values_mut() {
            others.remove(&free);
        }
    }
    !waits.is_empty()
}

#[test]
fn a_cycle_is_found() {
    assert!(!has_cycle(&BTreeSet::from([(1, 2), (2, 3), (1, 3)])));
    assert!(has_cycle(&BTreeSet::from([(1, 2), (2, 3), (3, 1)])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn transactions_happen_one_after_the_other() {
    for seed in 1..=6 {
        let (calls, lists) = history(seed).await;
        for call in &calls {
            let is_there = |key: &u64| lists[key].iter().filter(|it| **it == call.id).count();
            let expected = match &call.kind {
                Kind::Append(keys) => keys.clone(),
                Kind::Cancelled | Kind::Read(_) => BTreeSet::new(),
            };
            for key in 0..KEYS {
                assert_eq!(is_there(&key), usize::from(expected.contains(&key)), "{call:?}");
            }
        }
        assert!(!has_cycle(&edges(&calls, &lists)), "no order explains seed {seed}");
    }
}
