//! `AWS::CloudFormation::WaitConditionHandle`: a handle that stands for itself; there are no wait conditions yet.

use kernel::Cx;
use kernel::resource::{New, Progress, Properties, ResourceType};
use model::Result;
use serde_json::json;

pub static WAIT_CONDITION_HANDLE: ResourceType = ResourceType {
    name: "AWS::CloudFormation::WaitConditionHandle",
    properties: &[],
    create,
    update: |_, change| Ok(Progress::Done { physical_id: change.physical_id.clone() }),
    delete: |_, existing| Ok(Progress::Done { physical_id: existing.physical_id.clone() }),
    attributes: |_, existing| Ok(Properties::from_iter([("Id".to_owned(), json!(existing.physical_id))])),
    read: None,
};

/// `Ref` gives a URL, as on AWS.
fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    let name = format!("{}/{}", new.stack_id, new.logical_id).replace(':', "%3A").replace('/', "%2F");
    let physical_id = format!("https://cloudformation-waitcondition-{}.s3.amazonaws.com/{name}", cx.region());
    Ok(Progress::Done { physical_id })
}
