//! Scripts: what a user sends and what comes back.

fn check(script: &str) {
    sim::check(|| vec![crate::service()], script);
}

#[test]
fn groups_are_listed_by_parts_of_their_names_and_by_tags() {
    check(
        r#"
        logs create-log-group logGroupName=/aws/lambda/fog tags={"team":"sea","stage":"prod"}
        logs create-log-group logGroupName=/aws/lambda/rain tags={"team":"land"}
        logs create-log-group logGroupName=my/aws/fog
        logs list-log-groups => logGroups[0].logGroupName=/aws/lambda/fog logGroups[0].logGroupArn=arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/fog logGroups[0].logGroupClass=STANDARD logGroups[2].logGroupName=my/aws/fog nextToken=absent
        logs list-log-groups logGroupNamePattern=fog => logGroups[1].logGroupName=my/aws/fog logGroups[2]=absent
        logs list-log-groups logGroupNamePattern="^/aws" => logGroups[1].logGroupName=/aws/lambda/rain logGroups[2]=absent
        logs list-log-groups logGroupNamePattern="rain|^my/" => logGroups[0].logGroupName=/aws/lambda/rain logGroups[1].logGroupName=my/aws/fog
        logs list-log-groups logGroupTags=[{"key":"team","values":["se*"]}] => logGroups[0].logGroupName=/aws/lambda/fog logGroups[1]=absent
        logs list-log-groups logGroupTags=[{"key":"team","values":["!sea"]}] => logGroups[0].logGroupName=/aws/lambda/rain logGroups[1]=absent
        logs list-log-groups logGroupTags=[{"key":"stage"}] => logGroups[0].logGroupName=/aws/lambda/fog logGroups[1]=absent
        logs list-log-groups logGroupClass=INFREQUENT_ACCESS => logGroups=[]
        logs list-log-groups limit=2 => logGroups[1].logGroupName=/aws/lambda/rain logGroups[2]=absent nextToken=$more
        logs list-log-groups limit=2 nextToken=$more => logGroups[0].logGroupName=my/aws/fog nextToken=absent
        logs list-log-groups includeLinkedAccounts=true => error InvalidParameterException *includeLinkedAccounts*
        logs list-log-groups logGroupNamePattern=a => error InvalidParameterException *logGroupNamePattern*
    "#,
    );
}

#[test]
fn a_protected_group_is_not_deleted() {
    check(
        r#"
        logs create-log-group logGroupName=g deletionProtectionEnabled=true
        logs describe-log-groups => logGroups[0].deletionProtectionEnabled=true
        logs delete-log-group logGroupName=g => error ValidationException Cannot delete log group with deletion protection enabled. Disable deletion protection first.
        logs create-log-stream logGroupName=g logStreamName=s
        logs delete-log-stream logGroupName=g logStreamName=s => error ValidationException *deletion protection*
        logs put-log-group-deletion-protection logGroupIdentifier=arn:aws:logs:us-east-1:000000000000:log-group:g deletionProtectionEnabled=false
        logs delete-log-group logGroupName=g
        logs put-log-group-deletion-protection logGroupIdentifier=g deletionProtectionEnabled=true => error ResourceNotFoundException The specified log group does not exist.
        logs put-log-group-deletion-protection logGroupIdentifier=g => error InvalidParameterException *deletionProtectionEnabled*
    "#,
    );
}

#[test]
fn the_older_tag_operations_work_on_names() {
    check(
        r#"
        logs create-log-group logGroupName=g
        logs tag-log-group logGroupName=g tags={"a":"1","b":"2"}
        logs untag-log-group logGroupName=g tags=["a","c"]
        logs list-tags-log-group logGroupName=g => tags.b=2 tags.a=absent
        logs tag-log-group logGroupName=none tags={"a":"1"} => error ResourceNotFoundException The specified log group does not exist.
        logs untag-log-group logGroupName=none tags=["a"] => error ResourceNotFoundException The specified log group does not exist.
        logs tag-log-group logGroupName=g tags={"a!":"1"} => error InvalidParameterException
        logs tag-log-group logGroupName=g => error InvalidParameterException *tags*
    "#,
    );
}

#[test]
fn a_pattern_is_tried_on_messages() {
    check(
        r#"
        logs test-metric-filter filterPattern=ERROR logEventMessages=["fine","ERROR 1","ERROR 2"] => matches[0].eventNumber=2 matches[0].eventMessage="ERROR 1" matches[0].extractedValues={} matches[1].eventNumber=3 matches[2]=absent
        logs test-metric-filter filterPattern="{ $.user.id = 1 || $.kind = a* }" logEventMessages=["{\"user\":{\"id\":1},\"kind\":\"b\"}"] => matches[0].extractedValues={"$.kind":"b","$.user.id":"1"}
        logs test-metric-filter filterPattern="[ip, , request=*html*, status=4*]" logEventMessages=["127.0.0.1 - \"GET /a.html\" 404"] => matches[0].extractedValues={"$2":"-","$ip":"127.0.0.1","$request":"GET /a.html","$status":"404"}
        logs test-metric-filter filterPattern="[..., bytes > 10]" logEventMessages=["a b 11","a b 9"] => matches[0].extractedValues={"$1":"a","$2":"b","$bytes":"11"} matches[1]=absent
        logs test-metric-filter filterPattern="{" logEventMessages=["a"] => error InvalidParameterException Invalid filter pattern
        logs test-metric-filter filterPattern=a logEventMessages=[] => error InvalidParameterException *logEventMessages*
    "#,
    );
}

/// The errors that the API reference documents for each operation, where no other script meets them.
#[test]
fn every_operation_says_what_is_wrong_with_it() {
    let tags: Vec<String> = (0..50).map(|it| format!("\"k{it}\":\"v\"")).collect();
    let tags = tags.join(",");
    check(&format!(
        r#"
        logs create-log-group logGroupName=g => ok
        logs create-log-stream logGroupName=g logStreamName=s => ok
        logs create-log-stream logGroupName=g logStreamName=a:b => error InvalidParameterException *
        logs delete-log-group logGroupName=no => error ResourceNotFoundException *
        logs delete-log-group logGroupName="a b" => error InvalidParameterException *
        logs delete-log-stream logGroupName=g logStreamName=no => error ResourceNotFoundException *
        logs delete-log-stream logGroupName=g logStreamName=a:b => error InvalidParameterException *
        logs delete-retention-policy logGroupName=no => error ResourceNotFoundException *
        logs delete-retention-policy logGroupName="a b" => error InvalidParameterException *
        logs describe-log-groups limit=99 => error InvalidParameterException *
        logs describe-log-groups nextToken=x => error InvalidParameterException *
        logs describe-log-streams logGroupName=no => error ResourceNotFoundException *
        logs describe-log-streams logGroupName=g nextToken=x => error InvalidParameterException *
        logs describe-log-streams logGroupName=g orderBy=LastEventTime logStreamNamePrefix=s => error InvalidParameterException *
        logs filter-log-events logGroupName=g filterPattern="{{" => error InvalidParameterException *
        logs get-log-events logGroupName=g logStreamName=s nextToken=x => error InvalidParameterException *
        logs get-log-events logGroupName=g logStreamName=no => error ResourceNotFoundException *
        logs list-tags-for-resource resourceArn=arn:aws:logs:us-east-1:000000000000:log-group:no => error ResourceNotFoundException *
        logs list-tags-for-resource resourceArn=nonsense => error InvalidParameterException *
        logs list-tags-log-group logGroupName=no => error ResourceNotFoundException *
        logs put-log-events logGroupName=no logStreamName=s logEvents=[{{"timestamp":1800000000000,"message":"x"}}] => error ResourceNotFoundException *
        logs put-retention-policy logGroupName=no retentionInDays=7 => error ResourceNotFoundException *
        logs start-live-tail logGroupIdentifiers=["nonsense"] => error InvalidParameterException *
        logs start-live-tail logGroupIdentifiers=["arn:aws:logs:us-east-1:000000000000:log-group:g"] logStreamNames=["s"] logStreamNamePrefixes=["t"] => error InvalidParameterException *
        logs tag-resource resourceArn=arn:aws:logs:us-east-1:000000000000:log-group:no tags={{"a":"b"}} => error ResourceNotFoundException *
        logs untag-resource resourceArn=arn:aws:logs:us-east-1:000000000000:log-group:no tagKeys=["a"] => error ResourceNotFoundException *
        logs untag-resource resourceArn=nonsense tagKeys=["a"] => error InvalidParameterException *
        logs tag-resource resourceArn=nonsense tags={{"a":"b"}} => error InvalidParameterException *
        logs tag-resource resourceArn=arn:aws:logs:us-east-1:000000000000:log-group:g tags={{{tags}}} => ok
        logs tag-resource resourceArn=arn:aws:logs:us-east-1:000000000000:log-group:g tags={{"one":"more"}} => error TooManyTagsException *
        "#
    ));
}
