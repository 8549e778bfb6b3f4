//! Temporary credentials, as the account's root asks for them.

fn check(script: &str) {
    let trust = |account: &str, actions: &str| {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":{actions}}}]}}"#
        );
        format!("{document:?}")
    };
    let script = script
        .replace("TRUST_ALL", &trust("000000000000", r#"["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]"#))
        .replace("TRUST", &trust("000000000000", r#""sts:AssumeRole""#));
    sim::check(|| vec![iam::service(), sts::service()], &script);
}

#[test]
fn a_role_is_assumed_by_whom_it_trusts_for_as_long_as_it_says() {
    check(
        r#"
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => Role.Arn=$arn
        sts assume-role RoleArn=$arn RoleSessionName=visit => AssumedRoleUser.Arn=arn:aws:sts::000000000000:assumed-role/r/visit Credentials.AccessKeyId=$key PackedPolicySize=absent
        sts get-access-key-info AccessKeyId=$key => Account=000000000000
        sts assume-role RoleArn=$arn RoleSessionName=visit DurationSeconds=3601 => error ValidationError The requested DurationSeconds exceeds the MaxSessionDuration set for this role.
        sts assume-role RoleArn=$arn RoleSessionName=visit DurationSeconds=899 => error ValidationError *
        sts assume-role RoleArn=$arn RoleSessionName=visit SerialNumber=arn:aws:iam::000000000000:mfa/x TokenCode="123456" => error ValidationError *SerialNumber*
        sts assume-role RoleArn=arn:aws:iam::000000000000:role/none RoleSessionName=visit => error AccessDenied User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/none*
        as 111122223333
        sts assume-role RoleArn=$arn RoleSessionName=visit => error AccessDenied *
        "#,
    );
}

#[test]
fn tags_and_a_source_identity_have_to_be_trusted_too() {
    check(
        r#"
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => Role.Arn=$r
        iam create-role RoleName=all AssumeRolePolicyDocument=TRUST_ALL => Role.Arn=$all
        sts assume-role RoleArn=$r RoleSessionName=visit Tags=[{"Key":"a","Value":"1"}] => error AccessDenied *sts:TagSession*
        sts assume-role RoleArn=$r RoleSessionName=visit SourceIdentity=ana => error AccessDenied *sts:SetSourceIdentity*
        sts assume-role RoleArn=$all RoleSessionName=visit SourceIdentity=ana => SourceIdentity=ana
        sts assume-role RoleArn=$all RoleSessionName=visit Tags=[{"Key":"a","Value":"1"}] TransitiveTagKeys=["a"] => PackedPolicySize=1
        sts assume-role RoleArn=$all RoleSessionName=visit Tags=[{"Key":"a","Value":"1"}] TransitiveTagKeys=["b"] => error InvalidParameterValue *
        sts assume-role RoleArn=$all RoleSessionName=visit Tags=[{"Key":"a","Value":"1"},{"Key":"A","Value":"1"}] => error InvalidParameterValue Duplicate tag keys found.*
        "#,
    );
    let tags: Vec<String> = (1..10).map(|it| format!(r#"{{"Key":"T{it}","Value":"{}"}}"#, "a".repeat(250))).collect();
    let script = "
        iam create-role RoleName=all AssumeRolePolicyDocument=TRUST_ALL => Role.Arn=$all
        sts assume-role RoleArn=$all RoleSessionName=visit Tags=[TAGS] => error PackedPolicyTooLarge Packed size of session tags consumes * of allotted space.
        sts get-federation-token Name=guest Tags=[TAGS] => error PackedPolicyTooLarge Packed size of session tags consumes * of allotted space.
    ";
    check(&script.replace("[TAGS]", &format!("[{}]", tags.join(","))));
}

#[test]
fn session_policies_are_checked() {
    check(
        r#"
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => Role.Arn=$r
        sts assume-role RoleArn=$r RoleSessionName=visit Policy=nonsense => error MalformedPolicyDocument Syntax errors in policy.
        sts assume-role RoleArn=$r RoleSessionName=visit PolicyArns=[{"arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}] => PackedPolicySize=1
        sts assume-role RoleArn=$r RoleSessionName=visit PolicyArns=[{"arn":"arn:aws:iam::aws:policy/NoSuchPolicyAnywhere"}] => error ValidationError *
        "#,
    );
}

#[test]
fn the_root_gets_an_hour() {
    check(
        r#"
        sts get-session-token DurationSeconds=43200 => Credentials.AccessKeyId=ASIA*
        sts get-session-token SerialNumber=arn:aws:iam::000000000000:mfa/x => error ValidationError *SerialNumber*
        sts get-federation-token Name=guest => FederatedUser.Arn=arn:aws:sts::000000000000:federated-user/guest FederatedUser.FederatedUserId=000000000000:guest
        sts get-federation-token Name=guest Policy=nonsense => error MalformedPolicyDocument *
        sts get-caller-identity => Arn=arn:aws:iam::000000000000:root
        sts get-access-key-info AccessKeyId=AKIAIOSFODNN7EXAMPLE => error ValidationError *
        "#,
    );
}
