//! What IAM refuses, as the model documents it for each operation: who is not there, what cannot be, and how much.

mod documents;

use documents::check;

const AWS: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const MISSING: &str = "arn:aws:iam::000000000000:policy/none";
const NONE: &str = "arn:aws:iam::000000000000:user/none";

fn check_named(script: &str) {
    check(&script.replace("AWS_POLICY", AWS).replace("NO_POLICY", MISSING).replace("NO_ARN", NONE));
}

#[test]
fn users_who_are_not_there() {
    check_named(
        r#"
        iam attach-user-policy UserName=none PolicyArn=AWS_POLICY => error NoSuchEntity The user with name none cannot be found.
        iam detach-user-policy UserName=none PolicyArn=AWS_POLICY => error NoSuchEntity The user with name none cannot be found.
        iam list-attached-user-policies UserName=none => error NoSuchEntity The user with name none cannot be found.
        iam put-user-policy UserName=none PolicyName=p PolicyDocument=ALLOW => error NoSuchEntity The user with name none cannot be found.
        iam list-user-policies UserName=none => error NoSuchEntity The user with name none cannot be found.
        iam put-user-permissions-boundary UserName=none PermissionsBoundary=AWS_POLICY => error NoSuchEntity The user with name none cannot be found.
        iam list-groups-for-user UserName=none => error NoSuchEntity The user with name none cannot be found.
        iam list-access-keys UserName=none => error NoSuchEntity The user with name none cannot be found.
        iam update-access-key UserName=none AccessKeyId=AKIAIOSFODNN7EXAMPLE Status=Active => error NoSuchEntity The user with name none cannot be found.
        iam tag-user UserName=none Tags=[{"Key":"a","Value":"1"}] => error NoSuchEntity The user with name none cannot be found.
        iam untag-user UserName=none TagKeys=["a"] => error NoSuchEntity The user with name none cannot be found.
        iam get-context-keys-for-principal-policy PolicySourceArn=NO_ARN => error NoSuchEntity The user with name none cannot be found.
        "#,
    );
}

#[test]
fn groups_that_are_not_there() {
    check_named(
        r"
        iam update-group GroupName=none => error NoSuchEntity The group with name none cannot be found.
        iam delete-group GroupName=none => error NoSuchEntity The group with name none cannot be found.
        iam attach-group-policy GroupName=none PolicyArn=AWS_POLICY => error NoSuchEntity The group with name none cannot be found.
        iam list-attached-group-policies GroupName=none => error NoSuchEntity The group with name none cannot be found.
        iam put-group-policy GroupName=none PolicyName=p PolicyDocument=ALLOW => error NoSuchEntity The group with name none cannot be found.
        iam list-group-policies GroupName=none => error NoSuchEntity The group with name none cannot be found.
        iam create-group GroupName=g => ok
        iam get-group-policy GroupName=g PolicyName=p => error NoSuchEntity The group policy with name p cannot be found.
        iam delete-group-policy GroupName=g PolicyName=p => error NoSuchEntity The group policy with name p cannot be found.
        iam create-group GroupName=other => ok
        iam update-group GroupName=g NewGroupName=OTHER => error EntityAlreadyExists Group with name OTHER already exists.
        ",
    );
}

#[test]
fn roles_and_profiles_that_are_not_there() {
    check_named(
        r#"
        iam update-role RoleName=none => error NoSuchEntity The role with name none cannot be found.
        iam update-role-description RoleName=none Description=d => error NoSuchEntity The role with name none cannot be found.
        iam update-assume-role-policy RoleName=none PolicyDocument=TRUST => error NoSuchEntity The role with name none cannot be found.
        iam delete-role RoleName=none => error NoSuchEntity The role with name none cannot be found.
        iam detach-role-policy RoleName=none PolicyArn=AWS_POLICY => error NoSuchEntity The role with name none cannot be found.
        iam list-attached-role-policies RoleName=none => error NoSuchEntity The role with name none cannot be found.
        iam put-role-policy RoleName=none PolicyName=p PolicyDocument=ALLOW => error NoSuchEntity The role with name none cannot be found.
        iam delete-role-policy RoleName=none PolicyName=p => error NoSuchEntity The role with name none cannot be found.
        iam list-role-policies RoleName=none => error NoSuchEntity The role with name none cannot be found.
        iam tag-role RoleName=none Tags=[{"Key":"a","Value":"1"}] => error NoSuchEntity The role with name none cannot be found.
        iam untag-role RoleName=none TagKeys=["a"] => error NoSuchEntity The role with name none cannot be found.
        iam list-role-tags RoleName=none => error NoSuchEntity The role with name none cannot be found.
        iam list-instance-profiles-for-role RoleName=none => error NoSuchEntity The role with name none cannot be found.
        iam get-instance-profile InstanceProfileName=none => error NoSuchEntity Instance Profile none cannot be found.
        iam delete-instance-profile InstanceProfileName=none => error NoSuchEntity Instance Profile none cannot be found.
        iam tag-instance-profile InstanceProfileName=none Tags=[{"Key":"a","Value":"1"}] => error NoSuchEntity Instance Profile none cannot be found.
        iam untag-instance-profile InstanceProfileName=none TagKeys=["a"] => error NoSuchEntity Instance Profile none cannot be found.
        iam list-instance-profile-tags InstanceProfileName=none => error NoSuchEntity Instance Profile none cannot be found.
        "#,
    );
}

#[test]
fn policies_that_are_not_there() {
    check_named(
        r#"
        iam create-policy-version PolicyArn=NO_POLICY PolicyDocument=ALLOW => error NoSuchEntity Policy NO_POLICY was not found.
        iam set-default-policy-version PolicyArn=NO_POLICY VersionId=v1 => error NoSuchEntity Policy NO_POLICY was not found.
        iam list-policy-versions PolicyArn=NO_POLICY => error NoSuchEntity Policy NO_POLICY was not found.
        iam list-policy-tags PolicyArn=NO_POLICY => error NoSuchEntity Policy NO_POLICY was not found.
        iam untag-policy PolicyArn=NO_POLICY TagKeys=["a"] => error NoSuchEntity Policy NO_POLICY was not found.
        "#,
    );
}

#[test]
fn arns_that_name_no_policy() {
    check_named(
        r#"
        iam create-user UserName=u => ok
        iam create-group GroupName=g => ok
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => ok
        iam attach-user-policy UserName=u PolicyArn=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam attach-group-policy GroupName=g PolicyArn=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam attach-role-policy RoleName=r PolicyArn=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam detach-user-policy UserName=u PolicyArn=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam detach-group-policy GroupName=g PolicyArn=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam detach-role-policy RoleName=r PolicyArn=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam put-user-permissions-boundary UserName=u PermissionsBoundary=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam put-role-permissions-boundary RoleName=r PermissionsBoundary=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam get-policy PolicyArn=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam delete-policy PolicyArn=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam create-policy-version PolicyArn=NO_ARN PolicyDocument=ALLOW => error InvalidInput ARN NO_ARN is not valid.
        iam get-policy-version PolicyArn=NO_ARN VersionId=v1 => error InvalidInput ARN NO_ARN is not valid.
        iam list-policy-versions PolicyArn=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam delete-policy-version PolicyArn=NO_ARN VersionId=v1 => error InvalidInput ARN NO_ARN is not valid.
        iam set-default-policy-version PolicyArn=NO_ARN VersionId=v1 => error InvalidInput ARN NO_ARN is not valid.
        iam list-entities-for-policy PolicyArn=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        iam tag-policy PolicyArn=NO_ARN Tags=[] => error InvalidInput ARN NO_ARN is not valid.
        iam untag-policy PolicyArn=NO_ARN TagKeys=["a"] => error InvalidInput ARN NO_ARN is not valid.
        iam list-policy-tags PolicyArn=NO_ARN => error InvalidInput ARN NO_ARN is not valid.
        "#,
    );
}

#[test]
fn input_that_is_invalid() {
    let twice = r#"[{"Key":"Team","Value":"red"},{"Key":"team","Value":"blue"}]"#;
    check(
        &r#"
        iam create-user UserName=u => User.Arn=$u
        iam create-access-key UserName=u => AccessKey.AccessKeyId=$key
        iam update-access-key UserName=u AccessKeyId=$key Status=Expired => error InvalidInput *
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST Tags=TWICE => error InvalidInput Duplicate tag keys found.*
        iam create-instance-profile InstanceProfileName=p Tags=TWICE => error InvalidInput Duplicate tag keys found.*
        iam create-policy PolicyName=p PolicyDocument=ALLOW Tags=TWICE => error InvalidInput Duplicate tag keys found.*
        iam tag-user UserName=u Tags=TWICE => error InvalidInput Duplicate tag keys found.*
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => ok
        iam tag-role RoleName=r Tags=TWICE => error InvalidInput Duplicate tag keys found.*
        iam create-instance-profile InstanceProfileName=p => ok
        iam tag-instance-profile InstanceProfileName=p Tags=TWICE => error InvalidInput Duplicate tag keys found.*
        iam get-context-keys-for-custom-policy PolicyInputList=["x"] => error InvalidInput Syntax errors in policy.
        iam get-context-keys-for-principal-policy PolicySourceArn=$u PolicyInputList=["x"] => error InvalidInput Syntax errors in policy.
        iam simulate-principal-policy PolicySourceArn=$u ActionNames=["sqs:SendMessage"] PolicyInputList=["x"] => error InvalidInput Syntax errors in policy.
        "#
        .replace("TWICE", twice),
    );
}

#[test]
fn documents_that_are_malformed() {
    check(
        r"
        iam create-user UserName=u => ok
        iam create-group GroupName=g => ok
        iam put-user-policy UserName=u PolicyName=p PolicyDocument=nonsense => error MalformedPolicyDocument Syntax errors in policy.
        iam put-group-policy GroupName=g PolicyName=p PolicyDocument=nonsense => error MalformedPolicyDocument Syntax errors in policy.
        iam create-policy PolicyName=p PolicyDocument=nonsense => error MalformedPolicyDocument Syntax errors in policy.
        iam create-policy PolicyName=p PolicyDocument=ALLOW => Policy.Arn=$p
        iam create-policy-version PolicyArn=$p PolicyDocument=nonsense => error MalformedPolicyDocument Syntax errors in policy.
        ",
    );
}

#[test]
fn policies_of_service_linked_roles_are_for_these_alone() {
    let policy = "arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy";
    check(
        &r"
        iam create-user UserName=u => ok
        iam create-group GroupName=g => ok
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => ok
        iam attach-user-policy UserName=u PolicyArn=LINKED => error PolicyNotAttachable *
        iam attach-group-policy GroupName=g PolicyArn=LINKED => error PolicyNotAttachable *
        iam put-user-permissions-boundary UserName=u PermissionsBoundary=LINKED => error PolicyNotAttachable *
        iam put-role-permissions-boundary RoleName=r PermissionsBoundary=LINKED => error PolicyNotAttachable *
        "
        .replace("LINKED", policy),
    );
}

/// A document of so many characters and more.
fn long(kind: &str, characters: usize) -> String {
    let statement = match kind {
        "trust" => r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#,
        _ => r#"{"Effect":"Allow","Action":"sqs:ReceiveMessage","Resource":"*"}"#,
    };
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        vec![statement; characters / statement.len() + 1].join(",")
    );
    format!("{document:?}")
}

#[test]
fn documents_that_are_too_long() {
    check(
        &r"
        iam create-group GroupName=g => ok
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => ok
        iam put-group-policy GroupName=g PolicyName=p PolicyDocument=OF_GROUPS => error LimitExceeded Maximum policy size of 5120 bytes exceeded for group g
        iam put-role-policy RoleName=r PolicyName=p PolicyDocument=OF_ROLES => error LimitExceeded Maximum policy size of 10240 bytes exceeded for role r
        iam create-policy PolicyName=p PolicyDocument=MANAGED => error LimitExceeded Cannot exceed quota for PolicySize: 6144
        iam update-assume-role-policy RoleName=r PolicyDocument=LONG_ONE => error LimitExceeded Cannot exceed quota for ACLSizePerRole: 2048
        "
        .replace("OF_GROUPS", &long("identity", 5_120))
        .replace("OF_ROLES", &long("identity", 10_240))
        .replace("MANAGED", &long("identity", 6_144))
        .replace("LONG_ONE", &long("trust", 2_048)),
    );
}

#[test]
fn fifty_tags_are_the_most() {
    let tags: Vec<String> = (0..50).map(|it| format!(r#"{{"Key":"k{it}","Value":"v"}}"#)).collect();
    check(
        &r#"
        iam create-user UserName=u Tags=FIFTY => ok
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST Tags=FIFTY => ok
        iam create-instance-profile InstanceProfileName=p Tags=FIFTY => ok
        iam create-policy PolicyName=p PolicyDocument=ALLOW Tags=FIFTY => Policy.Arn=$p
        iam tag-user UserName=u Tags=[{"Key":"more","Value":""}] => error LimitExceeded The number of tags has reached the maximum limit.
        iam tag-role RoleName=r Tags=[{"Key":"more","Value":""}] => error LimitExceeded The number of tags has reached the maximum limit.
        iam tag-instance-profile InstanceProfileName=p Tags=[{"Key":"more","Value":""}] => error LimitExceeded The number of tags has reached the maximum limit.
        iam tag-policy PolicyArn=$p Tags=[{"Key":"more","Value":""}] => error LimitExceeded The number of tags has reached the maximum limit.
        "#
        .replace("FIFTY", &format!("[{}]", tags.join(","))),
    );
}

/// Lines with the numbers of a range in place of `#`.
fn repeated(count: usize, line: &str) -> String {
    (0..count).map(|it| format!("{}\n", line.replace('#', &it.to_string()))).collect()
}

#[test]
fn ten_groups_and_ten_policies_are_the_most() {
    let policies = repeated(10, "iam create-policy PolicyName=p# PolicyDocument=ALLOW");
    let to_group = repeated(10, "iam attach-group-policy GroupName=g PolicyArn=arn:aws:iam::000000000000:policy/p#");
    let to_role = repeated(10, "iam attach-role-policy RoleName=r PolicyArn=arn:aws:iam::000000000000:policy/p#");
    let to_user = repeated(10, "iam attach-user-policy UserName=u PolicyArn=arn:aws:iam::000000000000:policy/p#");
    let groups = repeated(10, "iam create-group GroupName=g#\niam add-user-to-group GroupName=g# UserName=u");
    check_named(&format!(
        r"
        iam create-user UserName=u => ok
        iam create-group GroupName=g => ok
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => ok
        {policies}{to_user}{to_group}{to_role}{groups}
        iam attach-user-policy UserName=u PolicyArn=AWS_POLICY => error LimitExceeded Cannot exceed quota for PoliciesPerUser: 10
        iam attach-group-policy GroupName=g PolicyArn=AWS_POLICY => error LimitExceeded Cannot exceed quota for PoliciesPerGroup: 10
        iam attach-role-policy RoleName=r PolicyArn=AWS_POLICY => error LimitExceeded Cannot exceed quota for PoliciesPerRole: 10
        iam add-user-to-group GroupName=g UserName=u => error LimitExceeded Cannot exceed quota for GroupsPerUser: 10
        "
    ));
}

#[test]
fn an_account_has_room_for_so_many() {
    let groups = repeated(300, "iam create-group GroupName=g#");
    let profiles = repeated(1_000, "iam create-instance-profile InstanceProfileName=p#");
    let roles = repeated(1_000, "iam create-role RoleName=r# AssumeRolePolicyDocument=TRUST");
    check(&format!(
        r"
        {groups}{profiles}{roles}
        iam create-group GroupName=more => error LimitExceeded Cannot exceed quota for GroupsPerAccount: 300
        iam create-instance-profile InstanceProfileName=more => error LimitExceeded Cannot exceed quota for InstanceProfilesPerAccount: 1000
        iam create-role RoleName=more AssumeRolePolicyDocument=TRUST => error LimitExceeded Cannot exceed quota for RolesPerAccount: 1000
        iam create-service-linked-role AWSServiceName=autoscaling.amazonaws.com => error LimitExceeded Cannot exceed quota for RolesPerAccount: 1000
        "
    ));
}
