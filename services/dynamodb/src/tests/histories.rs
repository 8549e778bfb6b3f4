//! Random writes against a model in memory: table, indexes and what is counted must agree with it.

use model::Value;
use proptest::prelude::*;
use std::collections::BTreeMap;

const CREATE: &str = r#"
    dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}] AttributeDefinitions=[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"},{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"}] GlobalSecondaryIndexes=[{"IndexName":"by-g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}] LocalSecondaryIndexes=[{"IndexName":"by-n","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}] => ok
"#;

#[derive(Clone, Debug)]
enum Write {
    Put(Item),
    /// Sets g, removes n.
    Update(Key, String),
    Delete(Key),
    /// All of them, or none if an item of the key is there.
    Transact(Vec<Item>, Key),
}

type Key = (String, i64);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    key: Key,
    g: Option<String>,
    n: Option<i64>,
}

fn text(it: &str) -> Value {
    Value::Structure(vec![("S", it.into())])
}

fn number(it: i64) -> Value {
    Value::Structure(vec![("N", it.to_string().into())])
}

fn key((pk, sk): &Key) -> Value {
    Value::Map(vec![("pk".to_owned(), text(pk)), ("sk".to_owned(), number(*sk))])
}

impl Item {
    fn value(&self) -> Value {
        let Value::Map(mut entries) = key(&self.key) else { unreachable!() };
        entries.extend(self.g.as_ref().map(|it| ("g".to_owned(), text(it))));
        entries.extend(self.n.map(|it| ("n".to_owned(), number(it))));
        Value::Map(entries)
    }

    fn read(value: &Value) -> Item {
        let text = |name: &str| Some(value.get(name)?.get("S")?.as_str()?.to_owned());
        let number = |name: &str| value.get(name)?.get("N")?.as_str()?.parse().ok();
        let key = (text("pk").expect("a key"), number("sk").expect("a key"));
        Item { key, g: text("g"), n: number("n") }
    }
}

fn any_key() -> impl Strategy<Value = Key> {
    ("[ab]", -1_i64..3)
}

fn any_item() -> impl Strategy<Value = Item> {
    (any_key(), proptest::option::of("[xy]"), proptest::option::of(-12_i64..12)).prop_map(|(key, g, n)| Item {
        key,
        g,
        n,
    })
}

fn any_write() -> impl Strategy<Value = Write> {
    prop_oneof![
        4 => any_item().prop_map(Write::Put),
        2 => (any_key(), "[xy]").prop_map(|(key, g)| Write::Update(key, g)),
        2 => any_key().prop_map(Write::Delete),
        1 => (proptest::collection::vec(any_item(), 1..4), any_key()).prop_map(|(items, key)| Write::Transact(items, key)),
    ]
}

async fn call(world: &sim::World, operation: &str, mut input: Vec<(&'static str, Value)>) -> Value {
    if !input.iter().any(|it| it.0 == "TransactItems") {
        input.push(("TableName", "tbl".into()));
    }
    let answer = world.call("000000000000", "dynamodb", operation, Value::Structure(input)).await;
    answer.unwrap_or_else(|error| Value::String(error.code().to_owned()))
}

async fn carry_out(world: &sim::World, write: Write, items: &mut BTreeMap<Key, Item>) {
    match write {
        Write::Put(item) => {
            call(world, "PutItem", vec![("Item", item.value())]).await;
            items.insert(item.key.clone(), item);
        }
        Write::Update(at, g) => {
            let values = Value::Map(vec![(":g".to_owned(), text(&g))]);
            let expression = ("UpdateExpression", "SET g = :g REMOVE n".into());
            call(world, "UpdateItem", vec![("Key", key(&at)), expression, ("ExpressionAttributeValues", values)]).await;
            items.insert(at.clone(), Item { key: at, g: Some(g), n: None });
        }
        Write::Delete(at) => {
            call(world, "DeleteItem", vec![("Key", key(&at))]).await;
            items.remove(&at);
        }
        Write::Transact(puts, absent) => {
            let named = ("TableName", Value::from("tbl"));
            let condition = ("ConditionExpression", Value::from("attribute_not_exists(pk)"));
            let put = |it: &Item| {
                Value::Structure(vec![("Put", Value::Structure(vec![("Item", it.value()), named.clone()]))])
            };
            let check = Value::Structure(vec![("Key", key(&absent)), named.clone(), condition]);
            let mut actions: Vec<Value> = puts.iter().map(put).collect();
            actions.push(Value::Structure(vec![("ConditionCheck", check)]));
            call(world, "TransactWriteItems", vec![("TransactItems", Value::List(actions))]).await;
            let mut keys: Vec<&Key> = puts.iter().map(|it| &it.key).chain([&absent]).collect();
            keys.sort();
            if keys.windows(2).all(|it| it[0] != it[1]) && !items.contains_key(&absent) {
                items.extend(puts.into_iter().map(|it| (it.key.clone(), it)));
            }
        }
    }
}

fn found(output: &Value) -> Vec<Item> {
    let Some(Value::List(items)) = output.get("Items") else { panic!("{output:?}") };
    items.iter().map(Item::read).collect()
}

async fn compare(world: &sim::World, items: &BTreeMap<Key, Item>) {
    let mut all = found(&call(world, "Scan", vec![]).await);
    all.sort();
    assert_eq!(all, items.values().cloned().collect::<Vec<_>>());
    let query = |index: Option<&'static str>, name: &str, value: &str| {
        let condition = ("KeyConditionExpression", format!("{name} = :v").as_str().into());
        let values = ("ExpressionAttributeValues", Value::Map(vec![(":v".to_owned(), text(value))]));
        let mut input = vec![condition, values];
        input.extend(index.map(|it| ("IndexName", it.into())));
        input
    };
    for pk in ["a", "b"] {
        let of: Vec<Item> = items.values().filter(|it| it.key.0 == pk).cloned().collect();
        assert_eq!(found(&call(world, "Query", query(None, "pk", pk)).await), of, "in the order of the sort key");
        let numbers: Vec<i64> =
            found(&call(world, "Query", query(Some("by-n"), "pk", pk)).await).iter().filter_map(|it| it.n).collect();
        let mut expected: Vec<i64> = of.iter().filter_map(|it| it.n).collect();
        expected.sort_unstable();
        assert_eq!(numbers, expected, "in the order of the index");
    }
    let mut indexed = 0;
    for g in ["x", "y"] {
        let mut of = found(&call(world, "Query", query(Some("by-g"), "g", g)).await);
        assert!(of.is_sorted_by_key(|it| it.n));
        of.sort();
        let expected = items.values().filter(|it| it.g.as_deref() == Some(g) && it.n.is_some()).cloned();
        assert_eq!(of, expected.collect::<Vec<_>>());
        indexed += of.len() as i64;
    }
    let described = call(world, "DescribeTable", vec![]).await;
    let table = described.get("Table").expect("described");
    assert_eq!(table.get("ItemCount"), Some(&Value::Integer(items.len() as i64)));
    let Some(Value::List(globals)) = table.get("GlobalSecondaryIndexes") else { panic!("{table:?}") };
    assert_eq!(globals[0].get("ItemCount"), Some(&Value::Integer(indexed)));
    assert!(items.is_empty() == (table.get("TableSizeBytes") == Some(&Value::Integer(0))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn tables_and_indexes_agree_with_a_model(writes in proptest::collection::vec(any_write(), 1..40)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut world = sim::World::new(1, || (vec![crate::service()], sim::drivers::echoing()));
            sim::check_in(&mut world, CREATE).await;
            let mut items = BTreeMap::new();
            for write in writes {
                carry_out(&world, write, &mut items).await;
            }
            compare(&world, &items).await;
            world.crash().await;
            compare(&world, &items).await;
        });
    }
}
