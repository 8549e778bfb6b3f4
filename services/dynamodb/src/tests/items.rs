use super::check;

#[test]
fn an_item_is_put_got_updated_and_deleted() {
    check(
        r#"
        TABLE tbl
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"1"},"n":{"N":"1.50"},"b":{"B":"aGk="},"l":{"L":[{"NULL":true},{"BOOL":false}]},"m":{"M":{"e":{"S":""}}},"ss":{"SS":["y","x"]}} => Attributes=absent
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} => Item.n.N=1.5 Item.b.B=aGk= Item.l.L[1].BOOL=false Item.m.M.e.S="" Item.ss.SS[0]=x
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"2"}} => Item=absent
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} ProjectionExpression="n, m.e, l[1]" => Item.n.N=1.5 Item.l.L[0].BOOL=false Item.b=absent Item.pk=absent
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} AttributesToGet=["n"] => Item.n.N=1.5 Item.m=absent
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"1"},"n":{"N":"2"}} ReturnValues=ALL_OLD => Attributes.n.N=1.5
        crash
        dynamodb update-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} UpdateExpression="SET n = n + :one, fresh = :one" ExpressionAttributeValues={":one":{"N":"1"}} ReturnValues=UPDATED_NEW => Attributes.n.N=3 Attributes.fresh.N=1 Attributes.pk=absent
        dynamodb update-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} UpdateExpression="SET n = :one REMOVE fresh" ExpressionAttributeValues={":one":{"N":"1"}} ReturnValues=UPDATED_OLD => Attributes.n.N=3 Attributes.fresh.N=1
        dynamodb update-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} UpdateExpression="SET x = :one" ExpressionAttributeValues={":one":{"N":"1"}} ReturnValues=ALL_OLD => Attributes.n.N=1 Attributes.x=absent
        dynamodb update-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} UpdateExpression="ADD x :one" ExpressionAttributeValues={":one":{"N":"1"}} ReturnValues=ALL_NEW => Attributes.x.N=2 Attributes.pk.S=a
        dynamodb update-item TableName=tbl Key={"pk":{"S":"new"},"sk":{"S":"1"}} => ok
        dynamodb get-item TableName=tbl Key={"pk":{"S":"new"},"sk":{"S":"1"}} => Item.pk.S=new
        dynamodb delete-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} ReturnValues=ALL_OLD => Attributes.x.N=2
        dynamodb delete-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} ReturnValues=ALL_OLD => Attributes=absent
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} => Item=absent
    "#,
    );
}

#[test]
fn conditions_keep_writes_from_happening() {
    check(
        r#"
        HASH tbl
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"v":{"N":"1"}} ConditionExpression="attribute_not_exists(pk)" => ok
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"v":{"N":"2"}} ConditionExpression="attribute_not_exists(pk)" => error ConditionalCheckFailedException "The conditional request failed"
        dynamodb update-item TableName=tbl Key={"pk":{"S":"a"}} UpdateExpression="SET v = :v" ConditionExpression="v = :w" ExpressionAttributeValues={":v":{"N":"3"},":w":{"N":"9"}} => error ConditionalCheckFailedException *
        dynamodb delete-item TableName=tbl Key={"pk":{"S":"b"}} ConditionExpression="attribute_exists(pk)" => error ConditionalCheckFailedException *
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"}} => Item.v.N=1
        dynamodb delete-item TableName=tbl Key={"pk":{"S":"a"}} ConditionExpression="v BETWEEN :v AND :w" ExpressionAttributeValues={":v":{"N":"1"},":w":{"N":"9"}} => ok
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"}} => Item=absent
    "#,
    );
}

#[test]
fn what_is_wrong_with_an_item_is_said_as_aws_says_it() {
    check(
        r#"
        TABLE tbl
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"}} => error ValidationException "One or more parameter values were invalid: Missing the key sk in the item"
        dynamodb put-item TableName=tbl Item={"pk":{"N":"1"},"sk":{"S":"a"}} => error ValidationException "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N"
        dynamodb put-item TableName=tbl Item={"pk":{"S":""},"sk":{"S":"a"}} => error ValidationException "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"}} => error ValidationException "The provided key element does not match the schema"
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"a"},"x":{"S":"a"}} => error ValidationException "The provided key element does not match the schema"
        dynamodb delete-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"N":"1"}} => error ValidationException "The provided key element does not match the schema"
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"a"},"n":{"N":"x"}} => error ValidationException "The parameter cannot be converted to a numeric value: x"
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"a"},"s":{"SS":[]}} => error ValidationException "One or more parameter values were invalid: An string set  may not be empty"
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"a"},"s":{}} => error ValidationException "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"a"}} ReturnValues=ALL_NEW => error ValidationException "ReturnValues can only be ALL_OLD or NONE"
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"a"}} ExpressionAttributeValues={":v":{"S":"a"}} => error ValidationException "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null"
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"a"}} ConditionExpression="pk = :v" ExpressionAttributeValues={":v":{"S":"a"},":w":{"S":"a"}} => error ValidationException "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}"
        dynamodb update-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"a"}} UpdateExpression="SET pk = :v" ExpressionAttributeValues={":v":{"S":"a"}} => error ValidationException "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"
        dynamodb update-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"a"}} UpdateExpression="SET a.b = :v" ExpressionAttributeValues={":v":{"S":"a"}} => error ValidationException "The document path provided in the update expression is invalid for update"
        dynamodb update-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"a"}} UpdateExpression="SET a = :v" ConditionExpression="a ==" ExpressionAttributeValues={":v":{"S":"a"}} => error ValidationException "Invalid ConditionExpression: Syntax error; token*"
        dynamodb put-item TableName=none Item={"pk":{"S":"a"},"sk":{"S":"a"}} => error ResourceNotFoundException "Requested resource not found"
        dynamodb put-item TableName=none Item={"pk":{"S":"a"}} ConditionExpression="a" => error ValidationException "Invalid ConditionExpression: Syntax error*"
        dynamodb scan TableName=tbl => Count=0
    "#,
    );
}

#[test]
fn items_and_keys_have_limits() {
    let put = |attribute: usize, key: usize, expected: &str| {
        format!(
            r#"dynamodb put-item TableName=tbl Item={{"pk":{{"S":"{}"}},"sk":{{"S":"k"}},"a":{{"S":"{}"}}}} => {expected}"#,
            "p".repeat(key),
            "x".repeat(attribute)
        )
    };
    let sort = |length: usize, expected: &str| {
        format!(
            r#"dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}},"sk":{{"S":"{}"}}}} => {expected}"#,
            "s".repeat(length)
        )
    };
    // pk and its value, sk and its value, a: 2 + 1 + 2 + 1 + 1 bytes.
    let fits = 400 * 1_024 - 7;
    let lines = [
        "TABLE tbl".to_owned(),
        put(fits, 1, "ok"),
        put(fits + 1, 1, "error ValidationException \"Item size has exceeded the maximum allowed size\""),
        r#"dynamodb update-item TableName=tbl Key={"pk":{"S":"p"},"sk":{"S":"k"}} UpdateExpression="SET b = :b" ExpressionAttributeValues={":b":{"S":"b"}} => error ValidationException "Item size to update has exceeded the maximum allowed size""#.to_owned(),
        put(1, 2_048, "ok"),
        put(1, 2_049, "error ValidationException \"*Size of hashkey has exceeded the maximum size limit of2048 bytes\""),
        sort(1_024, "ok"),
        sort(1_025, "error ValidationException \"*Aggregated size of all range keys has exceeded the size limit of 1024 bytes\""),
        r#"dynamodb query TableName=tbl KeyConditionExpression="pk = :a AND begins_with(sk, :s)" ExpressionAttributeValues={":a":{"S":"a"},":s":{"S":"sss"}} Select=COUNT => Count=1"#.to_owned(),
    ];
    check(&lines.join("\n"));
}

#[test]
fn consumed_capacity_is_counted_as_aws_counts_it() {
    let large = "x".repeat(4_000);
    check(&format!(
        r#"
        HASH tbl
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}},"x":{{"S":"{large}"}}}} ReturnConsumedCapacity=TOTAL => ConsumedCapacity.CapacityUnits=4.0 ConsumedCapacity.TableName=tbl ConsumedCapacity.Table=absent
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}}}} ReturnConsumedCapacity=INDEXES => ConsumedCapacity.CapacityUnits=4.0 ConsumedCapacity.Table.CapacityUnits=4.0
        dynamodb get-item TableName=tbl Key={{"pk":{{"S":"a"}}}} ReturnConsumedCapacity=TOTAL => ConsumedCapacity.CapacityUnits=0.5
        dynamodb get-item TableName=tbl Key={{"pk":{{"S":"a"}}}} ConsistentRead=true ReturnConsumedCapacity=TOTAL => ConsumedCapacity.CapacityUnits=1.0
        dynamodb get-item TableName=tbl Key={{"pk":{{"S":"none"}}}} ReturnConsumedCapacity=TOTAL => ConsumedCapacity.CapacityUnits=0.5
        dynamodb delete-item TableName=tbl Key={{"pk":{{"S":"none"}}}} ReturnConsumedCapacity=TOTAL => ConsumedCapacity.CapacityUnits=1.0
        dynamodb delete-item TableName=tbl Key={{"pk":{{"S":"a"}}}} => ConsumedCapacity=absent
    "#
    ));
}
