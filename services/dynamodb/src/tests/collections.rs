use crate::change::COLLECTIONS;
use crate::key;
use items::attribute::Attribute;
use sim::World;
use store::Place;

/// Ten gigabytes are not written here: the count of what is there is.
#[test]
fn an_item_collection_has_its_limit() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut world = World::new(1, || (vec![crate::service()], sim::drivers::echoing()));
        sim::check_in(
            &mut world,
            r#"
            dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}] AttributeDefinitions=[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"},{"AttributeName":"v","AttributeType":"S"}] LocalSecondaryIndexes=[{"IndexName":"by-v","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"v","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}] => ok
            dynamodb put-item TableName=tbl Item={"pk":{"S":"full"},"sk":{"S":"1"}} => ok
        "#,
        )
        .await;
        let row = (1_u64, key::hash(&Attribute::S("full".to_owned())));
        let place = Place { account: "000000000000", region: "us-east-1" };
        world.kernel.store.write(move |tx| tx.put(&COLLECTIONS, place, &row, &(10 << 30))).await.unwrap();
        sim::check_in(
            &mut world,
            r#"
            dynamodb put-item TableName=tbl Item={"pk":{"S":"full"},"sk":{"S":"2"}} => error ItemCollectionSizeLimitExceededException *
            dynamodb update-item TableName=tbl Key={"pk":{"S":"full"},"sk":{"S":"3"}} => error ItemCollectionSizeLimitExceededException *
            dynamodb batch-write-item RequestItems={"tbl":[{"PutRequest":{"Item":{"pk":{"S":"full"},"sk":{"S":"4"}}}}]} => error ItemCollectionSizeLimitExceededException *
            dynamodb execute-statement Statement="INSERT INTO tbl VALUE {'pk': 'full', 'sk': '5'}" => error ItemCollectionSizeLimitExceededException *
            dynamodb batch-execute-statement Statements=[{"Statement":"INSERT INTO tbl VALUE {'pk': 'full', 'sk': '6'}"}] => Responses[0].Error.Code=ItemCollectionSizeLimitExceeded
            dynamodb transact-write-items TransactItems=[{"Put":{"TableName":"tbl","Item":{"pk":{"S":"full"},"sk":{"S":"7"}}}}] => error TransactionCanceledException "*[ItemCollectionSizeLimitExceeded]"
            dynamodb delete-item TableName=tbl Key={"pk":{"S":"full"},"sk":{"S":"1"}} => ok
            dynamodb put-item TableName=tbl Item={"pk":{"S":"empty"},"sk":{"S":"2"}} => ok
            dynamodb scan TableName=tbl => Count=1
        "#,
        )
        .await;
    });
}
