use super::check;

const NUMBERS: &str = r#"
    dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}] AttributeDefinitions=[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"}] => ok
    dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"N":"10"},"v":{"S":"ten"}} => ok
    dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"N":"-1"},"v":{"S":"minus"}} => ok
    dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"N":"2"},"v":{"S":"two"}} => ok
    dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"N":"2.5"},"v":{"S":"half"}} => ok
    dynamodb put-item TableName=tbl Item={"pk":{"S":"b"},"sk":{"N":"1"},"v":{"S":"other"}} => ok
"#;

#[test]
fn a_query_gives_one_partition_in_order() {
    check(&format!(
        r#"{NUMBERS}
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} => Count=4 ScannedCount=4 Items[0].v.S=minus Items[1].v.S=two Items[2].v.S=half Items[3].v.S=ten LastEvaluatedKey=absent
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} ScanIndexForward=false => Items[0].v.S=ten Items[3].v.S=minus
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a AND sk > :n" ExpressionAttributeValues={{":a":{{"S":"a"}},":n":{{"N":"2"}}}} => Count=2 Items[0].v.S=half
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a AND sk >= :n" ExpressionAttributeValues={{":a":{{"S":"a"}},":n":{{"N":"2"}}}} => Count=3 Items[0].v.S=two
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a AND sk < :n" ExpressionAttributeValues={{":a":{{"S":"a"}},":n":{{"N":"2"}}}} => Count=1 Items[0].v.S=minus
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a AND :n >= sk" ExpressionAttributeValues={{":a":{{"S":"a"}},":n":{{"N":"2"}}}} => Count=2
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a AND sk = :n" ExpressionAttributeValues={{":a":{{"S":"a"}},":n":{{"N":"2.50"}}}} => Count=1 Items[0].v.S=half
        dynamodb query TableName=tbl KeyConditionExpression="sk BETWEEN :n AND :m and pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}},":n":{{"N":"2"}},":m":{{"N":"10"}}}} => Count=3
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" FilterExpression="v <> :v" ExpressionAttributeValues={{":a":{{"S":"a"}},":v":{{"S":"two"}}}} Limit=2 => Count=1 ScannedCount=2 Items[0].v.S=minus LastEvaluatedKey.sk.N=2
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} ExclusiveStartKey={{"pk":{{"S":"a"}},"sk":{{"N":"2"}}}} => Count=2 Items[0].v.S=half
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} ExclusiveStartKey={{"pk":{{"S":"a"}},"sk":{{"N":"2"}}}} ScanIndexForward=false => Count=1 Items[0].v.S=minus
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} Select=COUNT => Count=4 Items=absent
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} ProjectionExpression=v ReturnConsumedCapacity=TOTAL => Items[0].v.S=minus Items[0].pk=absent ConsumedCapacity.CapacityUnits=0.5
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"none"}}}} => Count=0 ScannedCount=0
    "#
    ));
}

#[test]
fn what_is_wrong_with_a_query_is_said_as_aws_says_it() {
    check(&format!(
        r#"{NUMBERS}
        dynamodb query TableName=tbl => error ValidationException "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        dynamodb query TableName=tbl KeyConditionExpression="sk = :a" ExpressionAttributeValues={{":a":{{"N":"1"}}}} => error ValidationException "Query condition missed key schema element: pk"
        dynamodb query TableName=tbl KeyConditionExpression="pk > :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} => error ValidationException "Query key condition not supported"
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a AND v = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} => error ValidationException "Query condition missed key schema element: sk"
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"N":"1"}}}} => error ValidationException "One or more parameter values were invalid: Condition parameter type does not match schema type"
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" FilterExpression="sk > :n" ExpressionAttributeValues={{":a":{{"S":"a"}},":n":{{"N":"1"}}}} => error ValidationException "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"
        dynamodb query TableName=tbl IndexName=none KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} => error ValidationException "The table does not have the specified index: none"
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} ExclusiveStartKey={{"pk":{{"S":"b"}},"sk":{{"N":"1"}}}} => error ValidationException "The provided starting key is outside query boundaries based on provided conditions"
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a AND sk > :n" ExpressionAttributeValues={{":a":{{"S":"a"}},":n":{{"N":"5"}}}} ExclusiveStartKey={{"pk":{{"S":"a"}},"sk":{{"N":"1"}}}} => error ValidationException "The provided starting key does not match the range key predicate"
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} ExclusiveStartKey={{"pk":{{"S":"a"}}}} => error ValidationException "The provided starting key is invalid"
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} Select=ALL_PROJECTED_ATTRIBUTES => error ValidationException "*ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
    "#
    ));
}

#[test]
fn a_scan_gives_everything_in_pages_and_segments() {
    check(&format!(
        r#"{NUMBERS}
        dynamodb scan TableName=tbl => Count=5 ScannedCount=5 LastEvaluatedKey=absent
        dynamodb scan TableName=tbl FilterExpression="contains(v, :t)" ExpressionAttributeValues={{":t":{{"S":"t"}}}} => Count=3 ScannedCount=5
        dynamodb scan TableName=tbl Limit=3 => Count=3 LastEvaluatedKey.pk.S=$pk LastEvaluatedKey.sk.N=$sk
        dynamodb scan TableName=tbl ExclusiveStartKey={{"pk":{{"S":"$pk"}},"sk":{{"N":"$sk"}}}} => Count=2 LastEvaluatedKey=absent
        dynamodb scan TableName=tbl Select=COUNT ReturnConsumedCapacity=TOTAL => Count=5 Items=absent ConsumedCapacity.CapacityUnits=0.5
        dynamodb scan TableName=tbl Segment=1 => error ValidationException "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
        dynamodb scan TableName=tbl Segment=2 TotalSegments=2 => error ValidationException "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 2 is not less than TotalSegments: 2"
        dynamodb scan TableName=tbl ExclusiveStartKey={{"pk":{{"S":"a"}}}} => error ValidationException "The provided starting key is invalid: The provided key element does not match the schema"
    "#
    ));
}

#[test]
fn every_item_is_in_one_segment() {
    let items: Vec<String> =
        (0..40).map(|it| format!(r#"dynamodb put-item TableName=tbl Item={{"pk":{{"S":"{it}"}}}} => ok"#)).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut world = sim::World::new(1, || (vec![crate::service()], sim::drivers::echoing()));
        let create = r#"dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"pk","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"pk","AttributeType":"S"}] => ok"#;
        sim::check_in(&mut world, &format!("{create}\n{}", items.join("\n"))).await;
        let mut total = 0;
        for segment in 0..7 {
            let input = model::Value::Structure(vec![
                ("TableName", "tbl".into()),
                ("Segment", segment.into()),
                ("TotalSegments", 7.into()),
            ]);
            let output = world.call("000000000000", "dynamodb", "Scan", input).await.unwrap();
            let Some(model::Value::Integer(count)) = output.get("Count") else { panic!("no count") };
            assert!(*count < 40);
            total += count;
        }
        assert_eq!(total, 40);
    });
}

#[test]
fn a_page_ends_after_a_megabyte() {
    let large = "x".repeat(300 * 1_024);
    let put = |at: usize| {
        format!(
            r#"dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}},"sk":{{"S":"{at}"}},"x":{{"S":"{large}"}}}} => ok"#
        )
    };
    let puts: Vec<String> = (0..5).map(put).collect();
    check(&format!(
        r#"
        TABLE tbl
        {}
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} Select=COUNT => Count=3 LastEvaluatedKey.sk.S=2
        dynamodb query TableName=tbl KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} Select=COUNT ExclusiveStartKey={{"pk":{{"S":"a"}},"sk":{{"S":"2"}}}} => Count=2 LastEvaluatedKey=absent
        dynamodb scan TableName=tbl Select=COUNT ReturnConsumedCapacity=TOTAL => Count=3 ConsumedCapacity.CapacityUnits=113.0
    "#,
        puts.join("\n")
    ));
}
