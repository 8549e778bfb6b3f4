//! Properties of a bucket that are a configuration each, with an operation to put, get and delete it.
//!
//! A template spells them a little differently than the API does; [`Spelling`] says how.

use super::lifecycle;
use kernel::Cx;
use kernel::resource::Properties;
use model::wire::{document_to_json, parse_timestamp};
use model::{Kind, Result, ShapeId, Value};
use serde_json::{Map, Value as Json, json};

struct Setting {
    property: &'static str,
    /// The member of the input of `put`.
    member: &'static str,
    put: &'static str,
    get: &'static str,
    none: Without,
    /// Where the output of `get` holds it: in a member, or in all of them.
    within: Option<&'static str>,
    spelling: &'static [Spelling],
    shape: Shape,
}

/// How a bucket gets rid of a setting.
enum Without {
    Operation(&'static str),
    /// By putting this, as templates spell it.
    Value(fn() -> Json),
}

/// Where the two differ in more than names.
enum Shape {
    Same,
    /// To the API, and from there. A member of this name is one of the input itself.
    Other(fn(&Json) -> Json, fn(Json) -> Json, &'static str),
}

/// How a template and the API differ, at any depth.
enum Spelling {
    /// (template, API)
    Name(&'static str, &'static str),
    /// The API has a structure with this one member in place of the value.
    Within(&'static str, &'static str),
    /// The API has a list in place of one value: (template, API).
    One(&'static str, &'static str),
    /// The API gives what a template does not have.
    Hidden(&'static str),
    /// The API wants what a template may leave out: (API, value). Of the outermost structure.
    Always(&'static str, &'static str),
}

use Spelling::{Always, Hidden, Name, One, Within};

static SETTINGS: [Setting; 10] = [
    Setting {
        property: "AccelerateConfiguration",
        member: "AccelerateConfiguration",
        put: "PutBucketAccelerateConfiguration",
        get: "GetBucketAccelerateConfiguration",
        // What was on once is suspended and not undone.
        none: Without::Value(|| json!({ "AccelerationStatus": "Suspended" })),
        within: None,
        spelling: &[Name("AccelerationStatus", "Status")],
        shape: Shape::Same,
    },
    Setting {
        property: "BucketEncryption",
        member: "ServerSideEncryptionConfiguration",
        put: "PutBucketEncryption",
        get: "GetBucketEncryption",
        none: Without::Operation("DeleteBucketEncryption"),
        within: Some("ServerSideEncryptionConfiguration"),
        spelling: &[
            Name("ServerSideEncryptionConfiguration", "Rules"),
            Name("ServerSideEncryptionByDefault", "ApplyServerSideEncryptionByDefault"),
        ],
        shape: Shape::Same,
    },
    Setting {
        property: "CorsConfiguration",
        member: "CORSConfiguration",
        put: "PutBucketCors",
        get: "GetBucketCors",
        none: Without::Operation("DeleteBucketCors"),
        within: None,
        spelling: &[
            Name("CorsRules", "CORSRules"),
            Name("ExposedHeaders", "ExposeHeaders"),
            Name("Id", "ID"),
            Name("MaxAge", "MaxAgeSeconds"),
        ],
        shape: Shape::Same,
    },
    Setting {
        property: "LifecycleConfiguration",
        member: "LifecycleConfiguration",
        put: "PutBucketLifecycleConfiguration",
        get: "GetBucketLifecycleConfiguration",
        none: Without::Operation("DeleteBucketLifecycle"),
        within: None,
        spelling: &[],
        shape: Shape::Other(lifecycle::as_api, lifecycle::as_template, "TransitionDefaultMinimumObjectSize"),
    },
    Setting {
        property: "NotificationConfiguration",
        member: "NotificationConfiguration",
        put: "PutBucketNotificationConfiguration",
        get: "GetBucketNotificationConfiguration",
        none: Without::Value(|| json!({})),
        within: None,
        spelling: &[
            Name("LambdaConfigurations", "LambdaFunctionConfigurations"),
            Name("Function", "LambdaFunctionArn"),
            Name("Queue", "QueueArn"),
            Name("Topic", "TopicArn"),
            Name("S3Key", "Key"),
            Name("Rules", "FilterRules"),
            One("Event", "Events"),
            Hidden("Id"),
        ],
        shape: Shape::Same,
    },
    Setting {
        property: "ObjectLockConfiguration",
        member: "ObjectLockConfiguration",
        put: "PutObjectLockConfiguration",
        get: "GetObjectLockConfiguration",
        // A bucket keeps its lock, without a rule.
        none: Without::Value(|| json!({})),
        within: Some("ObjectLockConfiguration"),
        spelling: &[Always("ObjectLockEnabled", "Enabled")],
        shape: Shape::Same,
    },
    Setting {
        property: "OwnershipControls",
        member: "OwnershipControls",
        put: "PutBucketOwnershipControls",
        get: "GetBucketOwnershipControls",
        none: Without::Operation("DeleteBucketOwnershipControls"),
        within: Some("OwnershipControls"),
        spelling: &[],
        shape: Shape::Same,
    },
    Setting {
        property: "PublicAccessBlockConfiguration",
        member: "PublicAccessBlockConfiguration",
        put: "PutPublicAccessBlock",
        get: "GetPublicAccessBlock",
        none: Without::Operation("DeletePublicAccessBlock"),
        within: Some("PublicAccessBlockConfiguration"),
        spelling: &[],
        shape: Shape::Same,
    },
    Setting {
        property: "ReplicationConfiguration",
        member: "ReplicationConfiguration",
        put: "PutBucketReplication",
        get: "GetBucketReplication",
        none: Without::Operation("DeleteBucketReplication"),
        within: Some("ReplicationConfiguration"),
        spelling: &[Name("Id", "ID"), Name("TagFilter", "Tag"), Name("TagFilters", "Tags")],
        shape: Shape::Same,
    },
    Setting {
        property: "WebsiteConfiguration",
        member: "WebsiteConfiguration",
        put: "PutBucketWebsite",
        get: "GetBucketWebsite",
        none: Without::Operation("DeleteBucketWebsite"),
        within: None,
        spelling: &[
            Within("IndexDocument", "Suffix"),
            Within("ErrorDocument", "Key"),
            Name("RedirectRule", "Redirect"),
            Name("RoutingRuleCondition", "Condition"),
        ],
        shape: Shape::Same,
    },
];

pub fn create(cx: &mut Cx, bucket: &str, properties: &Properties) -> Result<()> {
    SETTINGS.iter().try_for_each(|it| match properties.get(it.property) {
        Some(wanted) => it.put(cx, bucket, wanted),
        None => Ok(()),
    })
}

pub fn update(cx: &mut Cx, bucket: &str, before: &Properties, after: &Properties) -> Result<()> {
    SETTINGS.iter().try_for_each(|it| match (before.get(it.property), after.get(it.property)) {
        (before, after) if before == after => Ok(()),
        (_, Some(wanted)) => it.put(cx, bucket, wanted),
        (_, None) => it.delete(cx, bucket),
    })
}

/// Those that there are, as a template spells them.
pub fn read(cx: &mut Cx, bucket: &str) -> Result<Properties> {
    let mut found = Properties::new();
    for it in &SETTINGS {
        if let Some(value) = it.get(cx, bucket)? {
            found.insert(it.property.to_owned(), value);
        }
    }
    Ok(found)
}

impl Setting {
    fn put(&self, cx: &mut Cx, bucket: &str, wanted: &Json) -> Result<()> {
        let mut input = vec![("Bucket", bucket.to_owned().into())];
        let wanted = match self.shape {
            Shape::Same => self.as_api(wanted),
            Shape::Other(as_api, _, beside) => {
                input.extend(wanted.get(beside).and_then(Json::as_str).map(|it| (beside, it.to_owned().into())));
                as_api(wanted)
            }
        };
        let mut wanted = wanted;
        for spelling in self.spelling {
            if let (Always(name, value), Some(members)) = (spelling, wanted.as_object_mut()) {
                members.entry(*name).or_insert(json!(value));
            }
        }
        input.push((self.member, value_of(self.member_shape(), &wanted)));
        cx.call_by_name("s3", self.put, Value::Structure(input)).map(drop)
    }

    fn delete(&self, cx: &mut Cx, bucket: &str) -> Result<()> {
        let delete = match self.none {
            Without::Operation(name) => name,
            Without::Value(value) => return self.put(cx, bucket, &value()),
        };
        let input = Value::Structure(vec![("Bucket", bucket.to_owned().into())]);
        cx.call_by_name("s3", delete, input).map(drop)
    }

    fn get(&self, cx: &mut Cx, bucket: &str) -> Result<Option<Json>> {
        let input = Value::Structure(vec![("Bucket", bucket.to_owned().into())]);
        let output = match cx.call_by_name("s3", self.get, input) {
            Ok(output) => output,
            // The bucket has none.
            Err(error) if is_absence(error.code()) => return Ok(None),
            Err(error) => return Err(error),
        };
        let value = match self.within {
            Some(member) => output.get(member).cloned().unwrap_or(Value::Null),
            None => output,
        };
        let json = document_to_json(&value);
        let found = match self.shape {
            Shape::Same => self.as_template(json),
            Shape::Other(_, as_template, _) => as_template(json),
        };
        Ok(Some(found).filter(|it| it.as_object().is_none_or(|it| !it.is_empty())))
    }

    fn member_shape(&self) -> ShapeId {
        let operation = model().operations.values().find(|it| it.name == self.put);
        let input = operation.and_then(|it| model().structure(it.input?)).expect("the model has it");
        input.members.iter().find(|it| it.name == self.member).expect("the input has it").shape
    }

    fn as_api(&self, json: &Json) -> Json {
        match json {
            Json::Object(members) => {
                Json::Object(members.iter().map(|(name, it)| self.member_of_api(name, it)).collect())
            }
            Json::Array(items) => Json::Array(items.iter().map(|it| self.as_api(it)).collect()),
            other => other.clone(),
        }
    }

    fn member_of_api(&self, name: &str, value: &Json) -> (String, Json) {
        let inner = || self.as_api(value);
        let spelled = self.spelling.iter().find_map(|it| match it {
            Name(template, api) if *template == name => Some(((*api).to_owned(), inner())),
            Within(template, member) if *template == name => Some((name.to_owned(), json!({ *member: value }))),
            One(template, api) if *template == name => Some(((*api).to_owned(), json!([value]))),
            Name(..) | Within(..) | One(..) | Hidden(_) | Always(..) => None,
        });
        spelled.unwrap_or_else(|| (name.to_owned(), inner()))
    }

    fn as_template(&self, json: Json) -> Json {
        match json {
            Json::Object(members) => {
                let spelled: Map<String, Json> =
                    members.into_iter().filter_map(|(name, it)| self.member_of_template(name, it)).collect();
                Json::Object(spelled)
            }
            Json::Array(items) => Json::Array(items.into_iter().map(|it| self.as_template(it)).collect()),
            other => other,
        }
    }

    fn member_of_template(&self, name: String, value: Json) -> Option<(String, Json)> {
        for spelling in self.spelling {
            match spelling {
                Hidden(hidden) if *hidden == name => return None,
                Name(template, api) if *api == name => return Some(((*template).to_owned(), self.as_template(value))),
                Within(template, member) if *template == name => return Some((name, value[*member].clone())),
                One(template, api) if *api == name => return Some(((*template).to_owned(), value[0].clone())),
                Name(..) | Within(..) | One(..) | Hidden(_) | Always(..) => {}
            }
        }
        Some((name, self.as_template(value)))
    }
}

/// How the operations that get a configuration say that a bucket has none.
fn is_absence(code: &str) -> bool {
    (code.starts_with("NoSuch") && code != "NoSuchBucket") || code.ends_with("NotFoundError")
}

/// A value of a shape, from JSON with the names of the model's members. What has another type is left out, for the
/// operation to say that it is missing.
fn value_of(shape: ShapeId, json: &Json) -> Value {
    match (&model().shape(shape).kind, json) {
        (Kind::Structure(structure), Json::Object(given)) => {
            let members = structure.members.iter();
            let found = members.filter_map(|it| Some((it.name, value_of(it.shape, given.get(it.name)?))));
            Value::Structure(found.filter(|it| it.1 != Value::Null).collect())
        }
        (Kind::List { member }, Json::Array(items)) => {
            Value::List(items.iter().map(|it| value_of(member.shape, it)).collect())
        }
        (Kind::String | Kind::Enum(_), Json::String(text)) => Value::String(text.clone()),
        (Kind::Timestamp, Json::String(text)) => parse_timestamp(text).map_or(Value::Null, Value::Timestamp),
        (Kind::Bool, Json::Bool(it)) => Value::Bool(*it),
        (Kind::Integer | Kind::Long, Json::Number(it)) => it.as_i64().map_or(Value::Null, Value::Integer),
        _ => Value::Null,
    }
}

fn model() -> &'static model::Service {
    model::service("s3").expect("the catalog has S3")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_and_the_api_are_spelled_into_each_other() {
        for (property, template, api) in [
            (
                "CorsConfiguration",
                json!({"CorsRules": [{"Id": "a", "AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": 5}]}),
                json!({"CORSRules": [{"ID": "a", "AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 5}]}),
            ),
            (
                "NotificationConfiguration",
                json!({"QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": "q", "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "a"}]}}}]}),
                json!({"QueueConfigurations": [{"Events": ["s3:ObjectCreated:*"], "QueueArn": "q", "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a"}]}}}]}),
            ),
            (
                "WebsiteConfiguration",
                json!({"IndexDocument": "i.html", "RoutingRules": [{"RedirectRule": {"ReplaceKeyWith": "k"}}]}),
                json!({"IndexDocument": {"Suffix": "i.html"}, "RoutingRules": [{"Redirect": {"ReplaceKeyWith": "k"}}]}),
            ),
        ] {
            let setting = SETTINGS.iter().find(|it| it.property == property).expect("there is one");
            assert_eq!(setting.as_api(&template), api);
            assert_eq!(setting.as_template(api), template);
        }
    }
}
