//! Scripts: a line is an operation and what it answers.
//!
//! ```text
//! sqs create-queue QueueName=jobs Attributes={"VisibilityTimeout":"30"} => QueueUrl=$jobs
//! sqs send-message QueueUrl=$jobs MessageBody=hello                     => ok
//! sqs receive-message QueueUrl=$jobs                                    => Messages[0].Body=hello
//! sqs receive-message QueueUrl=$jobs                                    => Messages=absent
//! wait 30s
//! sqs get-queue-url QueueName=nowhere                                   => error QueueDoesNotExist The specified*
//! ```
//! A value is JSON where it begins like JSON, else the text up to the next space, in double quotes if it has spaces.
//! `as 111122223333` makes the root of another account the caller; `crash` lets Niebla die and start again.

use crate::expect;
use crate::remote::Remote;
use crate::world::World;
use model::wire::{read_json, write_json};
use model::{Kind, Member, Operation, Service, ShapeId, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a script talks to: a world in this process, or a server at the other end of a wire.
pub trait Target {
    /// The answer as JSON, or an error's code and message.
    fn call<'t>(
        &'t mut self,
        account: &'t str,
        service: &'static Service,
        operation: &'static Operation,
        input: Json,
    ) -> BoxFutureOf<'t, Result<Json, (String, String)>>;
    fn wait<'t>(&'t mut self, by: Duration) -> BoxFutureOf<'t, ()>;
    fn crash(&mut self) -> BoxFutureOf<'_, ()>;
}

pub type BoxFutureOf<'t, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 't>>;

/// Runs a script in a fresh world with these services; or, where `NIEBLA_SCRIPTS_OVER_HTTP` is set, on a fresh server of the
/// binary in `NIEBLA_BIN`.
///
/// # Panics
/// At the first line whose answer is another, with the line and the answer.
pub fn check(services: fn() -> Vec<kernel::Service>, script: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(async {
        if std::env::var_os("NIEBLA_SCRIPTS_OVER_HTTP").is_some() {
            let binary = std::env::var_os("NIEBLA_BIN").expect("NIEBLA_BIN names the binary to be tested");
            return check_in(&mut Remote::start(binary.into()), script).await;
        }
        let mut world = World::new(1, move || (services(), crate::drivers::echoing()));
        check_in(&mut world, script).await;
    });
}

/// Runs a script in a world that is there already.
///
/// # Panics
/// As [`check`].
pub async fn check_in(target: &mut dyn Target, script: &str) {
    if let Err(why) = run(target, script).await {
        panic!("{why}");
    }
}

/// Runs a script.
///
/// # Errors
/// A sentence that names the line and the answer that differs.
pub async fn run(target: &mut dyn Target, script: &str) -> Result<(), String> {
    let mut state = State { account: "000000000000".to_owned(), names: BTreeMap::new() };
    for (number, line) in script.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        state.line(target, line).await.map_err(|why| format!("line {}: {line}\n{why}", number + 1))?;
    }
    Ok(())
}

struct State {
    account: String,
    names: BTreeMap<String, String>,
}

impl State {
    async fn line(&mut self, target: &mut dyn Target, line: &str) -> Result<(), String> {
        let (command, expected) = line.split_once(" => ").map_or((line, "ok"), |(a, b)| (a.trim(), b.trim()));
        let mut words = words(command);
        match words.next().unwrap_or_default() {
            "wait" => target.wait(duration(words.next().unwrap_or_default())?).await,
            "crash" => target.crash().await,
            "as" => words.next().unwrap_or_default().clone_into(&mut self.account),
            service => {
                let service = model::service(service).ok_or_else(|| format!("there is no service {service}"))?;
                let operation = words.next().unwrap_or_default();
                let operation = operation_named(service, operation)?;
                let input = self.input(words)?;
                let answer = target.call(&self.account, service, operation, input).await;
                self.compare(answer, expected)?;
            }
        }
        Ok(())
    }

    fn input<'w>(&self, members: impl Iterator<Item = &'w str>) -> Result<Json, String> {
        let mut input = serde_json::Map::new();
        for member in members {
            let (name, value) = member.split_once('=').ok_or_else(|| format!("{member} is not Member=value"))?;
            input.insert(name.to_owned(), self.value(value)?);
        }
        Ok(Json::Object(input))
    }

    fn value(&self, text: &str) -> Result<Json, String> {
        let mut text = text.to_owned();
        // The longest name first, so that `$queue` does not stand for a part of `$queueUrl`.
        for (name, value) in self.names.iter().rev() {
            text = text.replace(&format!("${name}"), value);
        }
        if text.starts_with(['{', '[', '"']) {
            return serde_json::from_str(&text).map_err(|error| format!("{text}: {error}"));
        }
        Ok(text
            .parse::<i64>()
            .map_or_else(|_| text.parse::<bool>().map_or_else(|_| Json::String(text.clone()), Json::Bool), Json::from))
    }

    fn compare(&mut self, answer: Result<Json, (String, String)>, expected: &str) -> Result<(), String> {
        match (answer, expected.strip_prefix("error ")) {
            (Ok(_), None) if expected == "ok" => Ok(()),
            (Ok(answer), None) => {
                for pair in words(expected) {
                    let (path, pattern) = pair.split_once('=').ok_or_else(|| format!("{pair} is not Path=pattern"))?;
                    if !expect::matches(expect::at(&answer, path), pattern.trim_matches('"'), &mut self.names) {
                        return Err(format!("{path} is not {pattern} in\n{answer:#}"));
                    }
                }
                Ok(())
            }
            (Err((code, message)), Some(expected)) => {
                let (wanted, text) = expected.split_once(' ').unwrap_or((expected, "*"));
                let found = Json::String(message.clone());
                if code == wanted && expect::matches(Some(&found), text.trim_matches('"'), &mut self.names) {
                    return Ok(());
                }
                Err(format!("the error is\n{code} {message}"))
            }
            (Ok(answer), Some(_)) => Err(format!("no error, but\n{answer:#}")),
            (Err((code, message)), None) => Err(format!("the error\n{code} {message}")),
        }
    }
}

impl Target for World {
    fn call<'t>(
        &'t mut self,
        account: &'t str,
        service: &'static Service,
        operation: &'static Operation,
        input: Json,
    ) -> BoxFutureOf<'t, Result<Json, (String, String)>> {
        Box::pin(async move {
            let input = input_of(service, operation, input)?;
            let answer = World::call(self, account, service.name, operation.name, input).await;
            self.settle().await;
            let output = answer.map_err(|error| (error.code().to_owned(), error.message().to_owned()))?;
            Ok(shown(service, operation, &output))
        })
    }

    fn wait<'t>(&'t mut self, by: Duration) -> BoxFutureOf<'t, ()> {
        Box::pin(World::wait(self, by))
    }

    fn crash(&mut self) -> BoxFutureOf<'_, ()> {
        Box::pin(World::crash(self))
    }
}

/// What a line says, as a value.
///
/// # Errors
/// It is no input of the operation: code and message.
pub fn input_of(
    service: &'static Service,
    operation: &'static Operation,
    input: Json,
) -> Result<Value, (String, String)> {
    let Some(shape) = operation.input else { return Ok(Value::Structure(Vec::new())) };
    let input = renamed(service, shape, input, &|it| (it.name, on_wire(it)));
    read_json(service, shape, input.to_string().as_bytes()).map_err(|why| ("SerializationException".to_owned(), why))
}

/// An answer, as lines expect it.
pub fn shown(service: &'static Service, operation: &'static Operation, output: &Value) -> Json {
    let Some(shape) = operation.output else { return Json::Null };
    let mut bytes = Vec::new();
    write_json(service, shape, output, &mut bytes);
    let output = serde_json::from_slice(&bytes).unwrap_or_default();
    renamed(service, shape, output, &|it| (on_wire(it), it.name))
}

/// Scripts name members as the model does, whatever headers and elements they travel in.
fn renamed(
    service: &'static Service,
    shape: ShapeId,
    json: Json,
    names: &dyn Fn(&'static Member) -> (&'static str, &'static str),
) -> Json {
    match (&service.shape(shape).kind, json) {
        (Kind::Structure(structure), Json::Object(members)) => {
            let renamed_member = |(name, value)| match structure.members.iter().find(|it| names(it).0 == name) {
                Some(member) => (names(member).1.to_owned(), renamed(service, member.shape, value, names)),
                None => (name, value),
            };
            Json::Object(members.into_iter().map(renamed_member).collect())
        }
        (Kind::List { member }, Json::Array(items)) => {
            Json::Array(items.into_iter().map(|it| renamed(service, member.shape, it, names)).collect())
        }
        (Kind::Map { value, .. }, Json::Object(entries)) => {
            let entry = |(key, it)| (key, renamed(service, value.shape, it, names));
            Json::Object(entries.into_iter().map(entry).collect())
        }
        (_, other) => other,
    }
}

fn on_wire(member: &Member) -> &'static str {
    member.wire.name.unwrap_or(member.name)
}

/// `send-message` or `SendMessage`.
fn operation_named(service: &'static Service, name: &str) -> Result<&'static Operation, String> {
    let plain = |it: &str| it.replace('-', "").to_ascii_lowercase();
    let found = service.operations.values().find(|it| plain(it.name) == plain(name));
    found.ok_or_else(|| format!("{} has no operation {name}", service.name))
}

/// Splits at spaces that are in no quotes, braces or brackets.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let (mut depth, mut quoted, mut escaped) = (0_i32, false, false);
    text.split(move |it: char| {
        match it {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        it == ' ' && depth == 0 && !quoted
    })
    .filter(|it| !it.is_empty())
}

/// `30s`, `5m`, `2h`, `14d`, `200ms`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|it: char| !it.is_ascii_digit());
    let number: u64 = digits.parse().map_err(|_| format!("{text} is no duration"))?;
    let milliseconds = match &text[digits.len()..] {
        "ms" => number,
        "s" => number * 1_000,
        "m" => number * 60_000,
        "h" => number * 3_600_000,
        "d" => number * 86_400_000,
        _ => return Err(format!("{text} is no duration")),
    };
    Ok(Duration::from_millis(milliseconds))
}
