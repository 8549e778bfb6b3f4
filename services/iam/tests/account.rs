//! The account as a whole, and simulations.

mod documents;

use documents::check;

#[test]
fn an_alias_belongs_to_one_account() {
    check(
        r"
        iam list-account-aliases => AccountAliases[0]=absent
        iam create-account-alias AccountAlias=acme => ok
        as 111122223333
        iam create-account-alias AccountAlias=acme => error EntityAlreadyExists The account alias acme already exists.
        iam delete-account-alias AccountAlias=acme => error NoSuchEntity *
        as 000000000000
        iam create-account-alias AccountAlias=acme2 => ok
        iam list-account-aliases => AccountAliases[0]=acme2 AccountAliases[1]=absent
        iam delete-account-alias AccountAlias=acme2 => ok
        iam list-account-aliases => AccountAliases[0]=absent
        ",
    );
}

#[test]
fn an_account_is_summed_up() {
    check(
        r"
        iam create-user UserName=ana => ok
        iam create-policy PolicyName=p PolicyDocument=ALLOW => Policy.Arn=$arn
        iam create-policy-version PolicyArn=$arn PolicyDocument=DENY => ok
        iam get-account-summary => SummaryMap.Users=1 SummaryMap.Groups=0 SummaryMap.Policies=1 SummaryMap.PolicyVersionsInUse=2 SummaryMap.UsersQuota=5000
        ",
    );
}

#[test]
fn everything_is_told_in_detail() {
    check(
        r#"
        iam create-user UserName=ana => ok
        iam create-group GroupName=g => ok
        iam add-user-to-group GroupName=g UserName=ana => ok
        iam put-group-policy GroupName=g PolicyName=i PolicyDocument=ALLOW => ok
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => ok
        iam create-policy PolicyName=p PolicyDocument=ALLOW => Policy.Arn=$arn
        iam attach-role-policy RoleName=r PolicyArn=$arn => ok
        iam attach-role-policy RoleName=r PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess => ok
        iam get-account-authorization-details => UserDetailList[0].GroupList[0]=g GroupDetailList[0].GroupPolicyList[0].PolicyName=i RoleDetailList[0].AttachedManagedPolicies[0].PolicyArn=$arn Policies[0].PolicyVersionList[0].VersionId=v1 Policies[1].PolicyName=ReadOnlyAccess Policies[2]=absent
        iam get-account-authorization-details Filter=["Role"] => UserDetailList[0]=absent RoleDetailList[0].RoleName=r Policies[0]=absent
        iam get-account-authorization-details MaxItems=1 => UserDetailList[0].UserName=ana IsTruncated=true Marker=$next
        iam get-account-authorization-details MaxItems=1 Marker=$next => UserDetailList[0]=absent GroupDetailList[0].GroupName=g
        "#,
    );
}

#[test]
fn policies_are_simulated() {
    check(
        r#"
        iam create-user UserName=ana => User.Arn=$ana
        iam create-group GroupName=g => ok
        iam add-user-to-group GroupName=g UserName=ana => ok
        iam put-user-policy UserName=ana PolicyName=allow PolicyDocument=ALLOW => ok
        iam put-group-policy GroupName=g PolicyName=deny PolicyDocument=DENY => ok
        iam simulate-principal-policy PolicySourceArn=$ana ActionNames=["sqs:SendMessage","sqs:PurgeQueue","s3:GetObject"] => EvaluationResults[0].EvalDecision=allowed EvaluationResults[0].MatchedStatements[0].SourcePolicyId=allow EvaluationResults[1].EvalDecision=explicitDeny EvaluationResults[2].EvalDecision=implicitDeny
        iam simulate-principal-policy PolicySourceArn=$ana ActionNames=["sqs:PurgeQueue"] PermissionsBoundaryPolicyInputList=[DENY] PolicyExclusionList=[{"InlinePolicyIdentifier":{"PolicyName":"deny","AttachmentType":"group","AttachmentName":"g"}}] => EvaluationResults[0].EvalDecision=explicitDeny EvaluationResults[0].PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary=false
        iam simulate-principal-policy PolicySourceArn=arn:aws:iam::000000000000:user/none ActionNames=["sqs:SendMessage"] => error NoSuchEntity The user with name none cannot be found.
        iam simulate-custom-policy PolicyInputList=[CONDITION] ActionNames=["sqs:SendMessage"] ResourceArns=["arn:aws:sqs:eu-west-1:000000000000:ana"] => EvaluationResults[0].EvalDecision=implicitDeny EvaluationResults[0].MissingContextValues[0]=aws:username EvaluationResults[0].MissingContextValues[1]=aws:RequestedRegion
        iam simulate-custom-policy PolicyInputList=[CONDITION] ActionNames=["sqs:SendMessage"] ResourceArns=["arn:aws:sqs:eu-west-1:000000000000:ana"] ContextEntries=[{"ContextKeyName":"aws:username","ContextKeyValues":["ana"],"ContextKeyType":"string"},{"ContextKeyName":"aws:RequestedRegion","ContextKeyValues":["eu-west-1"],"ContextKeyType":"string"}] => EvaluationResults[0].EvalDecision=allowed EvaluationResults[0].MissingContextValues[0]=absent
        iam simulate-custom-policy PolicyInputList=["x"] ActionNames=["sqs:SendMessage"] => error InvalidInput Syntax errors in policy.
        iam simulate-custom-policy PolicyInputList=[ALLOW] ActionNames=["ec2:RunInstances"] ResourceHandlingOption=EC2-VPC-InstanceStore => error InvalidInput *ResourceHandlingOption*
        iam get-context-keys-for-custom-policy PolicyInputList=[CONDITION,ALLOW] => ContextKeyNames[0]=aws:username ContextKeyNames[1]=aws:RequestedRegion ContextKeyNames[2]=absent
        iam get-context-keys-for-principal-policy PolicySourceArn=$ana PolicyInputList=[CONDITION] => ContextKeyNames[0]=aws:username
        "#,
    );
}

/// The example of `simulate-custom-policy` in the AWS CLI's reference.
#[test]
fn a_simulation_tells_where_the_statement_stands_that_decided() {
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#;
    check(&format!(
        r#"iam simulate-custom-policy PolicyInputList=[{document:?}] ActionNames=["dynamodb:CreateBackup"] ContextEntries=[{{"ContextKeyName":"aws:CurrentTime","ContextKeyValues":["2019-04-25T11:00:00Z"],"ContextKeyType":"date"}}] => EvaluationResults[0].EvalDecision=allowed EvaluationResults[0].MatchedStatements[0].SourcePolicyId=PolicyInputList.1 EvaluationResults[0].MatchedStatements[0].StartPosition.Line=1 EvaluationResults[0].MatchedStatements[0].StartPosition.Column=38 EvaluationResults[0].MatchedStatements[0].EndPosition.Column=167"#
    ));
}
