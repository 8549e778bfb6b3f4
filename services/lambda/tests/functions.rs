//! Functions: created, described, changed, deleted, and what is refused.

mod world;

use api::lambda::{
    CreateFunction, DeleteFunction, Environment, FunctionCode, GetFunction, GetFunctionConfiguration, ListFunctions,
    ListTags, TagResource, TracingConfig, UntagResource, UpdateFunctionCode, UpdateFunctionConfiguration, VpcConfig,
};
use api::s3::{CreateBucket, PutObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use world::{ROLE, World, described, zipped};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

fn named(name: &str) -> GetFunction {
    GetFunction { function_name: name.to_owned(), qualifier: None }
}

#[tokio::test]
async fn a_function_has_awss_defaults_and_is_described_by_all_its_names() {
    let world = World::new().await;
    let created = world.cloud.call(described("f", "index.echo")).await.unwrap();
    assert_eq!(created.state.as_deref(), Some("Pending"));
    assert_eq!(created.last_modified.as_deref(), Some("2025-09-06T12:00:00.000+0000"));
    for name in ["f", "f:$LATEST", "000000000000:function:f", ARN] {
        let found = world.cloud.call(named(name)).await.unwrap();
        let it = found.configuration.unwrap();
        assert_eq!(it.function_arn.as_deref(), Some(ARN));
        assert_eq!((it.state.as_deref(), it.last_update_status.as_deref()), (Some("Active"), Some("Successful")));
        assert_eq!((it.timeout, it.memory_size), (Some(3), Some(128)));
        assert_eq!(it.ephemeral_storage.unwrap().size, 512);
        assert_eq!(it.architectures.unwrap(), ["x86_64"]);
        assert_eq!((it.version.as_deref(), it.package_type.as_deref()), (Some("$LATEST"), Some("Zip")));
        assert_eq!(it.tracing_config.unwrap().mode.as_deref(), Some("PassThrough"));
        assert_eq!(it.logging_config.unwrap().log_group.as_deref(), Some("/aws/lambda/f"));
        let zip = zipped("x = 1");
        assert_eq!(it.code_sha256.unwrap(), BASE64.encode(Sha256::digest(&zip)));
        assert_eq!(it.code_size, Some(zip.len() as i64));
        assert_eq!(it.revision_id, created.revision_id);
    }
}

#[tokio::test]
async fn what_cannot_be_created_is_refused_in_awss_words() {
    let world = World::new().await;
    world.function("f", "index.echo").await;
    let untrusting = world.role("untrusting", "ec2.amazonaws.com", "*").await;
    let base = || described("g", "index.echo");
    let code = |zip: &[u8]| FunctionCode { zip_file: Some(zip.to_vec().into()), ..FunctionCode::default() };
    let variables =
        |name: &str| Some(Environment { variables: Some(BTreeMap::from([(name.to_owned(), "x".to_owned())])) });
    let assumed = "The role defined for the function cannot be assumed by Lambda.";
    let cases: Vec<(CreateFunction, &str, &str)> = vec![
        (described("f", "index.echo"), "ResourceConflictException", "Function already exist: f"),
        (CreateFunction { role: untrusting, ..base() }, "InvalidParameterValueException", assumed),
        (
            CreateFunction { role: ROLE.replace("worker", "nobody"), ..base() },
            "InvalidParameterValueException",
            assumed,
        ),
        (
            CreateFunction { code: code(b"not a zip"), ..base() },
            "InvalidParameterValueException",
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ),
        (
            CreateFunction { code: FunctionCode::default(), ..base() },
            "InvalidParameterValueException",
            "Please provide a source for function code.",
        ),
        (
            CreateFunction { handler: None, ..base() },
            "InvalidParameterValueException",
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ),
        (
            CreateFunction { environment: variables("AWS_REGION"), ..base() },
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION",
        ),
        (
            CreateFunction { timeout: Some(901), ..base() },
            "ValidationException",
            "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
        ),
        (
            CreateFunction {
                vpc_config: Some(VpcConfig { subnet_ids: Some(vec!["subnet-1".to_owned()]), ..VpcConfig::default() }),
                ..base()
            },
            "InvalidParameterValueException",
            "Niebla does not support VpcConfig of functions yet.",
        ),
        (
            CreateFunction { tracing_config: Some(TracingConfig { mode: Some("Active".to_owned()) }), ..base() },
            "InvalidParameterValueException",
            "Niebla does not support TracingConfig Active of functions yet.",
        ),
        (
            CreateFunction { runtime: Some("ruby3.3".to_owned()), ..base() },
            "InvalidParameterValueException",
            "The runtime ruby3.3 is not available in Niebla yet.",
        ),
    ];
    for (input, code, message) in cases {
        let error = world.cloud.call(input).await.expect_err(message);
        assert_eq!((error.code(), error.message()), (code, message));
    }
    let error = world.cloud.call(named("g")).await.unwrap_err();
    assert_eq!(error.code(), "ResourceNotFoundException");
    assert_eq!(error.message(), "Function not found: arn:aws:lambda:us-east-1:000000000000:function:g");
}

#[tokio::test]
async fn there_is_no_version_but_the_latest() {
    let world = World::new().await;
    world.function("f", "index.echo").await;
    let input = GetFunction { function_name: "f".to_owned(), qualifier: Some("live".to_owned()) };
    let error = world.cloud.call(input).await.unwrap_err();
    assert_eq!(error.message(), format!("Function not found: {ARN}:live"));
}

#[tokio::test]
async fn code_and_configuration_change_with_the_revision() {
    let world = World::new().await;
    let created = world.cloud.call(described("f", "index.echo")).await.unwrap();
    let changed = world
        .cloud
        .call(UpdateFunctionConfiguration {
            function_name: "f".to_owned(),
            timeout: Some(7),
            memory_size: Some(256),
            revision_id: created.revision_id.clone(),
            ..UpdateFunctionConfiguration::default()
        })
        .await
        .unwrap();
    assert_eq!(changed.last_update_status.as_deref(), Some("InProgress"));
    let error = world
        .cloud
        .call(UpdateFunctionCode {
            function_name: "f".to_owned(),
            zip_file: Some(zipped("y = 2").into()),
            revision_id: created.revision_id,
            ..UpdateFunctionCode::default()
        })
        .await
        .unwrap_err();
    assert_eq!(error.code(), "PreconditionFailedException");
    let zip = zipped("y = 2");
    let update = UpdateFunctionCode {
        function_name: "f".to_owned(),
        zip_file: Some(zip.clone().into()),
        ..UpdateFunctionCode::default()
    };
    world.cloud.call(update).await.unwrap();
    let input = GetFunctionConfiguration { function_name: "f".to_owned(), qualifier: None };
    let it = world.cloud.call(input).await.unwrap();
    assert_eq!((it.timeout, it.memory_size), (Some(7), Some(256)));
    assert_eq!(it.code_sha256.unwrap(), BASE64.encode(Sha256::digest(&zip)));
    assert_ne!(it.revision_id, changed.revision_id);
}

#[tokio::test]
async fn functions_are_listed_in_pages_tagged_and_deleted() {
    let world = World::new().await;
    for name in ["a", "b", "c"] {
        world.function(name, "index.echo").await;
    }
    let mut names = Vec::new();
    let mut marker = None;
    loop {
        let input = ListFunctions { max_items: Some(2), marker, ..ListFunctions::default() };
        let page = world.cloud.call(input).await.unwrap();
        names.extend(page.functions.unwrap().into_iter().filter_map(|it| it.function_name));
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(names, ["a", "b", "c"]);
    let resource = "arn:aws:lambda:us-east-1:000000000000:function:a".to_owned();
    let tags = BTreeMap::from([("k".to_owned(), "v".to_owned()), ("l".to_owned(), "w".to_owned())]);
    world.cloud.call(TagResource { resource: resource.clone(), tags }).await.unwrap();
    world.cloud.call(UntagResource { resource: resource.clone(), tag_keys: vec!["k".to_owned()] }).await.unwrap();
    let tags = world.cloud.call(ListTags { resource }).await.unwrap().tags.unwrap();
    assert_eq!(tags, BTreeMap::from([("l".to_owned(), "w".to_owned())]));
    let delete = || DeleteFunction { function_name: "a".to_owned(), qualifier: None };
    world.cloud.call(delete()).await.unwrap();
    assert_eq!(world.cloud.call(delete()).await.unwrap_err().code(), "ResourceNotFoundException");
}

fn resource_type(name: &str) -> &'static ResourceType {
    lambda::service().resource_types.into_iter().find(|it| it.name == name).unwrap()
}

fn properties(json: serde_json::Value) -> Properties {
    json.as_object().unwrap().clone()
}

#[tokio::test]
async fn cloudformation_makes_changes_and_deletes_functions() {
    let world = World::new().await;
    let function = resource_type("AWS::Lambda::Function");
    let before = properties(json!({
        "Runtime": "python3.13", "Handler": "index.echo", "Role": ROLE, "Timeout": "10",
        "Code": { "ZipFile": "x = 1" }, "Environment": { "Variables": { "NUMBER": 1 } }
    }));
    let new = New {
        properties: before.clone(),
        generated_name: "stack-Function-1A2B3C4D5E6F".to_owned(),
        logical_id: "Function".to_owned(),
        stack_name: "stack".to_owned(),
        stack_id: String::new(),
        tags: vec![("aws:cloudformation:stack-name".to_owned(), "stack".to_owned())],
    };
    let made = world.cloud.write(move |cx| (function.create)(cx, &new)).await.unwrap();
    let physical_id = "stack-Function-1A2B3C4D5E6F".to_owned();
    assert_eq!(made, Progress::Done { physical_id: physical_id.clone() });
    let after = properties(json!({
        "Runtime": "python3.13", "Handler": "index.echo", "Role": ROLE,
        "Code": { "ZipFile": "x = 2" }, "Tags": [{ "Key": "k", "Value": "v" }]
    }));
    let change = Change {
        physical_id: physical_id.clone(),
        before,
        after: after.clone(),
        logical_id: "Function".to_owned(),
        stack_name: "stack".to_owned(),
        stack_id: String::new(),
        tags: Vec::new(),
        tags_before: Vec::new(),
    };
    world.cloud.write(move |cx| (function.update)(cx, &change)).await.unwrap();
    let found = world.cloud.call(named(&physical_id)).await.unwrap();
    let it = found.configuration.unwrap();
    assert_eq!((it.timeout, it.environment), (Some(3), None));
    assert_eq!(found.tags.unwrap().get("k").map(String::as_str), Some("v"));
    let existing = || Existing { physical_id: physical_id.clone(), properties: after.clone() };
    let it = existing();
    let attributes = world.cloud.write(move |cx| (function.attributes)(cx, &it)).await.unwrap();
    assert_eq!(attributes["Arn"], format!("arn:aws:lambda:us-east-1:000000000000:function:{physical_id}"));
    let it = existing();
    world.cloud.write(move |cx| (function.delete)(cx, &it)).await.unwrap();
    assert!(world.cloud.call(named(&physical_id)).await.is_err());
}

#[tokio::test]
async fn a_transaction_creates_functions_of_code_in_s3() {
    let world = World::new().await;
    world.cloud.call(CreateBucket { bucket: "code".to_owned(), ..CreateBucket::default() }).await.unwrap();
    let in_s3 = |key: &str| {
        let code =
            FunctionCode { s3_bucket: Some("code".to_owned()), s3_key: Some(key.to_owned()), ..Default::default() };
        CreateFunction { code, ..described("f", "index.echo") }
    };
    // Larger than what S3 keeps in a row, and not compressed.
    let noise: String = (0..60_000u32).map(|it| format!("{:08x}", it.wrapping_mul(2_654_435_761))).collect();
    for (key, zip) in [("small", zipped("x = 1")), ("large", zipped(&noise))] {
        let (create, put) = (in_s3(key), zip.clone());
        let made = world.cloud.write(move |cx| {
            let body = Some(put.into());
            cx.call(PutObject { bucket: "code".to_owned(), key: key.to_owned(), body, ..PutObject::default() })?;
            cx.call(create)
        });
        let made = made.await.unwrap();
        assert_eq!(made.code_sha256.unwrap(), BASE64.encode(Sha256::digest(&zip)), "{key}");
        world.cloud.call(DeleteFunction { function_name: "f".to_owned(), qualifier: None }).await.unwrap();
    }
    let none = in_s3("none");
    let refused = world.cloud.write(move |cx| cx.call(none)).await.unwrap_err();
    assert_eq!(
        refused.message(),
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."
    );
}
