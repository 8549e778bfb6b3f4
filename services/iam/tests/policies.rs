//! Managed policies and their versions, inline policies, boundaries, and what IAM refuses.

mod documents;

use documents::check;

#[test]
fn a_managed_policy_has_five_versions_at_most() {
    check(
        r"
        iam create-policy PolicyName=p PolicyDocument=ALLOW Description=d => Policy.Arn=$arn Policy.DefaultVersionId=v1 Policy.PolicyId=ANPA*
        iam create-policy PolicyName=P PolicyDocument=ALLOW => error EntityAlreadyExists A policy called P already exists. Duplicate names are not allowed.
        iam create-policy-version PolicyArn=$arn PolicyDocument=DENY => PolicyVersion.VersionId=v2 PolicyVersion.IsDefaultVersion=false
        iam create-policy-version PolicyArn=$arn PolicyDocument=DENY SetAsDefault=true => PolicyVersion.VersionId=v3 PolicyVersion.IsDefaultVersion=true
        iam create-policy-version PolicyArn=$arn PolicyDocument=DENY => ok
        iam create-policy-version PolicyArn=$arn PolicyDocument=DENY => PolicyVersion.VersionId=v5
        iam create-policy-version PolicyArn=$arn PolicyDocument=DENY => error LimitExceeded A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.
        iam list-policy-versions PolicyArn=$arn => Versions[0].VersionId=v5 Versions[2].IsDefaultVersion=true Versions[4].VersionId=v1
        iam delete-policy-version PolicyArn=$arn VersionId=v3 => error DeleteConflict Cannot delete the default version of a policy.
        iam delete-policy-version PolicyArn=$arn VersionId=v9 => error NoSuchEntity Policy * version v9 does not exist or is not attachable.
        iam delete-policy-version PolicyArn=$arn VersionId=v5 => ok
        iam create-policy-version PolicyArn=$arn PolicyDocument=DENY => PolicyVersion.VersionId=v6
        iam set-default-policy-version PolicyArn=$arn VersionId=v1 => ok
        iam get-policy PolicyArn=$arn => Policy.DefaultVersionId=v1 Policy.Description=d
        iam get-policy-version PolicyArn=$arn VersionId=v1 => PolicyVersion.Document=*Allow*
        iam delete-policy PolicyArn=$arn => error DeleteConflict This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.
        iam delete-policy-version PolicyArn=$arn VersionId=v2 => ok
        iam delete-policy-version PolicyArn=$arn VersionId=v3 => ok
        iam delete-policy-version PolicyArn=$arn VersionId=v4 => ok
        iam delete-policy-version PolicyArn=$arn VersionId=v6 => ok
        iam delete-policy PolicyArn=$arn => ok
        iam get-policy PolicyArn=$arn => error NoSuchEntity Policy * was not found.
        iam get-policy-version PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess VersionId=v9999 => error NoSuchEntity *
        iam delete-policy PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess => error NoSuchEntity *
        ",
    );
}

#[test]
fn a_policy_in_use_cannot_be_deleted() {
    check(
        r"
        iam create-policy PolicyName=p PolicyDocument=ALLOW => Policy.Arn=$arn
        iam create-user UserName=ana PermissionsBoundary=$arn => User.PermissionsBoundary.PermissionsBoundaryArn=$arn User.PermissionsBoundary.PermissionsBoundaryType=Policy
        iam get-policy PolicyArn=$arn => Policy.AttachmentCount=0 Policy.PermissionsBoundaryUsageCount=1
        iam delete-policy PolicyArn=$arn => error DeleteConflict Cannot delete a policy attached to entities.
        iam delete-user-permissions-boundary UserName=ana => ok
        iam delete-user-permissions-boundary UserName=ana => error NoSuchEntity *
        iam get-user UserName=ana => User.PermissionsBoundary=absent
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => ok
        iam put-role-permissions-boundary RoleName=r PermissionsBoundary=$arn => ok
        iam put-user-permissions-boundary UserName=ana PermissionsBoundary=$arn => ok
        iam attach-role-policy RoleName=r PolicyArn=$arn => ok
        iam create-group GroupName=g => ok
        iam attach-group-policy GroupName=g PolicyArn=$arn => ok
        iam get-policy PolicyArn=$arn => Policy.AttachmentCount=2 Policy.PermissionsBoundaryUsageCount=2
        iam list-entities-for-policy PolicyArn=$arn => PolicyUsers[0].UserName=ana PolicyRoles[0].RoleName=r PolicyGroups[0].GroupName=g PolicyRoles[1]=absent
        iam list-entities-for-policy PolicyArn=$arn PolicyUsageFilter=PermissionsPolicy => PolicyUsers[0]=absent PolicyRoles[0].RoleName=r
        iam list-entities-for-policy PolicyArn=$arn PolicyUsageFilter=PermissionsBoundary EntityFilter=User => PolicyUsers[0].UserName=ana PolicyRoles[0]=absent
        iam list-policies Scope=Local PolicyUsageFilter=PermissionsBoundary => Policies[0].PolicyName=p
        iam list-policies Scope=Local OnlyAttached=true => Policies[0].PolicyName=p
        iam delete-user UserName=ana => ok
        iam detach-role-policy RoleName=r PolicyArn=$arn => ok
        iam delete-role RoleName=r => ok
        iam detach-group-policy GroupName=g PolicyArn=$arn => ok
        iam get-policy PolicyArn=$arn => Policy.AttachmentCount=0 Policy.PermissionsBoundaryUsageCount=0
        iam delete-policy PolicyArn=$arn => ok
        iam list-entities-for-policy PolicyArn=$arn => error NoSuchEntity *
        iam create-user UserName=bob PermissionsBoundary=$arn => error NoSuchEntity Scope ARN: * does not exist or is not attachable.
        iam put-role-permissions-boundary RoleName=none PermissionsBoundary=$arn => error NoSuchEntity The role with name none cannot be found.
        iam delete-role-permissions-boundary RoleName=none => error NoSuchEntity The role with name none cannot be found.
        ",
    );
}

#[test]
fn a_policy_has_tags() {
    check(
        r#"
        iam create-policy PolicyName=p PolicyDocument=ALLOW Tags=[{"Key":"a","Value":"1"}] => Policy.Arn=$arn
        iam tag-policy PolicyArn=$arn Tags=[{"Key":"b","Value":"2"}] => ok
        iam list-policy-tags PolicyArn=$arn => Tags[0].Key=a Tags[1].Value=2
        iam untag-policy PolicyArn=$arn TagKeys=["a"] => ok
        iam get-policy PolicyArn=$arn => Policy.Tags[0].Key=b Policy.Tags[1]=absent
        iam list-policies Scope=Local => Policies[0].Tags=absent
        iam tag-policy PolicyArn=arn:aws:iam::000000000000:policy/none Tags=[] => error NoSuchEntity *
        "#,
    );
}

#[test]
fn ten_managed_policies_can_be_attached() {
    let mut script = "iam create-user UserName=ana => ok\n".to_owned();
    for number in 0..11 {
        script += &format!("iam create-policy PolicyName=p{number} PolicyDocument=ALLOW => ok\n");
        let outcome =
            if number < 10 { "ok" } else { "error LimitExceeded Cannot exceed quota for PoliciesPerUser: 10" };
        script += &format!(
            "iam attach-user-policy UserName=ana PolicyArn=arn:aws:iam::000000000000:policy/p{number} => {outcome}\n"
        );
    }
    script += "iam attach-user-policy UserName=ana PolicyArn=arn:aws:iam::000000000000:policy/p0 => ok\n";
    script += "iam list-attached-user-policies UserName=ana MaxItems=3 => AttachedPolicies[2].PolicyName=p2 IsTruncated=true\n";
    check(&script);
}

#[test]
fn inline_policies_have_a_limit_together() {
    let statement =
        |sid: usize| format!(r#"{{"Sid":"s{sid}","Effect":"Allow","Action":"sqs:ReceiveMessage","Resource":"*"}}"#);
    let statements: Vec<String> = (0..20).map(statement).collect();
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    check(&format!(
        "iam create-user UserName=ana => ok
         iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => ok
         iam put-user-policy UserName=ana PolicyName=a PolicyDocument={document:?} => ok
         iam put-user-policy UserName=ana PolicyName=b PolicyDocument={document:?} => error LimitExceeded Maximum policy size of 2048 bytes exceeded for user ana
         iam put-user-policy UserName=ana PolicyName=a PolicyDocument={document:?} => ok
         iam put-role-policy RoleName=r PolicyName=a PolicyDocument={document:?} => ok
         iam put-role-policy RoleName=r PolicyName=b PolicyDocument={document:?} => ok"
    ));
}

#[test]
fn documents_that_iam_refuses() {
    let table = [
        ("nonsense", "Syntax errors in policy."),
        (r#"{"Version":"2012-10-17","Statement":[]}"#, "Syntax errors in policy."),
        (
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*"}}"#,
            "Policy statement must contain resources.",
        ),
        (
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*"}}"#,
            "Policy statement must contain actions.",
        ),
        (
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs","Resource":"*"}}"#,
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"jobs"}}"#,
            r#"Resource jobs must be in ARN format or "*"."#,
        ),
        (
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}}"#,
            "Policy document should not specify a principal.",
        ),
        (
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"sqs:*","Resource":"*"}]}"#,
            "Statement IDs (SID) in a single policy must be unique.",
        ),
    ];
    let mut script = "iam create-user UserName=ana => ok\n".to_owned();
    for (document, sentence) in table {
        let refused = format!("PolicyDocument={document:?} => error MalformedPolicyDocument {sentence}\n");
        script +=
            &format!("iam create-policy PolicyName=p {refused}iam put-user-policy UserName=ana PolicyName=p {refused}");
    }
    check(&script);
}
