use super::check;

// The scripts begin at 2025-09-06T12:00:00Z, which is 1757160000.
#[test]
fn items_go_when_their_time_is_over() {
    check(
        r##"
        HASH tbl
        dynamodb describe-time-to-live TableName=tbl => TimeToLiveDescription.TimeToLiveStatus=DISABLED
        dynamodb put-item TableName=tbl Item={"pk":{"S":"before"},"ttl":{"N":"1757160060"}} => ok
        dynamodb update-time-to-live TableName=tbl TimeToLiveSpecification={"Enabled":true,"AttributeName":"ttl"} => TimeToLiveSpecification.Enabled=true
        dynamodb update-time-to-live TableName=tbl TimeToLiveSpecification={"Enabled":true,"AttributeName":"ttl"} => error ValidationException "TimeToLive is already enabled"
        dynamodb update-time-to-live TableName=tbl TimeToLiveSpecification={"Enabled":true,"AttributeName":"x"} => error ValidationException "TimeToLive is active on a different AttributeName: current AttributeName is ttl"
        dynamodb describe-time-to-live TableName=tbl => TimeToLiveDescription.TimeToLiveStatus=ENABLED TimeToLiveDescription.AttributeName=ttl
        dynamodb put-item TableName=tbl Item={"pk":{"S":"soon"},"ttl":{"N":"1757160030"}} => ok
        dynamodb put-item TableName=tbl Item={"pk":{"S":"later"},"ttl":{"N":"1757170000"}} => ok
        dynamodb put-item TableName=tbl Item={"pk":{"S":"text"},"ttl":{"S":"1757160030"}} => ok
        dynamodb put-item TableName=tbl Item={"pk":{"S":"ancient"},"ttl":{"N":"12"}} => ok
        dynamodb put-item TableName=tbl Item={"pk":{"S":"kept"},"ttl":{"N":"1757160030"}} => ok
        dynamodb update-item TableName=tbl Key={"pk":{"S":"kept"}} UpdateExpression="REMOVE #t" ExpressionAttributeNames={"#t":"ttl"} => ok
        wait 29s
        dynamodb scan TableName=tbl => Count=6
        wait 1s
        dynamodb get-item TableName=tbl Key={"pk":{"S":"soon"}} => Item=absent
        dynamodb scan TableName=tbl => Count=5
        crash
        wait 30s
        dynamodb get-item TableName=tbl Key={"pk":{"S":"before"}} => Item=absent
        dynamodb scan TableName=tbl => Count=4
        dynamodb update-time-to-live TableName=tbl TimeToLiveSpecification={"Enabled":false,"AttributeName":"ttl"} => ok
        wait 1d
        dynamodb scan TableName=tbl => Count=4
        dynamodb describe-table TableName=tbl => Table.ItemCount=4
    "##,
    );
}

#[test]
fn many_items_go_together() {
    let puts: Vec<String> = (0..700)
        .map(|it| {
            format!(r#"dynamodb put-item TableName=tbl Item={{"pk":{{"S":"{it}"}},"e":{{"N":"1757160010"}}}} => ok"#)
        })
        .collect();
    check(&format!(
        r#"
        HASH tbl
        {}
        dynamodb update-time-to-live TableName=tbl TimeToLiveSpecification={{"Enabled":true,"AttributeName":"e"}} => ok
        wait 1m
        dynamodb scan TableName=tbl => Count=0
    "#,
        puts.join("\n")
    ));
}
