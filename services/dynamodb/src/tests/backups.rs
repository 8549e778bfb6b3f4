use super::check;
use crate::backup::{BACKUPS, Backup};
use crate::schema::{SCHEMAS, Schema};
use sim::World;
use store::Place;

const BACKUP: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/tbl/backup/01757160000000-00000000";

#[test]
fn a_backup_is_the_table_as_it_was() {
    check(&format!(
        r#"
        dynamodb create-table TableName=tbl ProvisionedThroughput={{"ReadCapacityUnits":3,"WriteCapacityUnits":4}} KeySchema=[{{"AttributeName":"pk","KeyType":"HASH"}}] AttributeDefinitions=[{{"AttributeName":"pk","AttributeType":"S"}},{{"AttributeName":"v","AttributeType":"S"}}] GlobalSecondaryIndexes=[{{"IndexName":"by-v","KeySchema":[{{"AttributeName":"v","KeyType":"HASH"}}],"Projection":{{"ProjectionType":"ALL"}},"ProvisionedThroughput":{{"ReadCapacityUnits":1,"WriteCapacityUnits":2}}}}] Tags=[{{"Key":"a","Value":"b"}}] => ok
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}},"v":{{"S":"one"}}}} => ok
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"b"}},"v":{{"S":"one"}}}} => ok
        dynamodb create-backup TableName=none BackupName=first => error TableNotFoundException "Table not found: none"
        dynamodb create-backup TableName=tbl BackupName=first => BackupDetails.BackupStatus=CREATING BackupDetails.BackupType=USER BackupDetails.BackupArn=$arn
        dynamodb describe-backup BackupArn=$arn => BackupDescription.BackupDetails.BackupStatus=AVAILABLE BackupDescription.BackupDetails.BackupName=first BackupDescription.SourceTableDetails.ItemCount=2 BackupDescription.SourceTableDetails.BillingMode=PROVISIONED BackupDescription.SourceTableDetails.ProvisionedThroughput.WriteCapacityUnits=4 BackupDescription.SourceTableFeatureDetails.GlobalSecondaryIndexes[0].IndexName=by-v
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}},"v":{{"S":"two"}}}} => ok
        dynamodb delete-item TableName=tbl Key={{"pk":{{"S":"b"}}}} => ok
        crash
        dynamodb delete-table TableName=tbl => ok
        dynamodb restore-table-from-backup TargetTableName=back BackupArn=$arn => TableDescription.TableStatus=CREATING TableDescription.RestoreSummary.RestoreInProgress=true TableDescription.RestoreSummary.SourceBackupArn=$arn
        dynamodb describe-table TableName=back => Table.TableStatus=ACTIVE Table.ItemCount=2 Table.RestoreSummary.RestoreInProgress=false Table.ProvisionedThroughput.ReadCapacityUnits=3 Table.GlobalSecondaryIndexes[0].ItemCount=2
        dynamodb get-item TableName=back Key={{"pk":{{"S":"a"}}}} => Item.v.S=one
        dynamodb query TableName=back IndexName=by-v KeyConditionExpression="v = :v" ExpressionAttributeValues={{":v":{{"S":"one"}}}} => Count=2
        dynamodb list-tags-of-resource ResourceArn=arn:aws:dynamodb:us-east-1:000000000000:table/back => Tags[0]=absent
        dynamodb restore-table-from-backup TargetTableName=back BackupArn=$arn => error TableAlreadyExistsException "Table already exists: back"
        dynamodb restore-table-from-backup TargetTableName=lean BackupArn=$arn BillingModeOverride=PAY_PER_REQUEST GlobalSecondaryIndexOverride=[] => TableDescription.BillingModeSummary.BillingMode=PAY_PER_REQUEST TableDescription.GlobalSecondaryIndexes=absent
        dynamodb scan TableName=lean => Count=2
        dynamodb restore-table-from-backup TargetTableName=new BackupArn=$arn GlobalSecondaryIndexOverride=[{{"IndexName":"other","KeySchema":[{{"AttributeName":"v","KeyType":"HASH"}}],"Projection":{{"ProjectionType":"ALL"}}}}] => error ValidationException "*Index is not one of the source table: other"
        dynamodb restore-table-from-backup TargetTableName=new BackupArn=$arn OnDemandThroughputOverride={{"MaxReadRequestUnits":1}} => error ValidationException "*OnDemandThroughputOverride*"
        dynamodb delete-backup BackupArn=$arn => BackupDescription.BackupDetails.BackupStatus=DELETED
        dynamodb delete-backup BackupArn=$arn => error BackupNotFoundException "Backup not found: *"
        dynamodb describe-backup BackupArn={BACKUP} => error BackupNotFoundException *
        dynamodb restore-table-from-backup TargetTableName=new BackupArn={BACKUP} => error BackupNotFoundException *
    "#
    ));
}

#[test]
fn backups_are_listed_by_table_time_and_type() {
    check(
        r#"
        HASH one
        HASH two
        dynamodb create-backup TableName=one BackupName=aaa => BackupDetails.BackupArn=$first
        wait 1h
        dynamodb create-backup TableName=one BackupName=bbb => ok
        dynamodb create-backup TableName=two BackupName=ccc => ok
        dynamodb list-backups => BackupSummaries[0].BackupName=aaa BackupSummaries[1].BackupName=bbb BackupSummaries[2].BackupName=ccc BackupSummaries[3]=absent
        dynamodb list-backups TableName=one Limit=1 => BackupSummaries[0].BackupName=aaa BackupSummaries[1]=absent LastEvaluatedBackupArn=$first
        dynamodb list-backups TableName=one ExclusiveStartBackupArn=$first => BackupSummaries[0].BackupName=bbb BackupSummaries[1]=absent LastEvaluatedBackupArn=absent
        dynamodb list-backups TimeRangeLowerBound=1757163600 => BackupSummaries[0].BackupName=bbb BackupSummaries[1].BackupName=ccc
        dynamodb list-backups TimeRangeUpperBound=1757163600 => BackupSummaries[0].BackupName=aaa BackupSummaries[1]=absent
        dynamodb list-backups BackupType=SYSTEM => BackupSummaries[0]=absent
    "#,
    );
}

// The scripts begin at 2025-09-06T12:00:00Z, which is 1757160000.
#[test]
fn a_table_can_be_had_as_it_was_in_any_second() {
    check(
        r#"
        TABLE tbl
        dynamodb put-item TableName=tbl Item={"pk":{"S":"old"},"sk":{"S":"1"}} => ok
        dynamodb describe-continuous-backups TableName=tbl => ContinuousBackupsDescription.ContinuousBackupsStatus=ENABLED ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus=DISABLED
        dynamodb restore-table-to-point-in-time SourceTableName=tbl TargetTableName=new UseLatestRestorableTime=true => error PointInTimeRecoveryUnavailableException "Point in time recovery is not enabled for table 'tbl'"
        wait 10s
        dynamodb update-continuous-backups TableName=tbl PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled":true} => ContinuousBackupsDescription.PointInTimeRecoveryDescription.RecoveryPeriodInDays=35 ContinuousBackupsDescription.PointInTimeRecoveryDescription.EarliestRestorableDateTime=1757160010*
        wait 10s
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"1"},"v":{"N":"1"}} => ok
        wait 10s
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"1"},"v":{"N":"2"}} => ok
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"sk":{"S":"1"},"v":{"N":"3"}} => ok
        wait 10s
        dynamodb delete-item TableName=tbl Key={"pk":{"S":"a"},"sk":{"S":"1"}} => ok
        dynamodb update-item TableName=tbl Key={"pk":{"S":"old"},"sk":{"S":"1"}} UpdateExpression="SET v = :v" ExpressionAttributeValues={":v":{"N":"9"}} => ok
        crash
        dynamodb restore-table-to-point-in-time SourceTableName=tbl TargetTableName=at15 RestoreDateTime=1757160015 => TableDescription.TableStatus=CREATING TableDescription.RestoreSummary.RestoreDateTime=1757160015*
        dynamodb scan TableName=at15 => Count=1 Items[0].pk.S=old Items[0].v=absent
        dynamodb restore-table-to-point-in-time SourceTableName=tbl TargetTableName=at20 RestoreDateTime=1757160020 => ok
        dynamodb get-item TableName=at20 Key={"pk":{"S":"a"},"sk":{"S":"1"}} => Item.v.N=1
        dynamodb restore-table-to-point-in-time SourceTableName=tbl TargetTableName=at30 RestoreDateTime=1757160030 => ok
        dynamodb get-item TableName=at30 Key={"pk":{"S":"a"},"sk":{"S":"1"}} => Item.v.N=3
        dynamodb restore-table-to-point-in-time SourceTableArn=arn:aws:dynamodb:us-east-1:000000000000:table/tbl TargetTableName=now UseLatestRestorableTime=true => ok
        dynamodb scan TableName=now => Count=1 Items[0].v.N=9
        dynamodb restore-table-to-point-in-time SourceTableName=tbl TargetTableName=new RestoreDateTime=1757160005 => error InvalidRestoreTimeException *
        dynamodb restore-table-to-point-in-time SourceTableName=tbl TargetTableName=new RestoreDateTime=1757169999 => error InvalidRestoreTimeException *
        dynamodb restore-table-to-point-in-time SourceTableName=tbl TargetTableName=now UseLatestRestorableTime=true => error TableAlreadyExistsException *
        dynamodb restore-table-to-point-in-time SourceTableName=none TargetTableName=new UseLatestRestorableTime=true => error TableNotFoundException *
        dynamodb restore-table-to-point-in-time SourceTableName=tbl TargetTableName=new => error ValidationException *
        dynamodb restore-table-to-point-in-time TargetTableName=new UseLatestRestorableTime=true => error ValidationException *
        dynamodb update-continuous-backups TableName=none PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled":true} => error TableNotFoundException *
        dynamodb describe-continuous-backups TableName=none => error TableNotFoundException *
    "#,
    );
}

#[test]
fn history_is_kept_for_its_days_and_a_deleted_table_leaves_a_backup() {
    check(
        r#"
        HASH tbl
        dynamodb update-continuous-backups TableName=tbl PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled":true,"RecoveryPeriodInDays":2} => ok
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"v":{"N":"1"}} => ok
        wait 1d
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"v":{"N":"2"}} => ok
        wait 1d
        wait 1d
        dynamodb put-item TableName=tbl Item={"pk":{"S":"a"},"v":{"N":"3"}} => ok
        dynamodb describe-continuous-backups TableName=tbl => ContinuousBackupsDescription.PointInTimeRecoveryDescription.EarliestRestorableDateTime=1757246400*
        dynamodb restore-table-to-point-in-time SourceTableName=tbl TargetTableName=old RestoreDateTime=1757246500 => ok
        dynamodb get-item TableName=old Key={"pk":{"S":"a"}} => Item.v.N=2
        dynamodb delete-table TableName=tbl => ok
        dynamodb list-backups BackupType=ALL => BackupSummaries[0].BackupName=tbl$DeletedTableBackup BackupSummaries[0].BackupType=SYSTEM BackupSummaries[0].BackupArn=$arn BackupSummaries[0].BackupExpiryDateTime=*
        dynamodb restore-table-from-backup TargetTableName=tbl BackupArn=$arn => ok
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"}} => Item.v.N=3
        wait 35d
        dynamodb list-backups BackupType=ALL => BackupSummaries[0]=absent
        dynamodb get-item TableName=tbl Key={"pk":{"S":"a"}} => Item.v.N=3
    "#,
    );
}

#[test]
fn many_items_are_restored_page_by_page() {
    let puts = |from: usize, to: usize, value: &str| {
        let put = |it: usize| {
            format!(r#"dynamodb put-item TableName=tbl Item={{"pk":{{"S":"{it}"}},"v":{{"S":"{value}"}}}} => ok"#)
        };
        (from..to).map(put).collect::<Vec<_>>().join("\n")
    };
    let deletes: Vec<String> =
        (0..250).map(|it| format!(r#"dynamodb delete-item TableName=tbl Key={{"pk":{{"S":"{it}"}}}} => ok"#)).collect();
    check(&format!(
        r#"
        HASH tbl
        dynamodb update-continuous-backups TableName=tbl PointInTimeRecoverySpecification={{"PointInTimeRecoveryEnabled":true}} => ok
        {}
        wait 1m
        {}
        {}
        {}
        dynamodb restore-table-to-point-in-time SourceTableName=tbl TargetTableName=back RestoreDateTime=1757160030 => ok
        dynamodb scan TableName=back Select=COUNT FilterExpression="v = :v" ExpressionAttributeValues={{":v":{{"S":"first"}}}} => Count=450 ScannedCount=450
        dynamodb scan TableName=tbl Select=COUNT => Count=350
    "#,
        puts(0, 450, "first"),
        deletes.join("\n"),
        puts(300, 400, "second"),
        puts(450, 600, "third")
    ));
}

/// Backups and restores are over before anybody can ask, so what they are meanwhile is written here.
#[test]
fn what_is_being_made_cannot_be_used_yet() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut world = World::new(1, || (vec![crate::service()], sim::drivers::echoing()));
        let create = |name: &str| {
            format!(
                r#"dynamodb create-table TableName={name} BillingMode=PAY_PER_REQUEST KeySchema=[{{"AttributeName":"pk","KeyType":"HASH"}}] AttributeDefinitions=[{{"AttributeName":"pk","AttributeType":"S"}}] => ok"#
            )
        };
        let made = r#"
            dynamodb update-continuous-backups TableName=tbl PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled":true} => ok
            dynamodb create-backup TableName=tbl BackupName=first => ok
        "#;
        sim::check_in(&mut world, &[create("tbl"), create("busy"), made.to_owned()].join("\n")).await;
        let place = Place { account: "000000000000", region: "us-east-1" };
        let restoring = world.kernel.store.write(move |tx| {
            let mut schema: Schema = tx.get(&SCHEMAS, place, "busy").expect("it was made");
            schema.is_restoring = true;
            tx.put(&SCHEMAS, place, "busy", &schema)
        });
        restoring.await.unwrap();
        sim::check_in(
            &mut world,
            r#"
            dynamodb describe-table TableName=busy => Table.TableStatus=CREATING
            dynamodb get-item TableName=busy Key={"pk":{"S":"a"}} => error ResourceNotFoundException "Requested resource not found"
            dynamodb update-table TableName=busy DeletionProtectionEnabled=true => error ResourceInUseException *
            dynamodb delete-table TableName=busy => error ResourceInUseException *
            dynamodb create-backup TableName=busy BackupName=first => error TableInUseException *
            dynamodb put-resource-policy ResourceArn=arn:aws:dynamodb:us-east-1:000000000000:table/busy Policy="{}" => error ResourceInUseException *
            dynamodb delete-resource-policy ResourceArn=arn:aws:dynamodb:us-east-1:000000000000:table/busy => error ResourceInUseException *
            dynamodb list-backups => BackupSummaries[0].BackupArn=$arn
            dynamodb restore-table-from-backup TargetTableName=busy BackupArn=$arn => error TableInUseException *
            dynamodb restore-table-to-point-in-time TargetTableName=busy SourceTableName=tbl UseLatestRestorableTime=true => error TableInUseException *
        "#,
        )
        .await;
        let unfinished = world.kernel.store.write(move |tx| {
            let rows: Vec<((String, String), Backup)> =
                tx.range(&BACKUPS, place, store::Span::all(), store::Direction::Forward, 1);
            let ((table, id), mut backup) = rows.into_iter().next().expect("it was made");
            backup.is_whole = false;
            tx.put(&BACKUPS, place, &(&table, &id), &backup)
        });
        unfinished.await.unwrap();
        sim::check_in(
            &mut world,
            r#"
            dynamodb list-backups => BackupSummaries[0].BackupArn=$arn BackupSummaries[0].BackupStatus=CREATING
            dynamodb delete-backup BackupArn=$arn => error BackupInUseException *
            dynamodb restore-table-from-backup TargetTableName=new BackupArn=$arn => error BackupInUseException *
        "#,
        )
        .await;
    });
}
