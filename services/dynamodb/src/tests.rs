//! What users send, and what comes back.

mod backups;
mod batches;
mod collections;
mod exports;
mod histories;
mod indexes;
mod items;
mod legacy;
mod partiql;
mod policies;
mod reads;
mod serializable;
mod tables;
mod transactions;
mod ttl;

/// `TABLE name` creates one with the keys `pk` and `sk`; `HASH name` one with `pk` alone. All keys are texts. `QL` is followed
/// by a statement.
fn check(script: &str) {
    let create = |line: &str, keys: &str, definitions: &str| {
        let name = line.split_whitespace().nth(1).expect("a name follows");
        format!(
            "dynamodb create-table TableName={name} BillingMode=PAY_PER_REQUEST KeySchema=[{keys}] AttributeDefinitions=[{definitions}] => ok"
        )
    };
    const PK: &str = r#"{"AttributeName":"pk","KeyType":"HASH"}"#;
    const SK: &str = r#"{"AttributeName":"sk","KeyType":"RANGE"}"#;
    const PK_S: &str = r#"{"AttributeName":"pk","AttributeType":"S"}"#;
    const SK_S: &str = r#"{"AttributeName":"sk","AttributeType":"S"}"#;
    let line = |line: &str| match line.split_whitespace().next() {
        Some("TABLE") => create(line, &format!("{PK},{SK}"), &format!("{PK_S},{SK_S}")),
        Some("HASH") => create(line, PK, PK_S),
        Some("QL") => {
            let (statement, expected) = line.trim().split_once(" => ").expect("an answer is expected");
            let statement = serde_json::Value::from(statement.trim_start_matches("QL").trim());
            format!("dynamodb execute-statement Statement={statement} => {expected}")
        }
        _ => line.to_owned(),
    };
    let script: Vec<String> = script.lines().map(line).collect();
    sim::check(|| vec![crate::service()], &script.join("\n"));
}
