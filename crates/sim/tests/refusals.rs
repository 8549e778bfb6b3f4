//! Refusals that carry the decision, encoded, as EC2's do: a service with one operation that words them so.

use kernel::{Cx, Refusal, Service};
use model::{Error, ErrorShape, Result, structure};

structure! {
    RebootInstances => "ec2", RebootInstancesOutput {
        instance_ids: Vec<String> = "InstanceIds",
    }
}

structure! {
    RebootInstancesOutput {}
}

const UNAUTHORIZED: ErrorShape = ErrorShape::sender("UnauthorizedOperation").status(403);

fn service() -> Service {
    Service::new("ec2").refused_as(refused).op(
        |cx, it: &RebootInstances| {
            let arn = |id: &String| format!("arn:aws:ec2:{}:000000000000:instance/{id}", cx.region());
            it.instance_ids.iter().map(arn).collect::<Vec<_>>()
        },
        reboot,
    )
}

fn reboot(_: &mut Cx, _: RebootInstances) -> Result<RebootInstancesOutput> {
    Ok(RebootInstancesOutput {})
}

fn refused(_: &Service, refusal: &Refusal) -> Error {
    UNAUTHORIZED.with(format!("{} Encoded authorization failure message: {}", refusal.sentence, refusal.encoded()))
}

fn check(script: &str) {
    sim::check(|| vec![service(), iam::service(), sts::service()], script);
}

#[test]
fn a_refusal_is_decoded_by_the_account_that_got_it() {
    check(
        r#"
        ec2 reboot-instances InstanceId=["i-1"] => ok
        as 111122223333
        ec2 reboot-instances InstanceId=["i-1"] => error UnauthorizedOperation "User: arn:aws:iam::111122223333:root is not authorized to perform: ec2:RebootInstances on resource: arn:aws:ec2:us-east-1:000000000000:instance/i-1 because no resource-based policy allows the ec2:RebootInstances action Encoded authorization failure message: $message"
        sts decode-authorization-message EncodedMessage=$message => DecodedMessage={"allowed":false,"explicitDeny":false,"matchedStatements":{"items":[]},"failures":{"items":[]},"context":{"principal":{"id":"111122223333","arn":"arn:aws:iam::111122223333:root"},"action":"ec2:RebootInstances","resource":"arn:aws:ec2:us-east-1:000000000000:instance/i-1","conditions":{"items":[{"key":"aws:RequestedRegion","values":{"items":[{"value":"us-east-1"}]}},*
        sts decode-authorization-message EncodedMessage=x$message => error InvalidAuthorizationMessageException *
        crash
        sts decode-authorization-message EncodedMessage=$message => DecodedMessage={"allowed":false*
        as 000000000000
        sts decode-authorization-message EncodedMessage=$message => error InvalidAuthorizationMessageException *
        sts decode-authorization-message EncodedMessage=nonsense => error InvalidAuthorizationMessageException *
        "#,
    );
}
