//! Users, groups and their membership, and access keys.

mod documents;

use documents::check;

#[test]
fn a_user_is_created_read_renamed_listed_and_deleted() {
    check(
        r"
        iam create-user UserName=Ana Path=/staff/ => User.Arn=arn:aws:iam::000000000000:user/staff/Ana User.UserId=AIDA*
        iam create-user UserName=ana => error EntityAlreadyExists User with name ana already exists.
        iam get-user UserName=Ana => User.Path=/staff/ User.Tags=absent
        iam get-user => User.Arn=arn:aws:iam::000000000000:root User.UserId=000000000000
        iam create-user UserName=bob => ok
        iam list-users => Users[0].UserName=Ana Users[1].UserName=bob Users[2]=absent IsTruncated=false
        iam list-users PathPrefix=/staff/ => Users[0].UserName=Ana Users[1]=absent
        iam list-users MaxItems=1 => Users[0].UserName=Ana IsTruncated=true Marker=$next
        iam list-users MaxItems=1 Marker=$next => Users[0].UserName=bob IsTruncated=false Marker=absent
        iam list-users Marker=nonsense! => error ValidationError *
        iam update-user UserName=Ana NewUserName=anna NewPath=/ => ok
        iam update-user UserName=anna NewUserName=bob => error EntityAlreadyExists User with name bob already exists.
        iam get-user UserName=Ana => error NoSuchEntity The user with name Ana cannot be found.
        iam get-user UserName=anna => User.Arn=arn:aws:iam::000000000000:user/anna
        iam delete-user UserName=anna => ok
        iam delete-user UserName=anna => error NoSuchEntity The user with name anna cannot be found.
        iam update-user UserName=anna => error NoSuchEntity The user with name anna cannot be found.
        ",
    );
}

#[test]
fn a_user_keeps_what_it_has_when_it_is_renamed() {
    check(
        r#"
        iam create-user UserName=ana Tags=[{"Key":"Team","Value":"red"}] => ok
        iam put-user-policy UserName=ana PolicyName=p PolicyDocument=ALLOW => ok
        iam create-group GroupName=devs => Group.GroupId=AGPA*
        iam add-user-to-group GroupName=devs UserName=ana => ok
        iam create-access-key UserName=ana => AccessKey.AccessKeyId=$key
        iam update-user UserName=ana NewUserName=anna => ok
        iam list-user-policies UserName=anna => PolicyNames[0]=p
        iam list-groups-for-user UserName=anna => Groups[0].GroupName=devs
        iam list-access-keys UserName=anna => AccessKeyMetadata[0].AccessKeyId=$key AccessKeyMetadata[0].UserName=anna
        iam list-user-tags UserName=anna => Tags[0].Value=red
        iam get-group GroupName=devs => Users[0].UserName=anna
        "#,
    );
}

#[test]
fn a_user_that_has_something_cannot_be_deleted() {
    check(
        r"
        iam create-user UserName=ana => ok
        iam create-group GroupName=devs => ok
        iam put-user-policy UserName=ana PolicyName=p PolicyDocument=ALLOW => ok
        iam attach-user-policy UserName=ana PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess => ok
        iam add-user-to-group GroupName=devs UserName=ana => ok
        iam create-access-key UserName=ana => AccessKey.AccessKeyId=$key
        iam delete-user UserName=ana => error DeleteConflict Cannot delete entity, must delete policies first.
        iam delete-user-policy UserName=ana PolicyName=p => ok
        iam delete-user-policy UserName=ana PolicyName=p => error NoSuchEntity The user policy with name p cannot be found.
        iam get-user-policy UserName=ana PolicyName=p => error NoSuchEntity The user policy with name p cannot be found.
        iam delete-user UserName=ana => error DeleteConflict Cannot delete entity, must detach all policies first.
        iam detach-user-policy UserName=ana PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess => ok
        iam delete-user UserName=ana => error DeleteConflict Cannot delete entity, must remove users from group first.
        iam delete-group GroupName=devs => error DeleteConflict Cannot delete entity, must remove users from group first.
        iam remove-user-from-group GroupName=devs UserName=ana => ok
        iam remove-user-from-group GroupName=devs UserName=ana => error NoSuchEntity *
        iam delete-user UserName=ana => error DeleteConflict Cannot delete entity, must delete access keys first.
        iam delete-access-key UserName=ana AccessKeyId=$key => ok
        iam delete-user UserName=ana => ok
        iam delete-group GroupName=devs => ok
        ",
    );
}

#[test]
fn groups_have_users_and_policies() {
    check(
        r"
        iam create-group GroupName=devs Path=/a/ => Group.Arn=arn:aws:iam::000000000000:group/a/devs
        iam create-group GroupName=DEVS => error EntityAlreadyExists Group with name DEVS already exists.
        iam list-groups => Groups[0].GroupName=devs
        iam put-group-policy GroupName=devs PolicyName=p PolicyDocument=ALLOW => ok
        iam get-group-policy GroupName=devs PolicyName=p => PolicyDocument=%7B%22Version* GroupName=devs
        iam list-group-policies GroupName=devs => PolicyNames[0]=p
        iam attach-group-policy GroupName=devs PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess => ok
        iam list-attached-group-policies GroupName=devs => AttachedPolicies[0].PolicyName=ReadOnlyAccess
        iam delete-group GroupName=devs => error DeleteConflict Cannot delete entity, must delete policies first.
        iam delete-group-policy GroupName=devs PolicyName=p => ok
        iam detach-group-policy GroupName=devs PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess => ok
        iam detach-group-policy GroupName=devs PolicyArn=arn:aws:iam::aws:policy/ReadOnlyAccess => error NoSuchEntity Policy arn:aws:iam::aws:policy/ReadOnlyAccess was not found.
        iam update-group GroupName=devs NewGroupName=makers NewPath=/ => ok
        iam get-group GroupName=makers => Group.Arn=arn:aws:iam::000000000000:group/makers Users[0]=absent
        iam get-group GroupName=devs => error NoSuchEntity The group with name devs cannot be found.
        iam add-user-to-group GroupName=makers UserName=nobody => error NoSuchEntity The user with name nobody cannot be found.
        iam delete-group GroupName=makers => ok
        ",
    );
}

#[test]
fn a_user_is_in_at_most_ten_groups() {
    let mut script = "iam create-user UserName=ana => ok\n".to_owned();
    for number in 0..11 {
        script += &format!("iam create-group GroupName=g{number} => ok\n");
        let outcome = if number < 10 { "ok" } else { "error LimitExceeded Cannot exceed quota for GroupsPerUser: 10" };
        script += &format!("iam add-user-to-group GroupName=g{number} UserName=ana => {outcome}\n");
    }
    check(&script);
}

#[test]
fn a_user_has_two_access_keys_at_most() {
    check(
        r"
        iam create-access-key UserName=ana => error NoSuchEntity The user with name ana cannot be found.
        iam create-access-key => error ValidationError Must specify userName when calling with non-User credentials
        iam create-user UserName=ana => ok
        iam create-user UserName=bob => ok
        iam create-access-key UserName=ana => AccessKey.Status=Active AccessKey.AccessKeyId=$key AccessKey.UserName=ana
        iam create-access-key UserName=ana => AccessKey.AccessKeyId=AKIA*
        iam create-access-key UserName=ana => error LimitExceeded Cannot exceed quota for AccessKeysPerUser: 2
        sts get-access-key-info AccessKeyId=$key => Account=000000000000
        iam update-access-key UserName=ana AccessKeyId=$key Status=Inactive => ok
        iam update-access-key UserName=ana AccessKeyId=$key Status=Sleeping => error ValidationError *
        iam get-access-key-last-used AccessKeyId=$key => UserName=ana AccessKeyLastUsed.ServiceName=N/A AccessKeyLastUsed.LastUsedDate=absent
        iam get-access-key-last-used AccessKeyId=AKIAIOSFODNN7EXAMPLE => error AccessDenied *access key AKIAIOSFODNN7EXAMPLE
        iam delete-access-key UserName=bob AccessKeyId=$key => error NoSuchEntity The Access Key with id * cannot be found.
        iam delete-access-key UserName=ana AccessKeyId=$key => ok
        iam list-access-keys UserName=ana => AccessKeyMetadata[0].Status=Active AccessKeyMetadata[1]=absent
        sts get-access-key-info AccessKeyId=$key => Account=000000000000
        ",
    );
}

#[test]
fn tags_differ_in_more_than_their_case() {
    check(
        r#"
        iam create-user UserName=ana Tags=[{"Key":"Team","Value":"red"},{"Key":"team","Value":"blue"}] => error InvalidInput Duplicate tag keys found. Please note that Tag keys are case insensitive.
        iam create-user UserName=ana Tags=[{"Key":"aws:x","Value":"red"}] => error ValidationError aws: prefixed tag key names are not allowed for external use.
        iam create-user UserName=ana Tags=[{"Key":"Team","Value":"red"}] => User.Tags[0].Key=Team
        iam tag-user UserName=ana Tags=[{"Key":"TEAM","Value":"blue"},{"Key":"a","Value":""}] => ok
        iam list-user-tags UserName=ana => Tags[0].Key=TEAM Tags[0].Value=blue Tags[1].Key=a Tags[2]=absent
        iam untag-user UserName=ana TagKeys=["team"] => ok
        iam list-user-tags UserName=ana => Tags[0].Key=a Tags[1]=absent
        iam list-user-tags UserName=bob => error NoSuchEntity The user with name bob cannot be found.
        "#,
    );
}
