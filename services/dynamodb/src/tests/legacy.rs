use super::check;

#[test]
fn the_parameters_from_before_expressions_work() {
    check(
        r#"
        TABLE tbl
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"1"},"n":{"N":"1"}} Expected={"pk":{"Exists":false}} => ok
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"1"},"n":{"N":"2"}} Expected={"pk":{"Exists":false}} => error ConditionalCheckFailedException *
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"1"},"n":{"N":"2"}} Expected={"n":{"Value":{"N":"1"}}} => ok
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"2"},"n":{"N":"9"}} Expected={"n":{"ComparisonOperator":"NULL"},"x":{"ComparisonOperator":"NOT_NULL"}} ConditionalOperator=OR => ok
        dynamodb update-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} AttributeUpdates={"n":{"Action":"ADD","Value":{"N":"5"}},"v":{"Value":{"S":"put"}}} ReturnValues=ALL_NEW => Attributes.n.N=7 Attributes.v.S=put
        dynamodb update-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} AttributeUpdates={"v":{"Action":"DELETE"}} ReturnValues=ALL_NEW => Attributes.v=absent
        dynamodb update-item TableName=tbl Key={"pk":{"S":"none"},"sk":{"S":"1"}} AttributeUpdates={"v":{"Action":"DELETE"}} => ok
        dynamodb get-item TableName=tbl Key={"pk":{"S":"none"},"sk":{"S":"1"}} => Item=absent
        dynamodb query TableName=tbl KeyConditions={"pk":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"a"}]},"sk":{"ComparisonOperator":"GE","AttributeValueList":[{"S":"1"}]}} QueryFilter={"n":{"ComparisonOperator":"GT","AttributeValueList":[{"N":"7"}]}} => Count=1 ScannedCount=2 Items[0].sk.S=2
        dynamodb scan TableName=tbl ScanFilter={"n":{"ComparisonOperator":"IN","AttributeValueList":[{"N":"7"},{"N":"8"}]}} AttributesToGet=["n"] => Count=1 Items[0].n.N=7 Items[0].pk=absent
        dynamodb query TableName=tbl KeyConditions={"pk":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"a"}]}} FilterExpression="n = :n" ExpressionAttributeValues={":n":{"N":"1"}} => error ValidationException "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {KeyConditions} Expression parameters: {FilterExpression}"
        dynamodb query TableName=tbl KeyConditions={"pk":{"ComparisonOperator":"NE","AttributeValueList":[{"S":"a"}]}} => error ValidationException "Attempted conditional constraint is not an indexable operation"
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"1"}} Expected={"n":{"Exists":true}} => error ValidationException "One or more parameter values were invalid: Value must be provided when Exists is true for Attribute: n"
        dynamodb scan TableName=tbl ScanFilter={"n":{"ComparisonOperator":"BETWEEN","AttributeValueList":[{"N":"7"}]}} => error ValidationException "One or more parameter values were invalid: Invalid number of argument(s) for the BETWEEN ComparisonOperator"
    "#,
    );
}
