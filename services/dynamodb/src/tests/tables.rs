use super::check;

#[test]
fn a_table_is_created_described_listed_and_deleted() {
    check(
        r#"
        dynamodb create-table TableName=orders BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"id","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"id","AttributeType":"S"}] Tags=[{"Key":"team","Value":"a"}] => TableDescription.TableStatus=CREATING TableDescription.TableArn=arn:aws:dynamodb:us-east-1:000000000000:table/orders
        dynamodb describe-table TableName=orders => Table.TableStatus=ACTIVE Table.ItemCount=0 Table.KeySchema[0].AttributeName=id Table.BillingModeSummary.BillingMode=PAY_PER_REQUEST Table.ProvisionedThroughput.ReadCapacityUnits=0 Table.DeletionProtectionEnabled=false
        dynamodb describe-table TableName=arn:aws:dynamodb:us-east-1:000000000000:table/orders => Table.TableName=orders
        dynamodb create-table TableName=orders BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"id","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"id","AttributeType":"S"}] => error ResourceInUseException "Table already exists: orders"
        TABLE second
        dynamodb list-tables => TableNames[0]=orders TableNames[1]=second LastEvaluatedTableName=absent
        dynamodb list-tables Limit=1 => TableNames[0]=orders TableNames[1]=absent LastEvaluatedTableName=orders
        dynamodb list-tables ExclusiveStartTableName=orders => TableNames[0]=second
        dynamodb put-item TableName=orders Item={"id":{"S":"1"}} => ok
        dynamodb describe-table TableName=orders => Table.ItemCount=1 Table.TableSizeBytes=3
        crash
        dynamodb delete-table TableName=orders => TableDescription.TableStatus=DELETING
        dynamodb describe-table TableName=orders => error ResourceNotFoundException "Requested resource not found: Table: orders not found"
        dynamodb get-item TableName=orders Key={"id":{"S":"1"}} => error ResourceNotFoundException "Requested resource not found"
        HASH orders
        dynamodb scan TableName=orders => Count=0
        as 111122223333
        dynamodb list-tables => TableNames[0]=absent
        dynamodb get-item TableName=second Key={"id":{"S":"1"}} => error ResourceNotFoundException "Requested resource not found"
    "#,
    );
}

#[test]
fn what_is_wrong_with_a_table_is_said_as_aws_says_it() {
    check(
        r#"
        dynamodb create-table TableName=ab BillingMode=PAY_PER_REQUEST => error ValidationException "TableName must be at least 3 characters long and at most 255 characters long"
        dynamodb create-table TableName=tbl KeySchema=[{"AttributeName":"a","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"a","AttributeType":"S"}] => error ValidationException "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"a","KeyType":"RANGE"}] AttributeDefinitions=[{"AttributeName":"a","AttributeType":"S"}] => error ValidationException "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
        dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"a","KeyType":"RANGE"}] AttributeDefinitions=[{"AttributeName":"a","AttributeType":"S"}] => error ValidationException "Both the Hash Key and the Range Key element in the KeySchema have the same name"
        dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"a","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"b","AttributeType":"S"}] => error ValidationException "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [a], AttributeDefinitions: [b]"
        dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"a","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"b","AttributeType":"S"}] => error ValidationException "One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [a, b], keys used: [a]"
        dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"a","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"a","AttributeType":"S"}] LocalSecondaryIndexes=[{"IndexName":"idx","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}] => error ValidationException "*Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"a","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"a","AttributeType":"S"}] GlobalSecondaryIndexes=[{"IndexName":"idx","KeySchema":[{"AttributeName":"a","KeyType":"HASH"}],"Projection":{"ProjectionType":"INCLUDE"}}] => error ValidationException "*ProjectionType is INCLUDE, but NonKeyAttributes is not specified"
        dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"a","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"a","AttributeType":"S"}] WarmThroughput={"ReadUnitsPerSecond":1} => error ValidationException "*WarmThroughput*"
    "#,
    );
}

#[test]
fn tables_change_their_billing_class_and_protection() {
    check(
        r#"
        dynamodb create-table TableName=tbl ProvisionedThroughput={"ReadCapacityUnits":5,"WriteCapacityUnits":6} KeySchema=[{"AttributeName":"a","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"a","AttributeType":"S"}] DeletionProtectionEnabled=true => TableDescription.ProvisionedThroughput.WriteCapacityUnits=6
        dynamodb update-table TableName=tbl => error ValidationException "At least one of ProvisionedThroughput,*"
        dynamodb update-table TableName=tbl ProvisionedThroughput={"ReadCapacityUnits":5,"WriteCapacityUnits":6} => error ValidationException "The provisioned throughput for the table tbl will not change.*"
        dynamodb update-table TableName=tbl ProvisionedThroughput={"ReadCapacityUnits":7,"WriteCapacityUnits":6} => TableDescription.TableStatus=UPDATING
        dynamodb describe-table TableName=tbl => Table.TableStatus=ACTIVE Table.ProvisionedThroughput.ReadCapacityUnits=7 Table.ProvisionedThroughput.LastIncreaseDateTime=*
        dynamodb update-table TableName=tbl BillingMode=PAY_PER_REQUEST TableClass=STANDARD_INFREQUENT_ACCESS => ok
        dynamodb describe-table TableName=tbl => Table.BillingModeSummary.BillingMode=PAY_PER_REQUEST Table.TableClassSummary.TableClass=STANDARD_INFREQUENT_ACCESS
        dynamodb delete-table TableName=tbl => error ValidationException "Resource cannot be deleted as it is currently protected against deletion*"
        dynamodb update-table TableName=tbl DeletionProtectionEnabled=false => ok
        dynamodb delete-table TableName=tbl => ok
        dynamodb describe-limits => TableMaxReadCapacityUnits=40000
        dynamodb describe-endpoints => Endpoints[0].Address=niebla.test
    "#,
    );
}

#[test]
fn tables_have_tags() {
    check(
        r#"
        HASH tbl
        dynamodb tag-resource ResourceArn=arn:aws:dynamodb:us-east-1:000000000000:table/tbl Tags=[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}] => ok
        dynamodb list-tags-of-resource ResourceArn=arn:aws:dynamodb:us-east-1:000000000000:table/tbl => Tags[0].Key=a Tags[1].Value=2
        dynamodb untag-resource ResourceArn=arn:aws:dynamodb:us-east-1:000000000000:table/tbl TagKeys=["a"] => ok
        dynamodb list-tags-of-resource ResourceArn=arn:aws:dynamodb:us-east-1:000000000000:table/tbl => Tags[0].Key=b Tags[1]=absent
        dynamodb tag-resource ResourceArn=arn:aws:dynamodb:us-east-1:000000000000:table/tbl Tags=[{"Key":"aws:x","Value":"1"}] => error ValidationException "*reserved for system use"
        dynamodb list-tags-of-resource ResourceArn=arn:aws:dynamodb:us-east-1:000000000000:table/none => error ResourceNotFoundException *
    "#,
    );
}

#[test]
fn what_is_not_there_is_not_found() {
    check(
        r#"
        dynamodb put-item TableName=none Item={"pk":{"S":"a"}} => error ResourceNotFoundException "Requested resource not found"
        dynamodb delete-item TableName=none Key={"pk":{"S":"a"}} => error ResourceNotFoundException "Requested resource not found"
        dynamodb update-item TableName=none Key={"pk":{"S":"a"}} => error ResourceNotFoundException "Requested resource not found"
        dynamodb query TableName=none KeyConditionExpression="pk = :a" ExpressionAttributeValues={":a":{"S":"a"}} => error ResourceNotFoundException "Requested resource not found"
        dynamodb scan TableName=none => error ResourceNotFoundException "Requested resource not found"
        dynamodb batch-get-item RequestItems={"none":{"Keys":[{"pk":{"S":"a"}}]}} => error ResourceNotFoundException "Requested resource not found"
        dynamodb transact-get-items TransactItems=[{"Get":{"TableName":"none","Key":{"pk":{"S":"a"}}}}] => error ResourceNotFoundException "Requested resource not found"
        dynamodb delete-table TableName=none => error ResourceNotFoundException "Requested resource not found: Table: none not found"
        dynamodb update-table TableName=none DeletionProtectionEnabled=true => error ResourceNotFoundException "Requested resource not found: Table: none not found"
        dynamodb describe-time-to-live TableName=none => error ResourceNotFoundException "Requested resource not found: Table: none not found"
        dynamodb update-time-to-live TableName=none TimeToLiveSpecification={"Enabled":true,"AttributeName":"ttl"} => error ResourceNotFoundException "Requested resource not found: Table: none not found"
        dynamodb tag-resource ResourceArn=arn:aws:dynamodb:us-east-1:000000000000:table/none Tags=[{"Key":"a","Value":"1"}] => error ResourceNotFoundException *
        dynamodb untag-resource ResourceArn=arn:aws:dynamodb:us-east-1:000000000000:table/none TagKeys=["a"] => error ResourceNotFoundException *
    "#,
    );
}
