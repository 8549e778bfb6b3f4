const TBL: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/tbl";
const CREATE: &str = r#"
    s3 create-bucket Bucket=files => ok
    dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"pk","KeyType":"HASH"}] AttributeDefinitions=[{"AttributeName":"pk","AttributeType":"S"}] => ok
"#;

fn check(script: &str) {
    sim::check(|| vec![crate::service(), s3::service()], script);
}

#[test]
fn a_table_is_exported_as_it_was_and_imported_again() {
    check(&format!(
        r#"{CREATE}
        dynamodb update-continuous-backups TableName=tbl PointInTimeRecoverySpecification={{"PointInTimeRecoveryEnabled":true}} => ok
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"a"}},"m":{{"M":{{"b":{{"B":"aGk="}}}}}}}} => ok
        dynamodb put-item TableName=tbl Item={{"pk":{{"S":"b"}},"n":{{"N":"1.5"}}}} => ok
        wait 10s
        dynamodb delete-item TableName=tbl Key={{"pk":{{"S":"b"}}}} => ok
        dynamodb export-table-to-point-in-time TableArn={TBL} S3Bucket=files S3Prefix=out ExportTime=1757160005 ClientToken=t1 => ExportDescription.ExportStatus=IN_PROGRESS ExportDescription.ExportArn=$arn ExportDescription.ExportTime=1757160005*
        dynamodb describe-export ExportArn=$arn => ExportDescription.ExportStatus=COMPLETED ExportDescription.ItemCount=2 ExportDescription.ExportManifest=out/AWSDynamoDB/*/manifest-summary.json ExportDescription.EndTime=*
        dynamodb export-table-to-point-in-time TableArn={TBL} S3Bucket=files S3Prefix=out ExportTime=1757160005 ClientToken=t1 => ExportDescription.ExportArn=$arn ExportDescription.ExportStatus=COMPLETED
        dynamodb export-table-to-point-in-time TableArn={TBL} S3Bucket=other ClientToken=t1 => error ExportConflictException *
        dynamodb list-exports TableArn={TBL} => ExportSummaries[0].ExportArn=$arn ExportSummaries[0].ExportType=FULL_EXPORT ExportSummaries[1]=absent
        s3 list-objects-v2 Bucket=files => KeyCount=6 Contents[0].Key=out/AWSDynamoDB/*/_started Contents[1].Key=$data
        dynamodb import-table S3BucketSource={{"S3Bucket":"files","S3KeyPrefix":"$data"}} InputFormat=DYNAMODB_JSON InputCompressionType=GZIP TableCreationParameters={{"TableName":"copy","BillingMode":"PAY_PER_REQUEST","KeySchema":[{{"AttributeName":"pk","KeyType":"HASH"}}],"AttributeDefinitions":[{{"AttributeName":"pk","AttributeType":"S"}}]}} => ImportTableDescription.ImportStatus=IN_PROGRESS ImportTableDescription.ImportArn=$import
        dynamodb describe-import ImportArn=$import => ImportTableDescription.ImportStatus=COMPLETED ImportTableDescription.ImportedItemCount=2 ImportTableDescription.ErrorCount=0
        dynamodb describe-table TableName=copy => Table.TableStatus=ACTIVE Table.ItemCount=2
        dynamodb get-item TableName=copy Key={{"pk":{{"S":"a"}}}} => Item.m.M.b.B=aGk=
        dynamodb get-item TableName=copy Key={{"pk":{{"S":"b"}}}} => Item.n.N=1.5
    "#
    ));
}

#[test]
fn what_cannot_be_exported_is_refused_or_fails() {
    check(&format!(
        r#"{CREATE}
        dynamodb export-table-to-point-in-time TableArn={TBL} S3Bucket=files => error PointInTimeRecoveryUnavailableException "Point in time recovery is not enabled for table 'tbl'"
        dynamodb update-continuous-backups TableName=tbl PointInTimeRecoverySpecification={{"PointInTimeRecoveryEnabled":true}} => ok
        dynamodb export-table-to-point-in-time TableArn={TBL}2 S3Bucket=files => error TableNotFoundException *
        dynamodb export-table-to-point-in-time TableArn={TBL} S3Bucket=files ExportTime=1757100000 => error InvalidExportTimeException *
        dynamodb export-table-to-point-in-time TableArn={TBL} S3Bucket=files ExportFormat=ION => error ValidationException "*ExportFormat ION*"
        dynamodb export-table-to-point-in-time TableArn={TBL} S3Bucket=files ExportType=INCREMENTAL_EXPORT => error ValidationException "*INCREMENTAL_EXPORT*"
        dynamodb export-table-to-point-in-time TableArn={TBL} S3Bucket=files S3SseAlgorithm=KMS => error ValidationException "*KMS*"
        dynamodb export-table-to-point-in-time TableArn={TBL} S3Bucket=none => ExportDescription.ExportArn=$arn
        dynamodb describe-export ExportArn=$arn => ExportDescription.ExportStatus=FAILED ExportDescription.FailureCode=NoSuchBucket
        dynamodb describe-export ExportArn={TBL}/export/01757160000000-00000000 => error ExportNotFoundException *
        dynamodb list-exports MaxResults=1 => ExportSummaries[0].ExportStatus=FAILED NextToken=absent
        dynamodb delete-table TableName=tbl => ok
    "#
    ));
}

const PARAMETERS: &str = r#""BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"}],"GlobalSecondaryIndexes":[{"IndexName":"by-n","KeySchema":[{"AttributeName":"n","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]"#;

#[test]
fn comma_separated_values_become_items() {
    // id,n,text · a,1,"hello, you" · b,two,x · c,3,"say ""hi""" · d
    const CSV: &str = "aWQsbix0ZXh0CmEsMSwiaGVsbG8sIHlvdSIKYix0d28seApjLDMsInNheSAiImhpIiIiCmQK";
    check(&format!(
        r#"
        s3 create-bucket Bucket=files => ok
        s3 put-object Bucket=files Key=csv/a.csv Body={CSV} => ok
        dynamodb import-table ClientToken=t1 S3BucketSource={{"S3Bucket":"files","S3KeyPrefix":"csv/"}} InputFormat=CSV TableCreationParameters={{"TableName":"one",{PARAMETERS}}} => ImportTableDescription.ImportArn=$one
        dynamodb describe-import ImportArn=$one => ImportTableDescription.ImportStatus=COMPLETED ImportTableDescription.ProcessedItemCount=4 ImportTableDescription.ImportedItemCount=2 ImportTableDescription.ErrorCount=2 ImportTableDescription.ProcessedSizeBytes=54
        dynamodb get-item TableName=one Key={{"id":{{"S":"a"}}}} => Item.n.N=1 Item.text.S="hello, you"
        dynamodb query TableName=one IndexName=by-n KeyConditionExpression="n = :n" ExpressionAttributeValues={{":n":{{"N":"3"}}}} => Count=1
        dynamodb import-table ClientToken=t1 S3BucketSource={{"S3Bucket":"files","S3KeyPrefix":"csv/"}} InputFormat=CSV TableCreationParameters={{"TableName":"one",{PARAMETERS}}} => ImportTableDescription.ImportArn=$one
        dynamodb import-table ClientToken=t1 S3BucketSource={{"S3Bucket":"files"}} InputFormat=CSV TableCreationParameters={{"TableName":"one",{PARAMETERS}}} => error ImportConflictException *
        dynamodb import-table S3BucketSource={{"S3Bucket":"files","S3KeyPrefix":"csv/"}} InputFormat=CSV TableCreationParameters={{"TableName":"one",{PARAMETERS}}} => error ResourceInUseException *
        dynamodb import-table S3BucketSource={{"S3Bucket":"files","S3KeyPrefix":"csv/"}} InputFormat=CSV InputFormatOptions={{"Csv":{{"HeaderList":["id","n","text"]}}}} TableCreationParameters={{"TableName":"two",{PARAMETERS}}} => ImportTableDescription.ImportArn=$two
        dynamodb describe-import ImportArn=$two => ImportTableDescription.ProcessedItemCount=5 ImportTableDescription.ImportedItemCount=2
        dynamodb list-imports PageSize=1 => ImportSummaryList[0].ImportArn=$one NextToken=$token
        dynamodb list-imports NextToken=$token => ImportSummaryList[0].ImportArn=$two ImportSummaryList[1]=absent NextToken=absent
        dynamodb list-imports TableArn={TBL} => ImportSummaryList[0]=absent
    "#
    ));
}

#[test]
fn lines_of_json_become_items_and_a_failed_import_leaves_no_table() {
    const LINES: &str = "eyJJdGVtIjp7InBrIjp7IlMiOiJ4In0sInYiOnsiTCI6W3siTiI6IjEifV19fX0KeyJJdGVtIjp7InYiOnsiUyI6Im5vIGtleSJ9fX0Kbm90IGpzb24KeyJJdGVtIjp7InBrIjp7IlMiOiJ4In0sInYiOnsiUyI6Imxhc3QifX19CnsiSXRlbSI6eyJwayI6eyJTIjoieSJ9fX0K";
    const PLAIN: &str = r#""BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]"#;
    check(&format!(
        r#"
        s3 create-bucket Bucket=files => ok
        s3 put-object Bucket=files Key=a.json Body={LINES} => ok
        dynamodb import-table S3BucketSource={{"S3Bucket":"files"}} InputFormat=DYNAMODB_JSON TableCreationParameters={{"TableName":"one",{PLAIN}}} => ImportTableDescription.ImportArn=$one
        dynamodb describe-import ImportArn=$one => ImportTableDescription.ImportStatus=COMPLETED ImportTableDescription.ImportedItemCount=3 ImportTableDescription.ErrorCount=2
        dynamodb get-item TableName=one Key={{"pk":{{"S":"x"}}}} => Item.v.S=last
        dynamodb scan TableName=one => Count=2
        dynamodb import-table S3BucketSource={{"S3Bucket":"files"}} InputFormat=DYNAMODB_JSON InputCompressionType=GZIP TableCreationParameters={{"TableName":"two",{PLAIN}}} => ImportTableDescription.ImportArn=$two
        dynamodb describe-import ImportArn=$two => ImportTableDescription.ImportStatus=FAILED ImportTableDescription.FailureMessage="The object is no GZIP*"
        dynamodb describe-table TableName=two => error ResourceNotFoundException *
        dynamodb import-table S3BucketSource={{"S3Bucket":"none"}} InputFormat=DYNAMODB_JSON TableCreationParameters={{"TableName":"two",{PLAIN}}} => ImportTableDescription.ImportArn=$three
        dynamodb describe-import ImportArn=$three => ImportTableDescription.ImportStatus=FAILED ImportTableDescription.FailureCode=NoSuchBucket
        dynamodb import-table S3BucketSource={{"S3Bucket":"files"}} InputFormat=ION TableCreationParameters={{"TableName":"two",{PLAIN}}} => error ValidationException "*InputFormat ION*"
        dynamodb import-table S3BucketSource={{"S3Bucket":"files"}} InputFormat=CSV InputCompressionType=ZSTD TableCreationParameters={{"TableName":"two",{PLAIN}}} => error ValidationException "*ZSTD*"
        dynamodb import-table S3BucketSource={{"S3Bucket":"files"}} InputFormat=DYNAMODB_JSON InputFormatOptions={{"Csv":{{"Delimiter":";"}}}} TableCreationParameters={{"TableName":"two",{PLAIN}}} => error ValidationException *
        dynamodb describe-import ImportArn={TBL}/import/01757160000000-00000000 => error ImportNotFoundException *
    "#
    ));
}
