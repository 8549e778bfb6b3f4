//! Languages that operations read: sent through the door, where a panic would be answered as an internal failure.

use super::Target;
use crate::drivers;
use crate::history::root;
use crate::world::World;
use api::cloudformation::{CreateChangeSet, DeleteStack, ValidateTemplate};
use api::logs::{CreateLogGroup, CreateLogStream, FilterLogEvents, InputLogEvent, PutLogEvents};
use model::Result;
use model::typed::Operation;
use std::sync::OnceLock;
use tokio::runtime::Runtime;

pub const TEMPLATE: Target = Target {
    name: "template",
    corpus: &[
        b"Parameters:\n  P: {Type: String, Default: a, AllowedPattern: '[a-z]*'}\n  L: {Type: CommaDelimitedList, Default: 'a,b'}\nMappings: {M: {a: {b: c}}}\nConditions: {C: !And [!Equals [!Ref P, a], !Not [!Equals [a, b]]]}\nResources:\n  Q:\n    Type: AWS::SQS::Queue\n    Condition: C\n    DependsOn: R\n    Properties: {QueueName: !Sub '${P}-${AWS::StackName}', DelaySeconds: !If [C, 1, !Ref AWS::NoValue], Tags: [{Key: k, Value: !Join [',', !Ref L]}]}\n  R: {Type: AWS::SQS::Queue, Properties: {QueueName: !FindInMap [M, a, b]}}\nOutputs: {O: {Value: !GetAtt Q.Arn, Export: {Name: !Select [0, !Split ['-', !Ref 'AWS::Region']]}}}\n",
        br#"{"AWSTemplateFormatVersion":"2010-09-09","Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Fn::Sub":["${a}",{"a":{"Fn::Base64":"x"}}]},"DelaySeconds":{"Fn::Select":[1,{"Fn::Cidr":["10.0.0.0/16",4,8]}]}}}}}"#,
        b"Transform: AWS::LanguageExtensions\nResources:\n  'Fn::ForEach::Loop':\n    - X\n    - [a, b, c]\n    - 'Q${X}': {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${X}', DelaySeconds: !Length [1, 2]}}\nOutputs: {J: {Value: !ToJsonString {a: b}}}\n",
        b"Rules: {R: {RuleCondition: {'Fn::Equals': [a, a]}, Assertions: [{Assert: {'Fn::Contains': [[a], !Ref P]}}]}}\nParameters: {P: {Type: Number, Default: 1, MinValue: 0}}\nResources: {H: {Type: AWS::CloudFormation::WaitConditionHandle}}\n",
    ],
    words: &[
        "\n", "  ", "- ", ": ", "!Ref ", "!Sub ", "!GetAtt ", "!If [", "[", "]", "{", "}", "'", "\"", "${", "${a.b}", "&{X}", "&x ", "*x", "<<: *x", "'Fn::ForEach::L': [X, [a, b], ", "Fn::Join: ",
        "Fn::FindInMap: ", "{DefaultValue: 1}", "AWS::NoValue", "DependsOn: Q", "Condition: C", "null", "|", ">", "#", "!!binary ", "? ", "%YAML", "---", "\t", "Resources:", "Properties:",
    ],
    run: template,
};

pub const FILTER_PATTERN: Target = Target {
    name: "filter-pattern",
    corpus: &[
        b"ERROR ?WARN -\"not this\"",
        br#"{ ($.a.b[0] = "x*" && $.n >= 1.5e3) || $.c IS NULL || $.d NOT EXISTS || $.ip = %10\.0\.\d+% }"#,
        b"[ip, user, ..., status = 4*, bytes > 1000 && bytes < 2000]",
        b"%^a[b-z]{2,5}(c|d)+$%",
    ],
    words: &[
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "$.",
        "$",
        "&&",
        "||",
        "=",
        "!=",
        ">=",
        "<",
        "*",
        "?",
        "-",
        "\"",
        "\\\"",
        "%",
        "...",
        "IS TRUE",
        "NOT EXISTS",
        "IN",
        ",",
        "a",
        "1e400",
        "^",
        ".*",
        "{1000}",
    ],
    run: filter_pattern,
};

fn template(input: &[u8]) {
    // A name is part of what is stored: only texts can be sent.
    let Ok(text) = std::str::from_utf8(input) else { return };
    if text.is_empty() {
        return;
    }
    survived(call(ValidateTemplate { template_body: Some(text.to_owned()), template_url: None }));
    let made = call(CreateChangeSet {
        stack_name: "app".to_owned(),
        change_set_name: "c".to_owned(),
        change_set_type: Some("CREATE".to_owned()),
        template_body: Some(text.to_owned()),
        ..CreateChangeSet::default()
    });
    if survived(made) {
        survived(call(DeleteStack { stack_name: "app".to_owned(), ..DeleteStack::default() }));
    }
}

fn filter_pattern(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let input = FilterLogEvents {
        log_group_name: Some("g".to_owned()),
        filter_pattern: Some(text.to_owned()),
        ..FilterLogEvents::default()
    };
    survived(call(input));
}

/// Whether it was done; a refusal is an answer, an internal failure is none.
pub fn survived<T>(answer: Result<T>) -> bool {
    if let Err(error) = &answer {
        assert!(error.shape().status < 500, "{error}");
    }
    answer.is_ok()
}

pub fn call<I: Operation>(input: I) -> Result<I::Output> {
    let (runtime, world) = shared();
    runtime.block_on(root(world).call(input))
}

/// One world for all inputs: to make one takes as long as a hundred of them.
fn shared() -> &'static (Runtime, World) {
    static SHARED: OnceLock<(Runtime, World)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let runtime = Runtime::new().expect("a runtime can be made");
        let services = || {
            vec![
                cloudformation::service(),
                ::dynamodb::service(),
                iam::service(),
                logs::service(),
                sqs::service(),
                sts::service(),
            ]
        };
        let world = runtime.block_on(async {
            let world = World::new(1, move || (services(), drivers::echoing()));
            fill(&world).await.expect("events can be put into a new group");
            world
        });
        (runtime, world)
    })
}

/// Events for patterns to look at.
async fn fill(world: &World) -> Result<()> {
    let cloud = root(world);
    super::dynamodb::fill(&cloud).await?;
    let (group, stream) = ("g".to_owned(), "s".to_owned());
    cloud.call(CreateLogGroup { log_group_name: group.clone(), ..CreateLogGroup::default() }).await?;
    cloud.call(CreateLogStream { log_group_name: group.clone(), log_stream_name: stream.clone() }).await?;
    let messages = [
        "ERROR something failed at 10.0.0.1".to_owned(),
        r#"{"a":{"b":["xyz"]},"n":1600,"c":null,"ip":"10.0.0.12"}"#.to_owned(),
        "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534".to_owned(),
        "a".repeat(20_000),
    ];
    let timestamp = cloud.now().0;
    let log_events = messages.into_iter().map(|message| InputLogEvent { timestamp, message }).collect();
    let input = PutLogEvents { log_group_name: group, log_stream_name: stream, log_events, ..PutLogEvents::default() };
    cloud.call(input).await.map(drop)
}
