//! Whoever sends whatever a model lets them send, and what it forbids: no call panics, and what is missing is named.
//!
//! The inputs are made from the models, so a new operation is attacked as soon as it is in a table of contents.

use crate::World;
use crate::history::Dice;
use kernel::Service;
use model::{Kind, Member, Result, ShapeId, Structure, Timestamp, Value};
use std::panic::PanicHookInfo;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A call that waits longer than this waits for what will not happen here.
const PATIENCE: Duration = Duration::from_millis(300);
/// Structures within structures; below, only what is required.
const DEPTH: usize = 5;
/// Texts from answers, which later calls use as names, ARNs and tokens.
const MOST_TEXTS: usize = 400;

/// Words that mean something somewhere.
const WORDS: [&str; 24] = [
    "",
    "a",
    "jobs",
    "jobs.fifo",
    "index.handler",
    "python3.13",
    "*",
    "arn:aws:iam::000000000000:role/r",
    "arn:aws:sqs:us-east-1:000000000000:jobs",
    "arn:aws:lambda:us-east-1:000000000000:function:jobs",
    "http://niebla.test/000000000000/jobs",
    "000000000000",
    "true",
    "-1",
    "9999999999999999999",
    "{}",
    ALLOW,
    TRUST,
    TEMPLATE,
    "Resources:\n  Q: {Type: AWS::SQS::Queue, DependsOn: Q}\n",
    "{ $.a = 1 && $.b[0] EXISTS }",
    "Iñtërnâtiônàl 😀\u{0}\u{1b}",
    "%(",
    "../../etc/passwd",
];

/// What members of these names are given most of the time, so that calls reach beyond the first check.
const HINTS: [(&str, &[&str]); 16] = [
    ("RoleName", &["r", "s"]),
    ("UserName", &["r", "s"]),
    ("GroupName", &["r", "s"]),
    ("Role", &["arn:aws:iam::000000000000:role/r"]),
    ("RoleArn", &["arn:aws:iam::000000000000:role/r", "arn:aws:iam::000000000000:role/s"]),
    ("AssumeRolePolicyDocument", &[TRUST]),
    ("PolicyDocument", &[ALLOW]),
    ("PolicyArn", &["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::000000000000:policy/r"]),
    ("FunctionName", &["f", "g"]),
    ("Handler", &["index.handler"]),
    ("Runtime", &["python3.13"]),
    ("EventSourceArn", &["arn:aws:sqs:us-east-1:000000000000:jobs"]),
    ("QueueName", &["jobs", "jobs.fifo"]),
    ("QueueUrl", &["http://niebla.test/000000000000/jobs", "http://niebla.test/000000000000/jobs.fifo"]),
    ("StackName", &["t", "u"]),
    ("TemplateBody", &[TEMPLATE, OTHER_TEMPLATE]),
];

const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*","Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const TEMPLATE: &str =
    r#"{"Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Fn::Sub":"${AWS::StackName}-q"}}}}}"#;
const OTHER_TEMPLATE: &str =
    "Resources:\n  Q: {Type: AWS::SQS::Queue}\n  G: {Type: AWS::Logs::LogGroup, DependsOn: Q}\n";

/// An archive with `index.py` in it.
const ZIP: &[u8] = b"PK\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00!Z\x00\xcf\xf4\x85\x04\x00\x00\x00\x04\x00\x00\x00\x08\x00\x00\x00index.pyx=1\x0aPK\x01\x02\x14\x03\x14\x00\x00\x00\x00\x00\x00\x00!Z\x00\xcf\xf4\x85\x04\x00\x00\x00\x04\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x01\x00\x00\x00\x00index.pyPK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x006\x00\x00\x00*\x00\x00\x00\x00\x00";

/// Plays `calls` random calls against all operations.
///
/// # Panics
/// If anything panicked, or a call failed as only a fault of ours fails; says which.
pub fn play(services: fn() -> Vec<Service>, seed: u64, calls: usize) {
    let panics = watch_panics();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(async {
        let world = World::new(seed, move || (services(), crate::drivers::echoing()));
        let mut inputs = Inputs { dice: Dice::new(seed), texts: WORDS.map(str::to_owned).to_vec() };
        let operations = operations_of(&world);
        for number in 0..calls {
            let (service, operation, shape) = operations[inputs.dice.index(operations.len())];
            let model = model::service(service).expect("a service is named as its model is");
            let input = shape.map_or(Value::Structure(Vec::new()), |it| inputs.value(model, it, 0));
            let shown = format!("{input:?}");
            let call = tokio::time::timeout(PATIENCE, world.call("000000000000", service, operation, input));
            let answer: Result<Value> = match call.await {
                Ok(answer) => answer,
                Err(_) => continue,
            };
            match &answer {
                Ok(output) => inputs.learn(output),
                Err(error) => assert!(
                    error.code() != "InternalFailure",
                    "seed {seed}, call {number}: {service} {operation} {shown}\n{error}\n{:?}",
                    panics.lock().expect("no panic while one is noted")
                ),
            }
            if inputs.dice.index(40) == 0 {
                world.kernel.clock.advance(Duration::from_secs(inputs.dice.index(100_000) as u64));
            }
        }
    });
    let panics = panics.lock().expect("no panic while one is noted").clone();
    assert!(panics.is_empty(), "seed {seed}: {panics:#?}");
}

/// Calls every operation once for each member that its model requires, without that member; how many calls that were.
///
/// # Panics
/// If one is answered with something else than a refusal that names the member.
pub fn missing_members(services: fn() -> Vec<Service>) -> usize {
    refused(services, |_, structure| {
        let required = structure.members.iter().filter(|it| it.required);
        required.map(|it| (it, None)).collect()
    })
}

/// The same for members that are too long, too short, too large, too small, or none of the values that the model lists.
///
/// # Panics
/// As [`missing_members`].
pub fn broken_members(services: fn() -> Vec<Service>) -> usize {
    refused(services, |model, structure| {
        let broken =
            structure.members.iter().map(|it| broken(model, it.shape).into_iter().map(move |bad| (it, Some(bad))));
        broken.flatten().collect()
    })
}

/// What is wrong with a call: this member is not there, or has that value.
type Fault = (&'static Member, Option<Value>);

fn refused(
    services: fn() -> Vec<Service>,
    faults: fn(&'static model::Service, &'static Structure) -> Vec<Fault>,
) -> usize {
    let mut tried = 0;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let wrong: Vec<String> = runtime.block_on(async {
        let world = World::new(1, move || (services(), crate::drivers::echoing()));
        let mut found = Vec::new();
        for (service, operation, shape) in operations_of(&world) {
            let model = model::service(service).expect("a service is named as its model is");
            let Some(structure) = shape.and_then(|it| model.structure(it)) else { continue };
            for (member, value) in faults(model, structure) {
                let others = structure.members.iter().filter(|it| it.required && it.name != member.name);
                let mut input: Vec<_> = others.map(|it| (it.name, plain(model, it.shape))).collect();
                let shown: String = format!("{value:?}").chars().take(60).collect();
                tried += 1;
                input.extend(value.map(|it| (member.name, it)));
                let call = world.call("000000000000", service, operation, Value::Structure(input));
                match tokio::time::timeout(PATIENCE, call).await {
                    Ok(Err(error)) if names(&error, member) && error.shape().status < 500 => {}
                    Ok(answer) => found.push(format!("{service} {operation} {} {shown}: {answer:?}", member.name)),
                    Err(_) => found.push(format!("{service} {operation} {} {shown}: no answer", member.name)),
                }
            }
        }
        found
    });
    assert!(wrong.is_empty(), "{} of {tried} calls:\n{}", wrong.len(), wrong.join("\n"));
    tried
}

/// Values that a shape's constraints forbid.
fn broken(model: &'static model::Service, shape: ShapeId) -> Vec<Value> {
    let shape = model.shape(shape);
    let (min, max) = (shape.constraints.min.map(|it| it as i64), shape.constraints.max.map(|it| it as i64));
    let shorter = min.filter(|it| *it > 0).map(|it| it - 1);
    let longer = max.filter(|it| *it < 20_000).map(|it| it + 1);
    let lengths = shorter.into_iter().chain(longer).map(|it| it as usize);
    match &shape.kind {
        Kind::String => lengths.map(|it| Value::String("a".repeat(it))).collect(),
        Kind::Enum(_) => vec![Value::String("no-such-value".to_owned())],
        Kind::List { member } => lengths.map(|it| Value::List(vec![plain(model, member.shape); it])).collect(),
        Kind::Integer | Kind::Long => {
            let beyond = min.map(|it| it.saturating_sub(1)).into_iter().chain(max.map(|it| it.saturating_add(1)));
            beyond.map(Value::Integer).collect()
        }
        _ => Vec::new(),
    }
}

/// In the message or beside it, as the model or the wire calls it: `storage class`, `x-amz-copy-source`.
fn names(error: &model::Error, member: &Member) -> bool {
    let bare = |text: &str| text.to_lowercase().replace(|it: char| !it.is_alphanumeric(), "");
    let fields = error.fields().iter().filter_map(|it| it.1.as_str());
    let said: String = std::iter::once(error.message()).chain(fields).map(bare).collect();
    [Some(member.name), member.wire.name].into_iter().flatten().any(|it| said.contains(&bare(it)))
}

type Found = (&'static str, &'static str, Option<ShapeId>);

fn operations_of(world: &World) -> Vec<Found> {
    let services = world.kernel.services.values();
    let found = services.flat_map(|service| {
        let name = service.name;
        service.operations.keys().map(move |operation| {
            let known =
                model::service(name).and_then(|it| it.operation(operation)).expect("the table follows the model");
            (name, known.name, known.input)
        })
    });
    found.collect()
}

/// The simplest value that keeps to the lengths and ranges of a shape.
fn plain(model: &'static model::Service, shape: ShapeId) -> Value {
    let shape = model.shape(shape);
    let least = shape.constraints.min.unwrap_or(1.0).max(1.0);
    match &shape.kind {
        Kind::Structure(structure) => {
            let wanted = structure.members.iter().filter(|it| it.required || structure.union);
            let wanted = wanted.take(if structure.union { 1 } else { usize::MAX });
            Value::Structure(wanted.map(|it| (it.name, plain(model, it.shape))).collect())
        }
        Kind::List { member } => Value::List(vec![plain(model, member.shape); least as usize]),
        Kind::Map { value, .. } => Value::Map(vec![("a".to_owned(), plain(model, value.shape))]),
        Kind::String => {
            let candidates = ["a".repeat(least as usize), "a/a".to_owned()];
            let pattern = shape.constraints.pattern.and_then(model::validate::pattern);
            let fitting = candidates.iter().find(|it| pattern.as_ref().is_none_or(|pattern| pattern.matches(it)));
            Value::String(fitting.unwrap_or(&candidates[0]).clone())
        }
        Kind::Enum(values) => Value::String(values.first().copied().unwrap_or("a").to_owned()),
        Kind::Bool => Value::Bool(true),
        Kind::Integer | Kind::Long => Value::Integer(least as i64),
        Kind::Float | Kind::Double => Value::Float(least),
        Kind::Blob => Value::Blob("a".into()),
        Kind::Timestamp => Value::Timestamp(Timestamp(1_757_160_000_000)),
        Kind::Document => Value::Map(Vec::new()),
    }
}

struct Inputs {
    dice: Dice,
    texts: Vec<String>,
}

impl Inputs {
    fn value(&mut self, model: &'static model::Service, id: ShapeId, depth: usize) -> Value {
        let shape = model.shape(id);
        let (min, max) = (shape.constraints.min, shape.constraints.max);
        match &shape.kind {
            Kind::Structure(structure) if structure.union => {
                let member = &structure.members[self.dice.index(structure.members.len())];
                Value::Structure(vec![(member.name, self.value(model, member.shape, depth + 1))])
            }
            Kind::Structure(structure) => {
                let mut members = Vec::new();
                // Some calls say little: what is refused by its name would hide the rest.
                let one_in = if self.dice.index(2) == 0 { 4 } else { 30 };
                for member in &structure.members {
                    let wanted = if member.required { self.dice.index(40) > 0 } else { self.dice.index(one_in) == 0 };
                    if wanted && (member.required || depth < DEPTH) {
                        let hinted = self.hinted(model, member);
                        let value = hinted.unwrap_or_else(|| self.value(model, member.shape, depth + 1));
                        members.push((member.name, value));
                    }
                }
                Value::Structure(members)
            }
            Kind::List { member } => {
                let length = if depth < DEPTH { self.dice.index(4) } else { 0 };
                Value::List((0..length).map(|_| self.value(model, member.shape, depth + 1)).collect())
            }
            Kind::Map { key, value } => {
                let length = if depth < DEPTH { self.dice.index(4) } else { 0 };
                let mut entries: Vec<(String, Value)> = Vec::new();
                for _ in 0..length {
                    let Value::String(name) = self.value(model, key.shape, depth + 1) else { continue };
                    if entries.iter().all(|it| it.0 != name) {
                        entries.push((name, self.value(model, value.shape, depth + 1)));
                    }
                }
                Value::Map(entries)
            }
            Kind::String => Value::String(self.text(min, max)),
            Kind::Enum(values) => match self.dice.index(12) {
                0 => Value::String(self.text(None, None)),
                _ => Value::String(values[self.dice.index(values.len())].to_owned()),
            },
            Kind::Bool => Value::Bool(self.dice.index(2) == 0),
            Kind::Integer => Value::Integer(self.number(min, max).clamp(i32::MIN.into(), i32::MAX.into())),
            Kind::Long => Value::Integer(self.number(min, max)),
            Kind::Float | Kind::Double => Value::Float(self.number(min, max) as f64 / 3.0),
            Kind::Blob => Value::Blob(self.text(min, None).into()),
            Kind::Timestamp => Value::Timestamp(Timestamp(match self.dice.index(4) {
                0 => self.number(None, None),
                _ => 1_757_160_000_000 + self.dice.index(10_000_000) as i64 - 5_000_000,
            })),
            Kind::Document => Value::Map(vec![(self.text(None, None), Value::String(self.text(None, None)))]),
        }
    }

    fn hinted(&mut self, model: &'static model::Service, member: &Member) -> Option<Value> {
        if self.dice.index(5) == 0 {
            return None;
        }
        match &model.shape(member.shape).kind {
            Kind::Blob if member.name == "ZipFile" => Some(Value::Blob(ZIP.into())),
            Kind::String | Kind::Enum(_) => {
                let (_, texts) = HINTS.iter().find(|it| it.0.eq_ignore_ascii_case(member.name))?;
                Some(Value::String(texts[self.dice.index(texts.len())].to_owned()))
            }
            _ => None,
        }
    }

    fn text(&mut self, min: Option<f64>, max: Option<f64>) -> String {
        let edge = |it: Option<f64>| it.unwrap_or(3.0).clamp(0.0, 5_000.0) as usize;
        match self.dice.index(16) {
            0 => "a".repeat(edge(min)),
            1 => "a".repeat(edge(max)),
            2 => "é".repeat(edge(max) + 1),
            3 => format!("{}{}", self.known(), self.known()),
            4 => {
                let known = self.known();
                known.chars().take(self.dice.index(known.len() + 1)).collect()
            }
            _ => self.known(),
        }
    }

    fn known(&mut self) -> String {
        self.texts[self.dice.index(self.texts.len())].clone()
    }

    fn number(&mut self, min: Option<f64>, max: Option<f64>) -> i64 {
        let (min, max) = (min.unwrap_or(0.0) as i64, max.unwrap_or(100.0) as i64);
        match self.dice.index(10) {
            0 => min,
            1 => max,
            2 => min.saturating_sub(1),
            3 => max.saturating_add(1),
            4 => i64::MAX,
            5 => i64::MIN,
            _ => min.saturating_add(self.dice.index(20) as i64),
        }
    }

    /// Keeps the texts of an answer for later calls.
    fn learn(&mut self, output: &Value) {
        match output {
            Value::String(text) if text.len() < 2_000 => {
                if self.texts.len() < MOST_TEXTS {
                    self.texts.push(text.clone());
                } else {
                    let at = WORDS.len() + self.dice.index(MOST_TEXTS - WORDS.len());
                    self.texts[at].clone_from(text);
                }
            }
            Value::List(values) => values.iter().for_each(|it| self.learn(it)),
            Value::Map(entries) => entries.iter().for_each(|it| self.learn(&it.1)),
            Value::Structure(members) => members.iter().for_each(|it| self.learn(&it.1)),
            _ => {}
        }
    }
}

/// Every panic of the process, in tasks and on the store's thread too.
fn watch_panics() -> Arc<Mutex<Vec<String>>> {
    let noted: Arc<Mutex<Vec<String>>> = Arc::default();
    let (into, before) = (noted.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        into.lock().expect("no panic while one is noted").push(panic.to_string());
        before(panic);
    }));
    noted
}
