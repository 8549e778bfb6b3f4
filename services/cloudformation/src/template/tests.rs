use super::evaluate::{Made, Place, Scope};
use super::*;
use proptest::prelude::*;
use serde_json::json;

fn refusal(body: &str) -> String {
    parse(body).expect_err(body).message().to_owned()
}

#[test]
fn what_is_no_template_is_refused_as_aws_says_it() {
    let queue = "{Type: 'AWS::SQS::Queue'}";
    let cases = [
        ("just a text".to_owned(), "Template format error: unsupported structure."),
        ("- a\n- b".to_owned(), "Template format error: unsupported structure."),
        ("{\"Resources\": {".to_owned(), "Template format error: JSON not well-formed. (line 1, column 15)"),
        ("Description: x".to_owned(), "Template format error: At least one Resources member must be defined."),
        ("Resources: {}".to_owned(), "Template format error: At least one Resources member must be defined."),
        (format!("Foo: 1\nResources: {{Q: {queue}}}"), "Invalid template property or properties [Foo]"),
        (
            "Resources: {Q: {}}".to_owned(),
            "Template format error: [/Resources/Q] Every Resources object must contain a Type member.",
        ),
        ("Resources: {Q: {Type: 'AWS::SQS::Queue', Foo: 1}}".to_owned(), "Invalid template resource property 'Foo'"),
        (format!("Resources: {{a-b: {queue}}}"), "Template format error: Resource name a-b is non alphanumeric."),
        (
            "Resources: {Q: {Type: 'AWS::X::Y'}}".to_owned(),
            "Template format error: Unrecognized resource types: [AWS::X::Y]",
        ),
        (
            "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Ref X}}}".to_owned(),
            "Template format error: Unresolved resource dependencies [X] in the Resources block of the template",
        ),
        (
            "Resources: {Q: {Type: 'AWS::SQS::Queue', DependsOn: X}}".to_owned(),
            "Template format error: Unresolved resource dependencies [X] in the Resources block of the template",
        ),
        (
            "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !GetAtt X.Arn}}}".to_owned(),
            "Template error: instance of Fn::GetAtt references undefined resource X",
        ),
        (
            format!("Resources: {{Q: {queue}}}\nOutputs: {{O: {{Value: !Ref X}}}}"),
            "Template format error: Unresolved resource dependencies [X] in the Outputs block of the template",
        ),
        (
            "Resources: {A: {Type: 'AWS::SQS::Queue', DependsOn: B}, B: {Type: 'AWS::SQS::Queue', DependsOn: A}}"
                .to_owned(),
            "Circular dependency between resources: [A, B]",
        ),
        (
            "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: null}}}".to_owned(),
            "Template format error: [/Resources/Q/Properties/QueueName] 'null' values are not allowed in templates",
        ),
        (
            format!("Transform: AWS::Serverless-2016-10-31\nResources: {{Q: {queue}}}"),
            "Niebla does not support the transform AWS::Serverless-2016-10-31 yet.",
        ),
        (
            "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: '{{resolve:ssm:x}}'}}}".to_owned(),
            "Niebla does not support dynamic references ({{resolve:ssm:x}}, at /Resources/Q/Properties/QueueName) yet.",
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(refusal(&body), expected, "{body}");
    }
}

#[test]
fn expressions_give_what_aws_documents() {
    let template = parse(
        r#"
        Parameters:
          Env: {Type: String, Default: prod}
          Ports: {Type: CommaDelimitedList, Default: "80,443"}
        Mappings:
          Sizes: {prod: {wait: 20}, dev: {wait: 0}}
        Conditions:
          IsProd: !Equals [!Ref Env, prod]
          IsDev: !Not [!Condition IsProd]
          Either: !Or [!Condition IsProd, !Condition IsDev]
          Both: !And [!Condition IsProd, !Condition IsDev]
        Resources:
          Q: {Type: AWS::SQS::Queue}
        "#,
    )
    .unwrap();
    let values = BTreeMap::from([("Env".to_owned(), "prod".to_owned()), ("Ports".to_owned(), "80,443".to_owned())]);
    let place = Place {
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        partition: "aws".to_owned(),
        stack_id: "arn:stack".to_owned(),
        stack_name: "s".to_owned(),
    };
    let imports = |name: &str| (name == "Shared").then(|| "imported".to_owned());
    let mut scope = Scope::new(&template, place, &values, &imports).unwrap();
    let attributes = json!({"Arn": "arn:q", "Endpoint": {"Port": "5432"}}).as_object().unwrap().clone();
    scope.resources.insert("Q".to_owned(), Made { physical_id: "http://q".to_owned(), attributes });
    let conditions: Vec<bool> = ["IsProd", "IsDev", "Either", "Both"].iter().map(|it| scope.conditions[*it]).collect();
    assert_eq!(conditions, [true, false, true, false]);
    let cases = [
        ("!Ref Env", json!("prod")),
        ("!Ref Ports", json!(["80", "443"])),
        ("!Ref Q", json!("http://q")),
        ("!GetAtt Q.Arn", json!("arn:q")),
        ("!GetAtt Q.Endpoint.Port", json!("5432")),
        ("!Ref AWS::AccountId", json!("123456789012")),
        ("!Sub '${AWS::StackName}-${Env}-${Q.Arn}-${!Env}'", json!("s-prod-arn:q-${Env}")),
        ("!Sub ['${x}', {x: !Select [1, !Ref Ports]}]", json!("443")),
        ("!If [IsProd, a, b]", json!("a")),
        ("{a: !If [IsDev, 1, !Ref AWS::NoValue], b: 2}", json!({"b": 2})),
        ("!FindInMap [Sizes, !Ref Env, wait]", json!(20)),
        ("!Join [',', !Ref Ports]", json!("80,443")),
        ("{'Fn::Base64': !Sub '${Env}'}", json!("cHJvZA==")),
        ("!GetAZs ''", json!(["eu-west-1a", "eu-west-1b", "eu-west-1c"])),
        ("{'Fn::ImportValue': !Sub Shared}", json!("imported")),
    ];
    for (text, expected) in cases {
        let tree = yaml::parse(&format!("x: {text}")).unwrap()["x"].clone();
        assert_eq!(scope.evaluate(&tree).unwrap().unwrap(), expected, "{text}");
    }
    let failing = [
        ("!FindInMap [Sizes, nope, wait]", "Template error: Unable to get mapping for Sizes::nope::wait"),
        (
            "!FindInMap [Nope, a, b]",
            "Template error: Mapping named 'Nope' is not present in the 'Mappings' section of template.",
        ),
        ("!ImportValue Nope", "No export named Nope found"),
        ("!GetAtt Q.Nope", "Template error: resource Q does not support attribute type Nope in Fn::GetAtt"),
    ];
    for (text, expected) in failing {
        let tree = yaml::parse(&format!("x: {text}")).unwrap()["x"].clone();
        assert_eq!(scope.evaluate(&tree).unwrap_err().message(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(body in "\\PC{0,200}") {
        let _ = parse(&body);
    }

    #[test]
    fn no_soup_of_template_words_makes_the_parser_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "Resources:", "\n", "  ", "- ", "!Ref ", "!Sub ", "!GetAtt ", "!If ", "[", "]", "{", "}", "a", ": ", ",", "'", "\"", "${", "&x ", "*x",
                "Type: AWS::SQS::Queue", "Properties:", "Fn::Join: ", "Outputs:", "Parameters:", "Conditions:", "null", "|", ">", "#", "!!str ", "%", "\t",
            ]),
            0..60,
        )
    ) {
        let _ = parse(&words.concat());
    }
}
