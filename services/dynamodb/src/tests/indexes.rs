use super::check;

const INDEXED: &str = r#"
    dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}] AttributeDefinitions=[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"},{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"}] GlobalSecondaryIndexes=[{"IndexName":"by-g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["v"]}}] LocalSecondaryIndexes=[{"IndexName":"by-n","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}] => TableDescription.GlobalSecondaryIndexes[0].IndexStatus=CREATING
    dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"1"},"g":{"S":"x"},"n":{"N":"30"},"v":{"S":"v1"},"w":{"S":"w1"}} => ok
    dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"2"},"g":{"S":"x"},"n":{"N":"4"},"v":{"S":"v2"}} => ok
    dynamodb put-item TableName=tbl Item={"pk":{"S":"b"},"sk":{"S":"1"},"g":{"S":"x"},"n":{"N":"4"},"v":{"S":"v3"}} => ok
    dynamodb put-item TableName=tbl Item={"pk":{"S":"b"},"sk":{"S":"2"},"n":{"N":"4"}} => ok
"#;

#[test]
fn indexes_follow_their_table() {
    check(&format!(
        r#"{INDEXED}
        dynamodb query TableName=tbl IndexName=by-g KeyConditionExpression="g = :x" ExpressionAttributeValues={{":x":{{"S":"x"}}}} => Count=3 Items[2].v.S=v1 Items[2].w=absent Items[2].pk.S=a
        dynamodb query TableName=tbl IndexName=by-g KeyConditionExpression="g = :x AND n > :n" ExpressionAttributeValues={{":x":{{"S":"x"}},":n":{{"N":"4"}}}} => Count=1 Items[0].v.S=v1
        dynamodb query TableName=tbl IndexName=by-g KeyConditionExpression="g = :x AND n = :n" ExpressionAttributeValues={{":x":{{"S":"x"}},":n":{{"N":"4"}}}} Limit=1 => Count=1 LastEvaluatedKey.pk.S=$pk LastEvaluatedKey.sk.S=$sk LastEvaluatedKey.g.S=x LastEvaluatedKey.n.N=4
        dynamodb query TableName=tbl IndexName=by-g KeyConditionExpression="g = :x AND n = :n" ExpressionAttributeValues={{":x":{{"S":"x"}},":n":{{"N":"4"}}}} ExclusiveStartKey={{"pk":{{"S":"$pk"}},"sk":{{"S":"$sk"}},"g":{{"S":"x"}},"n":{{"N":"4"}}}} => Count=1
        dynamodb scan TableName=tbl IndexName=by-g => Count=3
        dynamodb scan TableName=tbl IndexName=by-n => Count=4 Items[0].v=absent
        dynamodb query TableName=tbl IndexName=by-n KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} => Items[0].sk.S=2 Items[1].sk.S=1 Items[1].v=absent
        dynamodb query TableName=tbl IndexName=by-n KeyConditionExpression="pk = :a" ExpressionAttributeValues={{":a":{{"S":"a"}}}} Select=ALL_ATTRIBUTES ConsistentRead=true => Items[1].w.S=w1
        dynamodb update-item TableName=tbl Key={{"pk":{{"S":"a"}},"sk":{{"S":"1"}}}} UpdateExpression="SET g = :y" ExpressionAttributeValues={{":y":{{"S":"y"}}}} ReturnConsumedCapacity=INDEXES => ConsumedCapacity.CapacityUnits=3.0 ConsumedCapacity.GlobalSecondaryIndexes.by-g.CapacityUnits=2.0 ConsumedCapacity.LocalSecondaryIndexes=absent
        dynamodb query TableName=tbl IndexName=by-g KeyConditionExpression="g = :x" ExpressionAttributeValues={{":x":{{"S":"x"}}}} => Count=2
        dynamodb query TableName=tbl IndexName=by-g KeyConditionExpression="g = :y" ExpressionAttributeValues={{":y":{{"S":"y"}}}} => Count=1
        dynamodb update-item TableName=tbl Key={{"pk":{{"S":"a"}},"sk":{{"S":"1"}}}} UpdateExpression="REMOVE g" => ok
        dynamodb scan TableName=tbl IndexName=by-g => Count=2
        dynamodb delete-item TableName=tbl Key={{"pk":{{"S":"a"}},"sk":{{"S":"2"}}}} ReturnItemCollectionMetrics=SIZE => ItemCollectionMetrics.ItemCollectionKey.pk.S=a ItemCollectionMetrics.SizeEstimateRangeGB[1]=1.0
        crash
        dynamodb scan TableName=tbl IndexName=by-g => Count=1
        dynamodb describe-table TableName=tbl => Table.ItemCount=3 Table.GlobalSecondaryIndexes[0].ItemCount=1 Table.LocalSecondaryIndexes[0].ItemCount=3
    "#
    ));
}

#[test]
fn what_an_index_cannot_do_is_said_as_aws_says_it() {
    check(&format!(
        r#"{INDEXED}
        dynamodb query TableName=tbl IndexName=by-g ConsistentRead=true KeyConditionExpression="g = :x" ExpressionAttributeValues={{":x":{{"S":"x"}}}} => error ValidationException "Consistent reads are not supported on global secondary indexes"
        dynamodb query TableName=tbl IndexName=by-g Select=ALL_ATTRIBUTES KeyConditionExpression="g = :x" ExpressionAttributeValues={{":x":{{"S":"x"}}}} => error ValidationException "*Select type ALL_ATTRIBUTES is not supported for global secondary index by-g because its projection type is not ALL"
        dynamodb query TableName=tbl IndexName=by-g ProjectionExpression=w KeyConditionExpression="g = :x" ExpressionAttributeValues={{":x":{{"S":"x"}}}} => error ValidationException "*Global secondary index by-g does not project [w]"
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}},"sk":{{"S":"1"}},"g":{{"N":"1"}}}} => error ValidationException "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g"
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}},"sk":{{"S":"1"}},"g":{{"S":""}}}} => error ValidationException "*cannot contain an empty string value. IndexName: by-g, IndexKey: g"
        dynamodb update-item TableName=tbl Key={{"pk":{{"S":"a"}},"sk":{{"S":"1"}}}} UpdateExpression="SET n = :y" ExpressionAttributeValues={{":y":{{"S":"y"}}}} => error ValidationException "*Type mismatch for Index Key n *"
    "#
    ));
}

#[test]
fn a_global_index_comes_and_goes_while_the_table_lives() {
    let puts: Vec<String> = (0..1_100)
        .map(|it| {
            let color = if it % 2 == 0 { "red" } else { "blue" };
            format!(r#"dynamodb put-item TableName=tbl Item={{"pk":{{"S":"{it}"}},"color":{{"S":"{color}"}}}} => ok"#)
        })
        .collect();
    check(&format!(
        r#"
        HASH tbl
        {}
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"odd"}},"color":{{"N":"1"}}}} => ok
        dynamodb update-table TableName=tbl AttributeDefinitions=[{{"AttributeName":"color","AttributeType":"S"}}] GlobalSecondaryIndexUpdates=[{{"Create":{{"IndexName":"by-color","KeySchema":[{{"AttributeName":"color","KeyType":"HASH"}}],"Projection":{{"ProjectionType":"ALL"}}}}}}] => TableDescription.TableStatus=UPDATING TableDescription.GlobalSecondaryIndexes[0].IndexStatus=CREATING TableDescription.GlobalSecondaryIndexes[0].Backfilling=true
        dynamodb describe-table TableName=tbl => Table.GlobalSecondaryIndexes[0].IndexStatus=ACTIVE Table.TableStatus=ACTIVE Table.GlobalSecondaryIndexes[0].ItemCount=1100
        dynamodb query TableName=tbl IndexName=by-color KeyConditionExpression="color = :c" ExpressionAttributeValues={{":c":{{"S":"red"}}}} Select=COUNT => Count=550
        dynamodb update-table TableName=tbl GlobalSecondaryIndexUpdates=[{{"Delete":{{"IndexName":"none"}}}}] => error ResourceNotFoundException *
        dynamodb update-table TableName=tbl GlobalSecondaryIndexUpdates=[{{"Delete":{{"IndexName":"none"}}}},{{"Delete":{{"IndexName":"by-color"}}}}] => error LimitExceededException "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
        dynamodb update-table TableName=tbl GlobalSecondaryIndexUpdates=[{{"Delete":{{"IndexName":"by-color"}}}}] => TableDescription.GlobalSecondaryIndexes=absent
        dynamodb query TableName=tbl IndexName=by-color KeyConditionExpression="color = :c" ExpressionAttributeValues={{":c":{{"S":"red"}}}} => error ValidationException "The table does not have the specified index: by-color"
        dynamodb scan TableName=tbl Select=COUNT => Count=1101
    "#,
        puts.join("\n")
    ));
}
