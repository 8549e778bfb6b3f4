use super::check;

const TBL: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/tbl";

#[test]
fn a_table_lets_others_in_by_its_policy() {
    check(&format!(
        r#"
        HASH tbl
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}}}} => ok
        dynamodb get-resource-policy ResourceArn={TBL} => error PolicyNotFoundException *
        as 111122223333
        dynamodb get-item TableName={TBL} Key={{"pk":{{"S":"a"}}}} => error AccessDeniedException *
        as 000000000000
        dynamodb put-resource-policy ResourceArn={TBL} Policy="{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\"111122223333\"}},\"Action\":[\"dynamodb:GetItem\",\"dynamodb:PartiQLSelect\"],\"Resource\":\"{TBL}\"}}]}}" => RevisionId=$first
        dynamodb get-resource-policy ResourceArn={TBL} => RevisionId=$first Policy=*111122223333*
        as 111122223333
        dynamodb get-item TableName={TBL} Key={{"pk":{{"S":"a"}}}} => Item.pk.S=a
        dynamodb put-item TableName={TBL} Item={{"pk":{{"S":"b"}}}} => error AccessDeniedException *
        dynamodb execute-statement Statement="SELECT * FROM \"{TBL}\" WHERE pk = 'a'" => Items[0].pk.S=a
        dynamodb execute-statement Statement="DELETE FROM \"{TBL}\" WHERE pk = 'a'" => error AccessDeniedException *
        as 000000000000
        dynamodb put-resource-policy ResourceArn={TBL} ExpectedRevisionId=NO_POLICY Policy="{{\"Version\":\"2012-10-17\",\"Statement\":[]}}" => error PolicyNotFoundException *
        dynamodb put-resource-policy ResourceArn={TBL} Policy="none" => error ValidationException *
        dynamodb put-resource-policy ResourceArn={TBL} Policy="{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"dynamodb:PutResourcePolicy\",\"Resource\":\"{TBL}\"}}]}}" => error ValidationException "*ConfirmRemoveSelfResourceAccess*"
        dynamodb delete-resource-policy ResourceArn={TBL} ExpectedRevisionId=other => error PolicyNotFoundException *
        dynamodb delete-resource-policy ResourceArn={TBL} => RevisionId=$first
        dynamodb delete-resource-policy ResourceArn={TBL} => RevisionId=absent
        dynamodb put-resource-policy ResourceArn={TBL}2 Policy="{{}}" => error ResourceNotFoundException *
        dynamodb get-resource-policy ResourceArn={TBL}2 => error ResourceNotFoundException *
        dynamodb delete-resource-policy ResourceArn={TBL}2 => error ResourceNotFoundException *
        dynamodb get-resource-policy ResourceArn={TBL}/stream/none => error ResourceNotFoundException *
        dynamodb get-resource-policy ResourceArn={TBL}/backup/none => error ValidationException *
    "#
    ));
}

/// What the policy lets another account do: `statement` follows principal and resource.
fn with_policy(statement: &str, script: &str) {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"111122223333"}},"Resource":"{TBL}",{statement}}}]}}"#
    );
    let policy = serde_json::Value::from(policy);
    check(&format!(
        r#"
        TABLE tbl
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"mine"}},"sk":{{"S":"1"}},"open":{{"S":"o"}},"closed":{{"S":"c"}}}} => ok
        dynamodb put-resource-policy ResourceArn={TBL} Policy={policy} => ok
        as 111122223333
        {script}
    "#
    ));
}

#[test]
fn a_policy_opens_some_items_alone() {
    with_policy(
        r#""Action":["dynamodb:*"],"Condition":{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["mine"]},"Null":{"dynamodb:LeadingKeys":"false"}}"#,
        &r##"
        dynamodb get-item TableName=TBL Key={"pk":{"S":"mine"},"sk":{"S":"1"}} => Item.open.S=o
        dynamodb get-item TableName=TBL Key={"pk":{"S":"yours"},"sk":{"S":"1"}} => error AccessDeniedException *
        dynamodb put-item TableName=TBL Item={"pk":{"S":"yours"},"sk":{"S":"1"}} => error AccessDeniedException *
        dynamodb update-item TableName=TBL Key={"pk":{"S":"yours"},"sk":{"S":"1"}} => error AccessDeniedException *
        dynamodb delete-item TableName=TBL Key={"pk":{"S":"yours"},"sk":{"S":"1"}} => error AccessDeniedException *
        dynamodb query TableName=TBL KeyConditionExpression="pk = :p" ExpressionAttributeValues={":p":{"S":"mine"}} => Count=1
        dynamodb query TableName=TBL KeyConditionExpression="#p = :p" ExpressionAttributeNames={"#p":"pk"} ExpressionAttributeValues={":p":{"S":"yours"}} => error AccessDeniedException *
        dynamodb query TableName=TBL KeyConditions={"pk":{"AttributeValueList":[{"S":"yours"}],"ComparisonOperator":"EQ"}} => error AccessDeniedException *
        dynamodb scan TableName=TBL => error AccessDeniedException *
        dynamodb batch-get-item RequestItems={"TBL":{"Keys":[{"pk":{"S":"mine"},"sk":{"S":"1"}},{"pk":{"S":"yours"},"sk":{"S":"1"}}]}} => error AccessDeniedException *
        dynamodb batch-write-item RequestItems={"TBL":[{"PutRequest":{"Item":{"pk":{"S":"mine"},"sk":{"S":"2"}}}}]} => ok
        dynamodb batch-write-item RequestItems={"TBL":[{"DeleteRequest":{"Key":{"pk":{"S":"yours"},"sk":{"S":"2"}}}}]} => error AccessDeniedException *
        dynamodb execute-statement Statement="SELECT * FROM \"TBL\" WHERE pk = 'mine'" => Items[0].pk.S=mine
        dynamodb execute-statement Statement="SELECT * FROM \"TBL\" WHERE pk IN ['mine', 'yours']" => error AccessDeniedException *
        dynamodb execute-statement Statement="SELECT * FROM \"TBL\"" => error AccessDeniedException *
        dynamodb execute-statement Statement="INSERT INTO \"TBL\" VALUE {'pk': ?, 'sk': '1'}" Parameters=[{"S":"yours"}] => error AccessDeniedException *
        dynamodb execute-statement Statement="DELETE FROM \"TBL\" WHERE pk = 'mine' AND sk = '1'" => ok
    "##
        .replace("TBL", TBL),
    );
}

#[test]
fn a_policy_opens_some_attributes_alone() {
    with_policy(
        r#""Action":["dynamodb:GetItem","dynamodb:Query","dynamodb:UpdateItem","dynamodb:PartiQLSelect"],"Condition":{"ForAllValues:StringEquals":{"dynamodb:Attributes":["pk","sk","open"]},"StringEqualsIfExists":{"dynamodb:Select":"SPECIFIC_ATTRIBUTES","dynamodb:ReturnValues":["NONE","UPDATED_OLD","UPDATED_NEW"]}}"#,
        &r##"
        dynamodb get-item TableName=TBL Key={"pk":{"S":"mine"},"sk":{"S":"1"}} ProjectionExpression="pk, #o" ExpressionAttributeNames={"#o":"open"} => Item.open.S=o
        dynamodb get-item TableName=TBL Key={"pk":{"S":"mine"},"sk":{"S":"1"}} => error AccessDeniedException *
        dynamodb get-item TableName=TBL Key={"pk":{"S":"mine"},"sk":{"S":"1"}} ProjectionExpression="closed" => error AccessDeniedException *
        dynamodb get-item TableName=TBL Key={"pk":{"S":"mine"},"sk":{"S":"1"}} AttributesToGet=["closed"] => error AccessDeniedException *
        dynamodb query TableName=TBL KeyConditionExpression="pk = :p" ExpressionAttributeValues={":p":{"S":"mine"}} ProjectionExpression="sk" => Count=1
        dynamodb query TableName=TBL KeyConditionExpression="pk = :p" FilterExpression="closed = :p" ExpressionAttributeValues={":p":{"S":"mine"}} ProjectionExpression="sk" => error AccessDeniedException *
        dynamodb query TableName=TBL KeyConditionExpression="pk = :p" ExpressionAttributeValues={":p":{"S":"mine"}} => error AccessDeniedException *
        dynamodb update-item TableName=TBL Key={"pk":{"S":"mine"},"sk":{"S":"1"}} UpdateExpression="SET #o = :v" ExpressionAttributeNames={"#o":"open"} ExpressionAttributeValues={":v":{"S":"new"}} => ok
        dynamodb update-item TableName=TBL Key={"pk":{"S":"mine"},"sk":{"S":"1"}} UpdateExpression="SET #o = closed" ExpressionAttributeNames={"#o":"open"} => error AccessDeniedException *
        dynamodb update-item TableName=TBL Key={"pk":{"S":"mine"},"sk":{"S":"1"}} UpdateExpression="REMOVE closed" => error AccessDeniedException *
        dynamodb update-item TableName=TBL Key={"pk":{"S":"mine"},"sk":{"S":"1"}} ReturnValues=ALL_OLD => error AccessDeniedException *
        dynamodb update-item TableName=TBL Key={"pk":{"S":"mine"},"sk":{"S":"1"}} AttributeUpdates={"closed":{"Action":"DELETE"}} => error AccessDeniedException *
        dynamodb execute-statement Statement="SELECT \"open\" FROM \"TBL\" WHERE pk = 'mine'" => Items[0].open.S=new
        dynamodb execute-statement Statement="SELECT * FROM \"TBL\" WHERE pk = 'mine'" => error AccessDeniedException *
        dynamodb execute-statement Statement="SELECT \"open\" FROM \"TBL\" WHERE pk = 'mine' AND closed = 'c'" => error AccessDeniedException *
    "##
        .replace("TBL", TBL),
    );
}
