//! Service-linked roles: made for a service, protected from everybody else, deleted in the background.

mod documents;

use documents::check;

#[test]
fn a_role_is_made_for_a_service() {
    check(
        r"
        iam create-service-linked-role AWSServiceName=autoscaling.amazonaws.com Description=d => Role.RoleName=AWSServiceRoleForAutoScaling Role.Path=/aws-service-role/autoscaling.amazonaws.com/ Role.Arn=arn:aws:iam::000000000000:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling Role.AssumeRolePolicyDocument=*autoscaling.amazonaws.com* Role.Description=d
        iam get-role RoleName=AWSServiceRoleForAutoScaling => Role.RoleId=AROA*
        iam list-attached-role-policies RoleName=AWSServiceRoleForAutoScaling => AttachedPolicies[0].PolicyArn=arn:aws:iam::aws:policy/aws-service-role/AutoScalingServiceRolePolicy
        iam create-service-linked-role AWSServiceName=autoscaling.amazonaws.com => error InvalidInput Service role name AWSServiceRoleForAutoScaling has been taken in this account, please try a different suffix.
        iam create-service-linked-role AWSServiceName=autoscaling.amazonaws.com CustomSuffix=blue => Role.RoleName=AWSServiceRoleForAutoScaling_blue
        iam create-service-linked-role AWSServiceName=es.amazonaws.com CustomSuffix=blue => error InvalidInput Custom suffix is not allowed for es.amazonaws.com
        iam create-service-linked-role AWSServiceName=nobody.example => error InvalidInput *nobody.example
        ",
    );
}

#[test]
fn it_is_protected_but_for_its_description_and_its_tags() {
    check(
        &r#"
        iam create-service-linked-role AWSServiceName=ecs.amazonaws.com => ok
        iam create-instance-profile InstanceProfileName=p => ok
        iam delete-role RoleName=LINKED => error UnmodifiableEntity Cannot perform the operation on the protected role 'LINKED' - this role is only modifiable by AWS
        iam attach-role-policy RoleName=LINKED PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess => error UnmodifiableEntity *
        iam detach-role-policy RoleName=LINKED PolicyArn=arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy => error UnmodifiableEntity *
        iam put-role-policy RoleName=LINKED PolicyName=p PolicyDocument=ALLOW => error UnmodifiableEntity *
        iam delete-role-policy RoleName=LINKED PolicyName=p => error UnmodifiableEntity *
        iam put-role-permissions-boundary RoleName=LINKED PermissionsBoundary=arn:aws:iam::aws:policy/ReadOnlyAccess => error UnmodifiableEntity *
        iam delete-role-permissions-boundary RoleName=LINKED => error UnmodifiableEntity *
        iam update-assume-role-policy RoleName=LINKED PolicyDocument=TRUST => error UnmodifiableEntity *
        iam update-role RoleName=LINKED MaxSessionDuration=7200 => error UnmodifiableEntity *
        iam add-role-to-instance-profile InstanceProfileName=p RoleName=LINKED => error UnmodifiableEntity *
        iam remove-role-from-instance-profile InstanceProfileName=p RoleName=LINKED => error UnmodifiableEntity *
        iam update-role-description RoleName=LINKED Description=mine => Role.Description=mine
        iam update-role RoleName=LINKED Description=ours => ok
        iam tag-role RoleName=LINKED Tags=[{"Key":"a","Value":"1"}] => ok
        iam get-role RoleName=LINKED => Role.Description=ours Role.Tags[0].Key=a
        "#
        .replace("LINKED", "AWSServiceRoleForECS"),
    );
}

#[test]
fn it_is_deleted_by_a_task() {
    check(
        r"
        iam create-service-linked-role AWSServiceName=ecs.amazonaws.com => Role.RoleId=$id
        iam delete-service-linked-role RoleName=AWSServiceRoleForECS => DeletionTaskId=$task
        wait 1ms
        iam get-service-linked-role-deletion-status DeletionTaskId=$task => Status=SUCCEEDED Reason=absent
        iam get-role RoleName=AWSServiceRoleForECS => error NoSuchEntity *
        iam get-policy PolicyArn=arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy => Policy.AttachmentCount=0
        iam delete-service-linked-role RoleName=AWSServiceRoleForECS => error NoSuchEntity The role with name AWSServiceRoleForECS cannot be found.
        iam create-role RoleName=own AssumeRolePolicyDocument=TRUST => ok
        iam delete-service-linked-role RoleName=own => error NoSuchEntity *
        iam create-service-linked-role AWSServiceName=ecs.amazonaws.com => ok
        iam get-service-linked-role-deletion-status DeletionTaskId=nonsense => error InvalidInput *
        iam get-service-linked-role-deletion-status DeletionTaskId=task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/none => error NoSuchEntity *
        wait 24h
        iam get-service-linked-role-deletion-status DeletionTaskId=$task => error NoSuchEntity *
        ",
    );
}
