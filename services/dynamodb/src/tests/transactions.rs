use super::check;

#[test]
fn a_transaction_is_carried_out_as_a_whole_or_not_at_all() {
    check(
        r#"
        HASH accounts
        HASH log
        dynamodb put-item TableName=accounts Item={"pk":{"S":"a"},"n":{"N":"10"}} => ok
        dynamodb put-item TableName=accounts Item={"pk":{"S":"b"},"n":{"N":"0"}} => ok
        dynamodb transact-write-items TransactItems=[{"Update":{"TableName":"accounts","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET n = n - :n","ConditionExpression":"n >= :n","ExpressionAttributeValues":{":n":{"N":"7"}}}},{"Update":{"TableName":"accounts","Key":{"pk":{"S":"b"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"7"}}}},{"Put":{"TableName":"log","Item":{"pk":{"S":"1"}},"ConditionExpression":"attribute_not_exists(pk)"}}] ReturnConsumedCapacity=TOTAL => ConsumedCapacity[0].CapacityUnits=4.0 ConsumedCapacity[0].WriteCapacityUnits=4.0 ConsumedCapacity[1].TableName=log
        dynamodb transact-get-items TransactItems=[{"Get":{"TableName":"accounts","Key":{"pk":{"S":"a"}}}},{"Get":{"TableName":"log","Key":{"pk":{"S":"none"}}}},{"Get":{"TableName":"accounts","Key":{"pk":{"S":"b"}},"ProjectionExpression":"n"}}] ReturnConsumedCapacity=TOTAL => Responses[0].Item.n.N=3 Responses[1].Item=absent Responses[2].Item.n.N=7 Responses[2].Item.pk=absent ConsumedCapacity[0].ReadCapacityUnits=4.0
        dynamodb transact-write-items TransactItems=[{"Delete":{"TableName":"log","Key":{"pk":{"S":"1"}}}},{"Update":{"TableName":"accounts","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET n = n - :n","ConditionExpression":"n >= :n","ExpressionAttributeValues":{":n":{"N":"7"}}}},{"ConditionCheck":{"TableName":"accounts","Key":{"pk":{"S":"b"}},"ConditionExpression":"attribute_exists(pk)"}},{"Update":{"TableName":"accounts","Key":{"pk":{"S":"c"}},"UpdateExpression":"SET x = y"}}] => error TransactionCanceledException "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, None, ValidationError]"
        dynamodb get-item TableName=log Key={"pk":{"S":"1"}} => Item.pk.S=1
        dynamodb transact-write-items TransactItems=[{"Put":{"TableName":"log","Item":{"pk":{"S":"2"}}}},{"Delete":{"TableName":"log","Key":{"pk":{"S":"2"}}}}] => error ValidationException "Transaction request cannot include multiple operations on one item"
        dynamodb transact-get-items TransactItems=[{"Get":{"TableName":"log","Key":{"pk":{"S":"2"}}}},{"Get":{"TableName":"log","Key":{"pk":{"S":"2"}}}}] => error ValidationException "Transaction request cannot include multiple operations on one item"
        dynamodb transact-write-items TransactItems=[{"Put":{"TableName":"none","Item":{"pk":{"S":"2"}}}}] => error ResourceNotFoundException *
        dynamodb transact-write-items TransactItems=[{}] => error ValidationException "TransactItems can only contain one of Check, Put, Update or Delete"
        dynamodb scan TableName=log => Count=1
    "#,
    );
}

#[test]
fn a_token_makes_a_request_happen_once_in_ten_minutes() {
    check(
        r#"
        HASH tbl
        dynamodb transact-write-items ClientRequestToken=t1 TransactItems=[{"Update":{"TableName":"tbl","Key":{"pk":{"S":"a"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"1"}}}}] => ok
        crash
        dynamodb transact-write-items ClientRequestToken=t1 TransactItems=[{"Update":{"TableName":"tbl","Key":{"pk":{"S":"a"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"1"}}}}] ReturnConsumedCapacity=TOTAL => ConsumedCapacity[0].ReadCapacityUnits=2.0
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"}} => Item.n.N=1
        dynamodb transact-write-items ClientRequestToken=t1 TransactItems=[{"Update":{"TableName":"tbl","Key":{"pk":{"S":"a"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"2"}}}}] => error IdempotentParameterMismatchException *
        wait 10m
        dynamodb transact-write-items ClientRequestToken=t1 TransactItems=[{"Update":{"TableName":"tbl","Key":{"pk":{"S":"a"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"2"}}}}] => ok
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"}} => Item.n.N=3
    "#,
    );
}
