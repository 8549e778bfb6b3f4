//! What readers of streams see, in scripts that write with DynamoDB.

fn check(script: &str) {
    sim::check(|| vec![crate::service(), dynamodb::service()], script);
}

const TABLE: &str = r#"
    dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"pk","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"pk","AttributeType":"S"}] StreamSpecification={"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"} => TableDescription.LatestStreamArn=$arn TableDescription.LatestStreamLabel=2025-09-06T12:00:00.000
    dynamodbstreams describe-stream StreamArn=$arn => StreamDescription.StreamStatus=ENABLED StreamDescription.KeySchema[0].AttributeName=pk StreamDescription.Shards[0].ShardId=$shard StreamDescription.Shards[0].SequenceNumberRange.EndingSequenceNumber=absent
"#;

#[test]
fn changes_are_read_in_their_order() {
    check(&format!(
        r#"{TABLE}
        dynamodbstreams list-streams TableName=tbl => Streams[0].StreamArn=$arn Streams[0].TableName=tbl Streams[1]=absent
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=TRIM_HORIZON => ShardIterator=$first
        dynamodbstreams get-records ShardIterator=$first => Records[0]=absent NextShardIterator=*
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}},"n":{{"N":"1"}}}} => ok
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}},"n":{{"N":"1"}}}} => ok
        dynamodb update-item TableName=tbl Key={{"pk":{{"S":"a"}}}} UpdateExpression="SET n = :n" ExpressionAttributeValues={{":n":{{"N":"2"}}}} => ok
        dynamodb delete-item TableName=tbl Key={{"pk":{{"S":"a"}}}} => ok
        crash
        dynamodbstreams get-records ShardIterator=$first => Records[0].eventName=INSERT Records[0].dynamodb.NewImage.n.N=1 Records[0].dynamodb.OldImage=absent Records[0].dynamodb.Keys.pk.S=a Records[0].eventSource=aws:dynamodb Records[1].eventName=MODIFY Records[1].dynamodb.OldImage.n.N=1 Records[1].dynamodb.NewImage.n.N=2 Records[1].dynamodb.SequenceNumber=$second Records[2].eventName=REMOVE Records[2].dynamodb.NewImage=absent Records[3]=absent
        dynamodbstreams get-records ShardIterator=$first Limit=1 => Records[1]=absent NextShardIterator=$next
        dynamodbstreams get-records ShardIterator=$next => Records[0].eventName=MODIFY Records[2]=absent
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=AFTER_SEQUENCE_NUMBER SequenceNumber=$second => ShardIterator=$after
        dynamodbstreams get-records ShardIterator=$after => Records[0].eventName=REMOVE Records[1]=absent
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=AT_SEQUENCE_NUMBER SequenceNumber=$second => ShardIterator=$at
        dynamodbstreams get-records ShardIterator=$at => Records[0].eventName=MODIFY
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=LATEST => ShardIterator=$latest
        dynamodbstreams get-records ShardIterator=$latest => Records[0]=absent
        wait 16m
        dynamodbstreams get-records ShardIterator=$latest => error ExpiredIteratorException *
    "#
    ));
}

#[test]
fn a_failed_transaction_leaves_no_records() {
    check(&format!(
        r#"{TABLE}
        dynamodb transact-write-items TransactItems=[{{"Put":{{"TableName":"tbl","Item":{{"pk":{{"S":"a"}}}}}}}},{{"ConditionCheck":{{"TableName":"tbl","Key":{{"pk":{{"S":"b"}}}},"ConditionExpression":"attribute_exists(pk)"}}}}] => error TransactionCanceledException *
        dynamodb transact-write-items TransactItems=[{{"Put":{{"TableName":"tbl","Item":{{"pk":{{"S":"a"}}}}}}}},{{"Put":{{"TableName":"tbl","Item":{{"pk":{{"S":"b"}}}}}}}}] => ok
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=TRIM_HORIZON => ShardIterator=$first
        dynamodbstreams get-records ShardIterator=$first => Records[1].eventName=INSERT Records[2]=absent
    "#
    ));
}

#[test]
fn records_are_kept_for_a_day_and_a_disabled_stream_with_them() {
    check(&format!(
        r#"{TABLE}
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}}}} => ok
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=TRIM_HORIZON => ShardIterator=$first
        dynamodbstreams get-records ShardIterator=$first => Records[0].dynamodb.Keys.pk.S=a Records[0].dynamodb.SequenceNumber=$old
        wait 12h
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"b"}}}} => ok
        dynamodb update-table TableName=tbl StreamSpecification={{"StreamEnabled":false}} => TableDescription.StreamSpecification=absent TableDescription.LatestStreamArn=$arn
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"c"}}}} => ok
        dynamodbstreams describe-stream StreamArn=$arn => StreamDescription.StreamStatus=DISABLED StreamDescription.Shards[1].ShardId=$child StreamDescription.Shards[1].SequenceNumberRange.EndingSequenceNumber=*
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$child ShardIteratorType=TRIM_HORIZON => ShardIterator=$second
        dynamodbstreams get-records ShardIterator=$second => Records[0].dynamodb.Keys.pk.S=b Records[1]=absent NextShardIterator=absent
        wait 12h
        wait 1s
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=AT_SEQUENCE_NUMBER SequenceNumber=$old => error TrimmedDataAccessException *
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$child ShardIteratorType=TRIM_HORIZON => ShardIterator=$rest
        dynamodbstreams get-records ShardIterator=$rest => Records[0].dynamodb.Keys.pk.S=b Records[1]=absent
        wait 13h
        dynamodbstreams describe-stream StreamArn=$arn => error ResourceNotFoundException *
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$child ShardIteratorType=LATEST => error ResourceNotFoundException *
        dynamodbstreams list-streams => Streams[0]=absent
    "#
    ));
}

#[test]
fn a_shard_is_closed_after_four_hours_and_its_child_goes_on() {
    check(&format!(
        r#"{TABLE}
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}}}} => ok
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=LATEST => ShardIterator=$latest
        dynamodbstreams describe-stream StreamArn=$arn => StreamDescription.Shards[0].ParentShardId=absent StreamDescription.Shards[1]=absent
        wait 4h
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"b"}}}} => ok
        dynamodbstreams describe-stream StreamArn=$arn => StreamDescription.Shards[0].ShardId=$shard StreamDescription.Shards[0].SequenceNumberRange.EndingSequenceNumber=* StreamDescription.Shards[1].ParentShardId=$shard StreamDescription.Shards[1].ShardId=$child StreamDescription.Shards[1].SequenceNumberRange.EndingSequenceNumber=absent StreamDescription.Shards[2]=absent
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=TRIM_HORIZON => ShardIterator=$first
        dynamodbstreams get-records ShardIterator=$first => Records[0].dynamodb.Keys.pk.S=a Records[0].dynamodb.SequenceNumber=$number Records[1]=absent NextShardIterator=absent
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$child ShardIteratorType=TRIM_HORIZON => ShardIterator=$second
        dynamodbstreams get-records ShardIterator=$second => Records[0].dynamodb.Keys.pk.S=b Records[1]=absent NextShardIterator=*
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$child ShardIteratorType=AT_SEQUENCE_NUMBER SequenceNumber=$number => error ValidationException *
        dynamodbstreams describe-stream StreamArn=$arn Limit=1 => StreamDescription.LastEvaluatedShardId=$shard StreamDescription.Shards[1]=absent
        dynamodbstreams describe-stream StreamArn=$arn ExclusiveStartShardId=$shard => StreamDescription.Shards[0].ShardId=$child StreamDescription.LastEvaluatedShardId=absent
        wait 28h
        wait 4h
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=TRIM_HORIZON => error ResourceNotFoundException *
        dynamodbstreams describe-stream StreamArn=$arn => StreamDescription.StreamStatus=ENABLED
    "#
    ));
}

#[test]
fn a_view_shows_what_it_names_and_expiry_says_who_did_it() {
    check(
        r#"
        dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"pk","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"pk","AttributeType":"S"}] StreamSpecification={"StreamEnabled":true} => error ValidationException "*StreamViewType*"
        dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"pk","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"pk","AttributeType":"S"}] => TableDescription.LatestStreamArn=absent
        dynamodb update-table TableName=tbl StreamSpecification={"StreamEnabled":true,"StreamViewType":"OLD_IMAGE"} => TableDescription.LatestStreamArn=$arn TableDescription.StreamSpecification.StreamViewType=OLD_IMAGE
        dynamodb update-table TableName=tbl StreamSpecification={"StreamEnabled":true,"StreamViewType":"OLD_IMAGE"} => error ValidationException "Table already has an enabled stream: TableName: tbl"
        dynamodb update-time-to-live TableName=tbl TimeToLiveSpecification={"Enabled":true,"AttributeName":"e"} => ok
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"e":{"N":"1757160010"}} => ok
        wait 10s
        dynamodbstreams describe-stream StreamArn=$arn => StreamDescription.Shards[0].ShardId=$shard
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=TRIM_HORIZON => ShardIterator=$first
        dynamodbstreams get-records ShardIterator=$first => Records[0].dynamodb.NewImage=absent Records[0].userIdentity=absent Records[1].eventName=REMOVE Records[1].dynamodb.OldImage.e.N=1757160010 Records[1].userIdentity.PrincipalId=dynamodb.amazonaws.com Records[1].userIdentity.Type=Service
        dynamodbstreams get-records ShardIterator=nonsense => error ValidationException "Invalid ShardIterator"
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=shardId-00000000000000000000-00000000 ShardIteratorType=LATEST => error ResourceNotFoundException *
        dynamodb delete-table TableName=tbl => ok
        dynamodbstreams get-records ShardIterator=$first => Records[1].eventName=REMOVE NextShardIterator=absent
        wait 1d
        wait 1s
        dynamodbstreams get-records ShardIterator=$first => error ExpiredIteratorException *
    "#,
    );
}

#[test]
fn an_iterator_can_outlive_its_records_and_its_stream() {
    check(&format!(
        r#"{TABLE}
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}}}} => ok
        wait 23h
        wait 50m
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=TRIM_HORIZON => ShardIterator=$first
        wait 11m
        dynamodbstreams get-records ShardIterator=$first => error TrimmedDataAccessException *
        dynamodb delete-table TableName=tbl => ok
        wait 23h
        wait 55m
        dynamodbstreams get-shard-iterator StreamArn=$arn ShardId=$shard ShardIteratorType=LATEST => ShardIterator=$last
        wait 6m
        dynamodbstreams get-records ShardIterator=$last => error ResourceNotFoundException *
    "#
    ));
}
