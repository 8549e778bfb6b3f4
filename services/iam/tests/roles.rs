//! Roles: trust, boundaries, tags, instance profiles.

mod documents;

use documents::check;

fn trusting(arn: &str) -> String {
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{arn}"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    format!("{document:?}")
}

#[test]
fn a_role_is_found_whatever_the_case_of_its_name() {
    check(
        r"
        iam create-role RoleName=Worker AssumeRolePolicyDocument=TRUST MaxSessionDuration=7200 => Role.MaxSessionDuration=7200 Role.RoleId=AROA*
        iam create-role RoleName=WORKER AssumeRolePolicyDocument=TRUST => error EntityAlreadyExists Role with name WORKER already exists.
        iam get-role RoleName=worker => Role.RoleName=Worker Role.RoleLastUsed.LastUsedDate=absent
        iam update-role RoleName=Worker Description=d MaxSessionDuration=3600 => ok
        iam update-role-description RoleName=Worker Description=e => Role.Description=e
        iam update-assume-role-policy RoleName=Worker PolicyDocument=ALLOW => error MalformedPolicyDocument Missing required field Principal
        iam update-assume-role-policy RoleName=Worker PolicyDocument=TRUST => ok
        iam attach-role-policy RoleName=Worker PolicyArn=arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy => error PolicyNotAttachable *
        iam attach-role-policy RoleName=Worker PolicyArn=arn:aws:iam::aws:policy/NoSuchPolicyAnywhere => error NoSuchEntity Policy * does not exist or is not attachable.
        iam list-roles => Roles[0].RoleName=Worker Roles[0].Tags=absent
        iam create-role RoleName=own Path=/aws-service-role/x/ AssumeRolePolicyDocument=TRUST => error ValidationError *
        iam delete-role RoleName=worker => ok
        ",
    );
}

#[test]
fn a_trust_policy_names_only_who_exists_and_forgets_who_is_gone() {
    let ana = trusting("arn:aws:iam::000000000000:user/ana");
    check(&format!(
        "iam create-role RoleName=r AssumeRolePolicyDocument={ana} => error MalformedPolicyDocument Invalid principal in policy: *user/ana*
         iam create-user UserName=ana => User.UserId=$id
         iam create-role RoleName=r AssumeRolePolicyDocument={ana} => ok
         iam get-role RoleName=r => Role.AssumeRolePolicyDocument=*user%2Fana*
         iam delete-user UserName=ana => ok
         iam get-role RoleName=r => Role.AssumeRolePolicyDocument=*%22AWS%22%3A%22AIDA*
         iam create-user UserName=ana => ok
         iam get-role RoleName=r => Role.AssumeRolePolicyDocument=*%22AWS%22%3A%22AIDA*
         iam update-assume-role-policy RoleName=r PolicyDocument={ana} => ok
         iam get-role RoleName=r => Role.AssumeRolePolicyDocument=*user%2Fana*"
    ));
}

#[test]
fn a_trust_policy_has_a_size() {
    let statement = r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, vec![statement; 30].join(","));
    check(&format!(
        "iam create-role RoleName=r AssumeRolePolicyDocument={document:?} => error LimitExceeded Cannot exceed quota for ACLSizePerRole: 2048"
    ));
}

#[test]
fn an_instance_profile_has_one_role() {
    check(
        r#"
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => ok
        iam create-role RoleName=other AssumeRolePolicyDocument=TRUST => ok
        iam create-instance-profile InstanceProfileName=p Tags=[{"Key":"a","Value":"1"}] => InstanceProfile.Arn=arn:aws:iam::000000000000:instance-profile/p InstanceProfile.InstanceProfileId=AIPA*
        iam create-instance-profile InstanceProfileName=p => error EntityAlreadyExists Instance Profile p already exists.
        iam add-role-to-instance-profile InstanceProfileName=p RoleName=none => error NoSuchEntity The role with name none cannot be found.
        iam add-role-to-instance-profile InstanceProfileName=none RoleName=r => error NoSuchEntity Instance Profile none cannot be found.
        iam add-role-to-instance-profile InstanceProfileName=p RoleName=r => ok
        iam add-role-to-instance-profile InstanceProfileName=p RoleName=other => error LimitExceeded Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1
        iam get-instance-profile InstanceProfileName=p => InstanceProfile.Roles[0].RoleName=r
        iam list-instance-profiles => InstanceProfiles[0].InstanceProfileName=p
        iam list-instance-profiles-for-role RoleName=r => InstanceProfiles[0].InstanceProfileName=p
        iam list-instance-profiles-for-role RoleName=other => InstanceProfiles[0]=absent
        iam tag-instance-profile InstanceProfileName=p Tags=[{"Key":"b","Value":"2"}] => ok
        iam untag-instance-profile InstanceProfileName=p TagKeys=["a"] => ok
        iam list-instance-profile-tags InstanceProfileName=p => Tags[0].Key=b Tags[1]=absent
        iam delete-role RoleName=r => error DeleteConflict Cannot delete entity, must remove roles from instance profile first.
        iam delete-instance-profile InstanceProfileName=p => error DeleteConflict Cannot delete entity, must remove roles from instance profile first.
        iam remove-role-from-instance-profile InstanceProfileName=p RoleName=other => error NoSuchEntity *
        iam remove-role-from-instance-profile InstanceProfileName=p RoleName=r => ok
        iam delete-instance-profile InstanceProfileName=p => ok
        iam delete-role RoleName=r => ok
        "#,
    );
}

#[test]
fn a_role_has_tags() {
    check(
        r#"
        iam create-role RoleName=r AssumeRolePolicyDocument=TRUST => ok
        iam tag-role RoleName=r Tags=[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}] => ok
        iam list-role-tags RoleName=r MaxItems=1 => Tags[0].Key=a IsTruncated=true
        iam untag-role RoleName=r TagKeys=["a"] => ok
        iam get-role RoleName=r => Role.Tags[0].Key=b
        "#,
    );
}
