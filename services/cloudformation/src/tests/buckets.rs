//! `AWS::S3::Bucket`.

use super::check;

#[test]
fn a_bucket_is_created_changed_and_deleted() {
    check(
        r#"
        cloudformation create-stack StackName=app TemplateBody="Resources: {Photos: {Type: AWS::S3::Bucket, Properties: {BucketName: photos, Tags: [{Key: team, Value: a}]}}, Other: {Type: AWS::S3::Bucket}}\nOutputs: {Ref: {Value: !Ref Photos}, Arn: {Value: !GetAtt Photos.Arn}, Domain: {Value: !GetAtt Photos.DomainName}, Regional: {Value: !GetAtt Photos.RegionalDomainName}, Dual: {Value: !GetAtt Photos.DualStackDomainName}, Site: {Value: !GetAtt Photos.WebsiteURL}}" => StackId=$id
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=CREATE_COMPLETE Stacks[0].Outputs[0].OutputValue=photos Stacks[0].Outputs[1].OutputValue=arn:aws:s3:::photos Stacks[0].Outputs[2].OutputValue=photos.s3.amazonaws.com Stacks[0].Outputs[3].OutputValue=photos.s3.us-east-1.amazonaws.com Stacks[0].Outputs[4].OutputValue=photos.s3.dualstack.us-east-1.amazonaws.com Stacks[0].Outputs[5].OutputValue=http://photos.s3-website-us-east-1.amazonaws.com
        s3 get-bucket-versioning Bucket=photos => Status=absent
        s3 get-bucket-tagging Bucket=photos => TagSet[0].Key=aws:cloudformation:logical-id TagSet[3].Key=team
        s3 list-buckets => Buckets[0].Name=app-other-* Buckets[1].Name=photos
        cloudformation update-stack StackName=app TemplateBody="Resources: {Photos: {Type: AWS::S3::Bucket, Properties: {BucketName: photos, VersioningConfiguration: {Status: Enabled}}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_COMPLETE
        s3 get-bucket-versioning Bucket=photos => Status=Enabled
        s3 get-bucket-tagging Bucket=photos => TagSet[3]=absent
        s3 list-buckets => Buckets[0].Name=photos Buckets[1]=absent
        cloudformation update-stack StackName=app TemplateBody="Resources: {Photos: {Type: AWS::S3::Bucket, Properties: {BucketName: photos}}}" => ok
        s3 get-bucket-versioning Bucket=photos => Status=Suspended
        s3 put-object Bucket=photos Key=a => ok
        cloudformation delete-stack StackName=app => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=DELETE_FAILED
        s3 delete-object Bucket=photos Key=a VersionId=null => ok
        cloudformation delete-stack StackName=app => ok
        cloudformation describe-stacks StackName=$id => Stacks[0].StackStatus=DELETE_COMPLETE
        s3 list-buckets => Buckets[0]=absent
        "#,
    );
}

#[test]
fn a_bucket_that_is_there_and_what_is_not_honoured_are_refused() {
    check(
        r#"
        s3 create-bucket Bucket=photos => ok
        cloudformation create-stack StackName=app TemplateBody="Resources: {Photos: {Type: AWS::S3::Bucket, Properties: {BucketName: photos}}}" => StackId=$id
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=ROLLBACK_COMPLETE
        cloudformation describe-stack-resource StackName=app LogicalResourceId=Photos => StackResourceDetail.ResourceStatus=DELETE_COMPLETE
        s3 head-bucket Bucket=photos => ok
        cloudformation create-stack StackName=two TemplateBody="Resources: {Photos: {Type: AWS::S3::Bucket, Properties: {LoggingConfiguration: {LogFilePrefix: l}}}}" => error ValidationError *LoggingConfiguration*
        s3 put-bucket-tagging Bucket=photos Tagging={"TagSet":[{"Key":"aws:cloudformation:x","Value":"y"}]} => error InvalidTag System tags cannot be added/updated by requester
        "#,
    );
}

#[test]
fn a_bucket_drifts() {
    check(
        r#"
        cloudformation create-stack StackName=app TemplateBody="Resources: {Photos: {Type: AWS::S3::Bucket, Properties: {BucketName: photos, VersioningConfiguration: {Status: Enabled}}}}" => ok
        cloudformation detect-stack-resource-drift StackName=app LogicalResourceId=Photos => StackResourceDrift.StackResourceDriftStatus=IN_SYNC
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Suspended"} => ok
        cloudformation detect-stack-resource-drift StackName=app LogicalResourceId=Photos => StackResourceDrift.StackResourceDriftStatus=MODIFIED StackResourceDrift.PropertyDifferences[0].PropertyPath=/VersioningConfiguration/Status
        s3 delete-bucket Bucket=photos => ok
        cloudformation detect-stack-resource-drift StackName=app LogicalResourceId=Photos => StackResourceDrift.StackResourceDriftStatus=DELETED
        "#,
    );
}
