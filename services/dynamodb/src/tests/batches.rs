use super::check;

#[test]
fn batches_write_and_read_several_tables() {
    check(
        r#"
        HASH one
        TABLE two
        dynamodb batch-write-item RequestItems={"one":[{"PutRequest":{"Item":{"pk":{"S":"a"},"v":{"N":"1"}}}},{"PutRequest":{"Item":{"pk":{"S":"b"}}}}],"two":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"S":"1"}}}}]} ReturnConsumedCapacity=TOTAL => UnprocessedItems.one=absent ConsumedCapacity[0].CapacityUnits=2.0 ConsumedCapacity[1].TableName=two
        dynamodb batch-get-item RequestItems={"one":{"Keys":[{"pk":{"S":"a"}},{"pk":{"S":"none"}}],"ProjectionExpression":"v"},"two":{"Keys":[{"pk":{"S":"a"},"sk":{"S":"1"}}]}} => Responses.one[0].v.N=1 Responses.one[0].pk=absent Responses.one[1]=absent Responses.two[0].sk.S=1
        dynamodb batch-write-item RequestItems={"one":[{"DeleteRequest":{"Key":{"pk":{"S":"a"}}}}]} => ok
        dynamodb scan TableName=one => Count=1
        dynamodb batch-write-item RequestItems={"one":[{"DeleteRequest":{"Key":{"pk":{"S":"b"}}}},{"PutRequest":{"Item":{"pk":{"S":"b"}}}}]} => error ValidationException "Provided list of item keys contains duplicates"
        dynamodb batch-get-item RequestItems={"one":{"Keys":[{"pk":{"S":"b"}},{"pk":{"S":"b"}}]}} => error ValidationException "Provided list of item keys contains duplicates"
        dynamodb batch-write-item RequestItems={"one":[{"PutRequest":{"Item":{"pk":{"S":"c"}}}}],"none":[{"PutRequest":{"Item":{"pk":{"S":"c"}}}}]} => error ResourceNotFoundException "Requested resource not found"
        dynamodb batch-write-item RequestItems={"one":[{"PutRequest":{"Item":{"pk":{"S":"d"}}}},{"PutRequest":{"Item":{"x":{"S":"c"}}}}]} => error ValidationException "*Missing the key pk in the item"
        dynamodb scan TableName=one => Count=1
    "#,
    );
}

#[test]
fn batches_are_bounded() {
    let puts: Vec<String> =
        (0..26).map(|it| format!(r#"{{"PutRequest":{{"Item":{{"pk":{{"S":"{it}"}}}}}}}}"#)).collect();
    let keys: Vec<String> = (0..101).map(|it| format!(r#"{{"pk":{{"S":"{it}"}}}}"#)).collect();
    check(&format!(
        r#"
        HASH tbl
        HASH two
        dynamodb batch-write-item RequestItems={{"tbl":[{}],"two":[{}]}} => error ValidationException "Too many items requested for the BatchWriteItem call"
        dynamodb batch-get-item RequestItems={{"tbl":{{"Keys":[{}]}},"two":{{"Keys":[{}]}}}} => error ValidationException "Too many items requested for the BatchGetItem call"
        dynamodb batch-write-item RequestItems={{}} => error ValidationException *
    "#,
        puts[..25].join(","),
        puts[25],
        keys[..100].join(","),
        keys[100]
    ));
}

#[test]
fn what_does_not_fit_into_an_answer_is_left_for_the_next() {
    let large = "x".repeat(399 * 1_024);
    let puts: Vec<String> = (0..42)
        .map(|it| {
            format!(r#"dynamodb put-item TableName=tbl Item={{"pk":{{"S":"{it}"}},"x":{{"S":"{large}"}}}} => ok"#)
        })
        .collect();
    let keys: Vec<String> = (0..42).map(|it| format!(r#"{{"pk":{{"S":"{it}"}}}}"#)).collect();
    check(&format!(
        r#"
        HASH tbl
        {}
        dynamodb batch-get-item RequestItems={{"tbl":{{"Keys":[{}]}}}} => Responses.tbl[40].pk.S=40 Responses.tbl[41]=absent UnprocessedKeys.tbl.Keys[0].pk.S=41
    "#,
        puts.join("\n"),
        keys.join(",")
    ));
}
