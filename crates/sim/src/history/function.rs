//! Functions that read a queue: a message that was acknowledged is gone only when its function was done with it; else it
//! is still there, or among the dead letters. Functions fail, time out, end, and are done with a part of their batch; some
//! hang, so long that others get their messages too, and answer or time out when nobody expects it.

use super::{Dice, any_fault, root};
use crate::drivers::{self, Deed};
use crate::world::World;
use api::cloudformation::{CreateStack, DescribeStacks};
use api::sqs::{GetQueueAttributes, ReceiveMessage, SendMessage};
use bytes::Bytes;
use kernel::Service;
use kernel::driver::InvokeResult;
use model::typed::Operation;
use model::{Error, Result};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// What happened in a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub sent: usize,
    pub done: usize,
    pub dead: usize,
    pub crashes: usize,
    pub failed: usize,
    /// Functions that hung.
    pub late: usize,
}

const WORK: &str = "http://niebla.test/000000000000/work";
const DEAD: &str = "http://niebla.test/000000000000/dead";
/// Seconds. A function that was interrupted gets its messages again after them.
const HIDDEN_FOR: u64 = 30;
/// Rounds of waiting until the last message is done or dead.
const PATIENCE: usize = 60;

const TEMPLATE: &str = r#"
Resources:
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Work:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: work
      VisibilityTimeout: 30
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}
      Policies:
        - PolicyName: read
          PolicyDocument: {Version: '2012-10-17', Statement: {Effect: Allow, Action: ['sqs:*', 'logs:*'], Resource: '*'}}
  Function:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.13, Handler: index.handler, Role: !GetAtt Role.Arn, Code: {ZipFile: x = 1}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Function
      EventSourceArn: !GetAtt Work.Arn
      BatchSize: 5
      FunctionResponseTypes: [ReportBatchItemFailures]
"#;

/// What functions did, whatever became of their answers.
#[derive(Default)]
struct Seen {
    done: BTreeSet<String>,
    calls: u64,
    late: usize,
    /// Ends the hanging.
    patience: Arc<Notify>,
}

/// Plays `steps` steps.
///
/// # Errors
/// The message that nobody was done with, and that is nowhere.
pub async fn play(seed: u64, steps: usize) -> std::result::Result<Tally, String> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let answers = seen.clone();
    let behaviour: drivers::Behaviour = Arc::new(move |_, event| behave(seed, &answers, event));
    let world = World::new(seed, move || (services(), drivers::fake(behaviour.clone())));
    let mut player = Player { world, dice: Dice::new(seed), seen, told: BTreeSet::new(), tally: Tally::default() };
    player.prepare().await.map_err(|why| format!("seed {seed}: {why}"))?;
    for _ in 0..steps {
        player.step().await;
    }
    player.finish().await.map_err(|why| format!("seed {seed}, at the end: {why}"))?;
    Ok(player.tally)
}

fn services() -> Vec<Service> {
    vec![cloudformation::service(), iam::service(), lambda::service(), logs::service(), sqs::service(), sts::service()]
}

/// By the number of the call, so that the same message has another fate when it comes again.
fn behave(seed: u64, seen: &Mutex<Seen>, event: &Bytes) -> Deed {
    let mut seen = seen.lock().expect("no panic while a function is at work");
    seen.calls += 1;
    let mut dice = Dice::new(seed ^ seen.calls.wrapping_mul(0x9E37_79B9));
    let event: Json = serde_json::from_slice(event).unwrap_or_default();
    let ids: Vec<String> = event["Records"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["messageId"].as_str().map(str::to_owned))
        .collect();
    let result = match dice.below(100) {
        0..45 => {
            seen.done.extend(ids);
            InvokeResult::Response(Bytes::from_static(b"null"))
        }
        45..65 => {
            let (failed, done): (Vec<_>, Vec<_>) = ids.into_iter().partition(|_| dice.below(2) == 0);
            seen.done.extend(done);
            let failures: Vec<Json> = failed.iter().map(|it| json!({ "itemIdentifier": it })).collect();
            InvokeResult::Response(Bytes::from(json!({ "batchItemFailures": failures }).to_string()))
        }
        65..80 => InvokeResult::Error { error_type: "Sad".to_owned(), body: Bytes::from_static(b"{}") },
        80..90 => InvokeResult::TimedOut,
        _ => InvokeResult::Exited("exit status 1".to_owned()),
    };
    match dice.below(5) {
        0 => {
            seen.late += 1;
            Deed::Late(result, seen.patience.clone())
        }
        _ => Deed::Now(result),
    }
}

struct Player {
    world: World,
    dice: Dice,
    seen: Arc<Mutex<Seen>>,
    /// The ids of messages whose sending was acknowledged.
    told: BTreeSet<String>,
    tally: Tally,
}

impl Player {
    async fn prepare(&mut self) -> std::result::Result<(), String> {
        let input = CreateStack {
            stack_name: "work".to_owned(),
            template_body: Some(TEMPLATE.to_owned()),
            capabilities: Some(vec!["CAPABILITY_IAM".to_owned()]),
            ..CreateStack::default()
        };
        self.call(input).await.map_err(|it| it.to_string())?;
        self.world.settle().await;
        let input = DescribeStacks { stack_name: Some("work".to_owned()), next_token: None };
        let stack = self.call(input).await.map_err(|it| it.to_string())?.stacks.unwrap_or_default().remove(0);
        match stack.stack_status.as_str() {
            "CREATE_COMPLETE" => Ok(()),
            status => Err(format!("the stack is {status}: {:?}", stack.stack_status_reason)),
        }
    }

    async fn step(&mut self) {
        match self.dice.below(100) {
            0..60 => self.send().await,
            60..78 => {
                self.world.kernel.clock.advance(Duration::from_secs(self.dice.below(HIDDEN_FOR + 5)));
            }
            78..84 => self.end_the_hanging(),
            84..92 => any_fault(&self.world, &mut self.dice),
            _ => self.crash().await,
        }
        // Pollers work beside the player.
        tokio::time::sleep(Duration::from_millis(self.dice.below(4))).await;
    }

    async fn send(&mut self) {
        let message_body = format!("message {}", self.tally.sent);
        let input = SendMessage { queue_url: WORK.to_owned(), message_body, ..SendMessage::default() };
        if let Ok(output) = self.call(input).await {
            self.tally.sent += 1;
            self.told.extend(output.message_id);
        }
    }

    fn end_the_hanging(&self) {
        self.seen.lock().expect("no panic while a function is at work").patience.notify_waiters();
    }

    async fn crash(&mut self) {
        self.tally.crashes += 1;
        self.world.crash().await;
    }

    /// Until nothing is left in the queue; then every message is done or dead.
    async fn finish(&mut self) -> std::result::Result<(), String> {
        self.crash().await;
        for _ in 0..PATIENCE {
            self.world.kernel.clock.advance(Duration::from_secs(HIDDEN_FOR + 1));
            self.end_the_hanging();
            tokio::time::sleep(Duration::from_millis(30)).await;
            if self.left().await? == 0 {
                break;
            }
        }
        match self.left().await? {
            0 => {}
            left => return Err(format!("{left} messages are neither done nor dead")),
        }
        let mut dead = BTreeSet::new();
        loop {
            let input = ReceiveMessage {
                queue_url: DEAD.to_owned(),
                max_number_of_messages: Some(10),
                visibility_timeout: Some(3_600),
                ..ReceiveMessage::default()
            };
            let Some(messages) = self.call(input).await.map_err(|it| it.to_string())?.messages else { break };
            dead.extend(messages.into_iter().filter_map(|it| it.message_id));
        }
        let seen = self.seen.lock().expect("no panic while a function is at work");
        (self.tally.done, self.tally.dead, self.tally.late) = (seen.done.len(), dead.len(), seen.late);
        match self.told.iter().find(|it| !seen.done.contains(*it) && !dead.contains(*it)) {
            Some(lost) => Err(format!("{lost} was acknowledged, no function was done with it, and it is gone")),
            None => Ok(()),
        }
    }

    async fn left(&mut self) -> std::result::Result<usize, String> {
        let attribute_names = Some(vec!["All".to_owned()]);
        let input = GetQueueAttributes { queue_url: WORK.to_owned(), attribute_names };
        let attributes = self.call(input).await.map_err(|it| it.to_string())?.attributes.unwrap_or_default();
        let numbers = attributes.iter().filter(|(name, _)| name.starts_with("ApproximateNumber"));
        Ok(numbers.filter_map(|(_, value)| value.parse::<usize>().ok()).sum())
    }

    /// A store that has failed needs a restart.
    async fn call<I: Operation>(&mut self, input: I) -> Result<I::Output> {
        let answer = root(&self.world).call(input).await;
        if answer.as_ref().is_err_and(|error: &Error| error.shape().status >= 500) {
            self.tally.failed += 1;
            self.crash().await;
        }
        answer
    }
}
