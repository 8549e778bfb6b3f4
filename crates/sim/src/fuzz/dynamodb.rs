//! DynamoDB's expressions and statements of PartiQL: carried out on a table, where a panic would be answered as an internal
//! failure.

use super::Target;
use super::door::{call, survived};
use api::dynamodb::{
    AttributeDefinition, CreateTable, ExecuteStatement, GetItem, KeySchemaElement, PutItem, Query, Scan, UpdateItem,
};
use kernel::Cloud;
use model::{Result, Value};
use std::collections::BTreeMap;

pub const EXPRESSION: Target = Target {
    name: "expression",
    corpus: &[
        b"attribute_not_exists(a.b[0].#n) AND (size(m) > :n OR NOT contains(l, :s)) AND begins_with(s, :s)",
        b"pk = :s AND sk BETWEEN :n AND :n",
        b"a, m.b[3], #n.c",
        b"SET a = if_not_exists(a, :n) + :n, l = list_append(l, :l), m.b[0] = :s REMOVE c, d[1] ADD n :n DELETE t :t",
        b"s IN (:s, :n, a) AND attribute_type(m, :s) OR a <> b",
    ],
    words: &[
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "=",
        "<>",
        "<=",
        ">",
        "+",
        "-",
        ":n",
        ":s",
        ":l",
        ":t",
        ":x",
        "#n",
        "#x",
        "pk",
        "sk",
        "a",
        "m",
        "l",
        "AND",
        "OR",
        "NOT",
        "IN",
        "BETWEEN",
        "SET",
        "REMOVE",
        "ADD",
        "DELETE",
        "size",
        "contains",
        "list_append",
        "if_not_exists",
        "attribute_exists",
        "0",
        "99999999999999999999",
        "name",
        "\u{e9}",
    ],
    run: expression,
};

pub const PARTIQL: Target = Target {
    name: "partiql",
    corpus: &[
        br#"SELECT a, m.b[0], "s" FROM "tbl" WHERE pk = 'a' AND sk BETWEEN 1 AND 2.5e0 AND (contains(s, 'x') OR NOT size(l) IN [1, ?]) ORDER BY sk DESC"#,
        br#"SELECT * FROM tbl WHERE pk IN ['a', 'b'] OR pk = ? AND m.b IS NOT MISSING AND a IS NULL -- comment"#,
        br#"INSERT INTO "tbl" VALUE {'pk': ?, 'sk': 1, 'l': [1, 'two', {'x': <<'q', 'p'>>}], 'n': -1.5, 'b': true, 'z': NULL};"#,
        br#"UPDATE tbl SET a = a + 1, l = list_append(l, [2]) SET t = set_add(t, <<'x'>>) REMOVE m.b[0] WHERE pk = 'a' AND sk = 1 RETURNING MODIFIED NEW *"#,
        br#"DELETE FROM tbl WHERE pk = 'a' AND sk = 1 AND attribute_type(a, 'N') RETURNING ALL OLD *"#,
        br#"EXISTS(SELECT * FROM tbl WHERE pk = 'a' AND sk = 1 AND a = 3)"#,
    ],
    words: &[
        "SELECT", "*", "FROM", "tbl", "WHERE", "pk", "sk", "=", "<>", "!=", "<=", ">", "'a'", "1", "-", "+", "?", "(", ")", "[", "]", "{", "}", "<<", ">>",
        ",", ":", ".", ";", "AND", "OR", "NOT", "IN", "BETWEEN", "IS", "MISSING", "NULL", "ORDER BY", "DESC", "INSERT INTO", "VALUE", "UPDATE", "SET",
        "REMOVE", "DELETE FROM", "RETURNING", "ALL OLD *", "size", "contains", "list_append", "set_add", "\"", "'", "--", "/*", "1e126", "1e999999999999",
    ],
    run: partiql,
};

fn text(value: &str) -> Value {
    Value::Structure(vec![("S", Value::String(value.to_owned()))])
}

fn number(value: &str) -> Value {
    Value::Structure(vec![("N", Value::String(value.to_owned()))])
}

fn key() -> Value {
    Value::Map(vec![("pk".to_owned(), text("a")), ("sk".to_owned(), number("1"))])
}

fn expression(input: &[u8]) {
    let Ok(source) = std::str::from_utf8(input) else { return };
    let names = || Some(BTreeMap::from([("#n".to_owned(), "name".to_owned())]));
    let values = || {
        let set = Value::Structure(vec![("SS", Value::List(vec![Value::String("x".to_owned())]))]);
        let list = Value::Structure(vec![("L", Value::List(vec![number("1")]))]);
        let values = [(":n", number("1")), (":s", text("a")), (":l", list), (":t", set)];
        Some(Value::Map(values.map(|(name, it)| (name.to_owned(), it)).to_vec()))
    };
    let (table, source) = ("tbl".to_owned(), Some(source.to_owned()));
    // What is not used is refused, so each is sent with placeholders and without.
    for (names, values) in [(names(), values()), (None, None)] {
        survived(call(GetItem {
            table_name: table.clone(),
            key: key(),
            projection_expression: source.clone(),
            expression_attribute_names: names.clone(),
            ..GetItem::default()
        }));
        survived(call(Scan {
            table_name: table.clone(),
            filter_expression: source.clone(),
            expression_attribute_names: names.clone(),
            expression_attribute_values: values.clone(),
            ..Scan::default()
        }));
        survived(call(Query {
            table_name: table.clone(),
            key_condition_expression: source.clone(),
            expression_attribute_names: names.clone(),
            expression_attribute_values: values.clone(),
            ..Query::default()
        }));
        survived(call(UpdateItem {
            table_name: table.clone(),
            key: key(),
            update_expression: source.clone(),
            expression_attribute_names: names,
            expression_attribute_values: values,
            ..UpdateItem::default()
        }));
    }
}

fn partiql(input: &[u8]) {
    let Ok(statement) = std::str::from_utf8(input) else { return };
    if statement.is_empty() {
        return;
    }
    let parameters = Value::List(vec![text("b"), number("2"), text("x")]);
    survived(call(ExecuteStatement {
        statement: statement.to_owned(),
        parameters: Some(parameters),
        limit: Some(10),
        ..ExecuteStatement::default()
    }));
}

/// The table of both.
pub async fn fill(cloud: &Cloud) -> Result<()> {
    let element =
        |name: &str, kind: &str| KeySchemaElement { attribute_name: name.to_owned(), key_type: kind.to_owned() };
    let define = |name: &str, kind: &str| AttributeDefinition {
        attribute_name: name.to_owned(),
        attribute_type: kind.to_owned(),
    };
    let table = CreateTable {
        table_name: "tbl".to_owned(),
        billing_mode: Some("PAY_PER_REQUEST".to_owned()),
        key_schema: Some(vec![element("pk", "HASH"), element("sk", "RANGE")]),
        attribute_definitions: Some(vec![define("pk", "S"), define("sk", "N")]),
        ..CreateTable::default()
    };
    cloud.call(table).await?;
    let Value::Map(mut item) = key() else { return Ok(()) };
    let list = Value::Structure(vec![("L", Value::List(vec![number("1"), text("x")]))]);
    let map = Value::Structure(vec![("M", Value::Map(vec![("b".to_owned(), list.clone())]))]);
    item.extend(
        [("a", number("3")), ("s", text("xyz")), ("l", list), ("m", map)].map(|(name, it)| (name.to_owned(), it)),
    );
    cloud.call(PutItem { table_name: "tbl".to_owned(), item: Value::Map(item), ..PutItem::default() }).await.map(drop)
}
