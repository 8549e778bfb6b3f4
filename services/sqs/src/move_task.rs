//! Message move tasks: messages of a dead-letter queue go back to where they came from, or to another queue, in the
//! background and no faster than asked. They arrive as new messages, with an id and an age of their own (Configuring a
//! dead-letter queue redrive in the developer guide).

use crate::attribute::refused;
use crate::message::Stored;
use crate::queue::{self, INVALID_PARAMETER_VALUE, Kind, QUEUES, Queue};
use crate::stock::{self, Arrival, COUNTERS, MESSAGES};
use crate::{fifo, redrive, standard};
use api::sqs::{
    CancelMessageMoveTask, CancelMessageMoveTaskOutput, ListMessageMoveTasks, ListMessageMoveTasksOutput,
    ListMessageMoveTasksResultEntry, StartMessageMoveTask, StartMessageMoveTaskOutput, error,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::{Cx, Job};
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::{Span, Table};

/// Key: (source's name, number).
static TASKS: Table<Task> = Table::regional("sqs.move-task");
/// Moves some messages, then asks for itself again.
pub static MOVE: Job<Step> = Job::new("sqs.move");

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Task {
    number: u64,
    id: String,
    source_arn: String,
    destination_arn: Option<String>,
    per_second: Option<i64>,
    /// Milliseconds since 1970.
    started_at: i64,
    status: Status,
    moved: i64,
    to_move: i64,
    /// The messages that it moves were there when it began. What a consumer gives up again meanwhile is not moved twice.
    before: u64,
    failure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Status {
    Running,
    Completed,
    Cancelled,
    Failed,
}

#[derive(Serialize, Deserialize)]
pub struct Step {
    source: String,
    number: u64,
}

/// The fastest that one can ask for (StartMessageMoveTask in the SQS API reference).
const MOST_PER_SECOND: i64 = 500;
/// The tasks of a queue that can be listed; older ones are forgotten.
const MOST_TASKS: usize = 10;
/// Of all queues together, and how long one may run in milliseconds (Learn how to configure a dead-letter queue redrive, in
/// the developer guide).
const MOST_ACTIVE: usize = 100;
const LONGEST: i64 = 36 * 3_600_000;
/// Messages moved in one transaction, so that no other call waits long.
const PAGE: usize = 100;

pub fn start(cx: &mut Cx, input: StartMessageMoveTask) -> Result<StartMessageMoveTaskOutput> {
    let source = source(cx, &input.source_arn)?;
    if !redrive::is_target(cx, &source) {
        return Err(INVALID_PARAMETER_VALUE.with("Source queue must be configured as a Dead Letter Queue."));
    }
    if let Some(arn) = &input.destination_arn {
        check_destination(cx, &source, arn)?;
    }
    if input.max_number_of_messages_per_second.is_some_and(|it| !(1..=MOST_PER_SECOND).contains(&it)) {
        return Err(INVALID_PARAMETER_VALUE.with(format!(
            "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a number that's between 1 and {MOST_PER_SECOND}."
        )));
    }
    let tasks = tasks(cx, &source.name);
    if tasks.iter().any(|it| it.status == Status::Running) {
        return Err(INVALID_PARAMETER_VALUE.with(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        ));
    }
    let active = cx.range(&TASKS, Span::all(), usize::MAX).iter().filter(|it| it.status == Status::Running).count();
    if active >= MOST_ACTIVE {
        return Err(INVALID_PARAMETER_VALUE.with(format!(
            "There are already {MOST_ACTIVE} tasks running. No more are allowed for an account at a given time."
        )));
    }
    for old in tasks.iter().skip(MOST_TASKS - 1) {
        cx.delete(&TASKS, &(source.name.as_str(), old.number));
    }
    let task = Task {
        number: tasks.first().map_or(1, |it| it.number + 1),
        id: cx.id(),
        source_arn: input.source_arn,
        destination_arn: input.destination_arn,
        per_second: input.max_number_of_messages_per_second,
        started_at: cx.now().0,
        status: Status::Running,
        moved: 0,
        to_move: stock::count(cx, &source).visible as i64,
        before: cx.get(&COUNTERS, &source.store).unwrap_or_default().next_sequence,
        failure: None,
    };
    cx.put(&TASKS, &(source.name.as_str(), task.number), &task);
    cx.at(cx.now(), &MOVE, &Step { source: source.name, number: task.number });
    Ok(StartMessageMoveTaskOutput { task_handle: Some(task.handle()) })
}

pub fn list(cx: &Cx, input: ListMessageMoveTasks) -> Result<ListMessageMoveTasksOutput> {
    let source = source(cx, &input.source_arn)?;
    let limit = input.max_results.unwrap_or(1);
    if !(1..=MOST_TASKS as i64).contains(&limit) {
        return Err(refused(limit, "MaxResults", "MaxResults must be an integer between 1 and 10."));
    }
    let tasks = tasks(cx, &source.name);
    let results: Vec<_> = tasks.into_iter().take(limit as usize).map(Task::shown).collect();
    Ok(ListMessageMoveTasksOutput { results: (!results.is_empty()).then_some(results) })
}

pub fn cancel(cx: &mut Cx, input: CancelMessageMoveTask) -> Result<CancelMessageMoveTaskOutput> {
    let (arn, id) = read_handle(&input.task_handle)?;
    let source = source(cx, &arn)?;
    let task = tasks(cx, &source.name).into_iter().find(|it| it.id == id);
    let Some(mut task) = task else {
        return Err(error::RESOURCE_NOT_FOUND.with("Task does not exist."));
    };
    if task.status != Status::Running {
        return Err(error::UNSUPPORTED_OPERATION.with("Only active tasks can be cancelled."));
    }
    task.status = Status::Cancelled;
    cx.put(&TASKS, &(source.name.as_str(), task.number), &task);
    Ok(CancelMessageMoveTaskOutput { approximate_number_of_messages_moved: Some(task.moved) })
}

/// With their queue.
pub fn forget(cx: &mut Cx, queue: &Queue) {
    for task in tasks(cx, &queue.name) {
        cx.delete(&TASKS, &(queue.name.as_str(), task.number));
    }
}

/// What IAM is asked about.
pub fn source_of(input: &CancelMessageMoveTask) -> Result<String> {
    read_handle(&input.task_handle).map(|it| it.0)
}

/// Carried out as whoever started the task.
pub fn step(cx: &mut Cx, it: Step) -> Result<()> {
    let key = (it.source.as_str(), it.number);
    let Some(mut task) = cx.get(&TASKS, &key).filter(|it| it.status == Status::Running) else { return Ok(()) };
    let Ok(source) = queue::by_name(cx, &it.source) else {
        cx.delete(&TASKS, &key);
        return Ok(());
    };
    if cx.now().0 - task.started_at > LONGEST {
        (task.status, task.failure) = (Status::Failed, Some("The task ran for more than 36 hours.".to_owned()));
        cx.put(&TASKS, &key, &task);
        return Ok(());
    }
    let allowed = task.allowed(cx.now()).min(PAGE as i64);
    for _ in 0..allowed {
        match move_one(cx, &task, &source) {
            Ok(true) => task.moved += 1,
            Ok(false) => {
                task.status = Status::Completed;
                break;
            }
            Err(why) => {
                (task.status, task.failure) = (Status::Failed, Some(why.to_owned()));
                break;
            }
        }
    }
    cx.put(&TASKS, &key, &task);
    if task.status == Status::Running {
        cx.at(task.goes_on_at(cx.now()), &MOVE, &it);
    }
    Ok(())
}

impl Task {
    /// How many messages may be moved by now.
    fn allowed(&self, now: Timestamp) -> i64 {
        match self.per_second {
            Some(rate) => rate * ((now.0 - self.started_at) / 1000 + 1) - self.moved,
            None => i64::MAX,
        }
    }

    fn goes_on_at(&self, now: Timestamp) -> Timestamp {
        match self.per_second {
            Some(_) if self.allowed(now) <= 0 => {
                Timestamp(self.started_at + ((now.0 - self.started_at) / 1000 + 1) * 1000)
            }
            _ => now,
        }
    }

    fn handle(&self) -> String {
        BASE64.encode(json!({"taskId": self.id, "sourceArn": self.source_arn}).to_string())
    }

    fn shown(self) -> ListMessageMoveTasksResultEntry {
        ListMessageMoveTasksResultEntry {
            task_handle: (self.status == Status::Running).then(|| self.handle()),
            status: Some(self.status.name().to_owned()),
            source_arn: Some(self.source_arn),
            destination_arn: self.destination_arn,
            max_number_of_messages_per_second: self.per_second,
            approximate_number_of_messages_moved: Some(self.moved),
            approximate_number_of_messages_to_move: Some(self.to_move),
            failure_reason: self.failure,
            started_timestamp: Some(self.started_at),
        }
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
            Status::Completed => "COMPLETED",
            Status::Cancelled => "CANCELLED",
            Status::Failed => "FAILED",
        }
    }
}

/// False if there is nothing left; or the reason for which the task fails.
fn move_one(cx: &mut Cx, task: &Task, source: &Queue) -> std::result::Result<bool, &'static str> {
    let (next, stored) = loop {
        let Some(next) = Next::of(cx, source).filter(|it| it.sequence() < task.before) else { return Ok(false) };
        let stored = cx.get(&MESSAGES, &(source.store, next.sequence())).expect("the order names what is there");
        if stored.sent_at > stock::oldest(cx, source) {
            break (next, stored);
        }
        next.remove(cx, source);
    };
    let arn = task.destination_arn.clone().or_else(|| stored.dead_letter_source.clone());
    let arn = arn.ok_or("CouldNotDetermineMessageSource")?;
    let destination = queue::name_of(&arn).and_then(|name| cx.get(&QUEUES, &name));
    let destination = destination.ok_or("AWS.SimpleQueueService.NonExistentQueue")?;
    let may = |operation, arn: &str| cx.may("sqs", operation, arn);
    if !(may("ReceiveMessage", &task.source_arn) && may("DeleteMessage", &task.source_arn) && may("SendMessage", &arn))
    {
        return Err("AccessDenied");
    }
    next.remove(cx, source);
    let id = cx.id();
    let deduplication = (destination.kind() == Kind::Fifo).then(|| id.clone());
    let moved = Stored { id, sent_at: cx.now().0, dead_letter_source: None, deduplication, ..stored };
    let delay = destination.attributes.delay;
    stock::put(cx, &destination, moved, Arrival { delay, ..Arrival::default() });
    Ok(true)
}

/// The message whose turn it is.
enum Next {
    Standard(standard::State),
    Fifo(fifo::Queued),
}

impl Next {
    fn of(cx: &Cx, queue: &Queue) -> Option<Next> {
        match queue.kind() {
            Kind::Standard => standard::next(cx, queue, 1).pop().map(Next::Standard),
            Kind::Fifo => fifo::next(cx, queue, 1).pop().map(Next::Fifo),
        }
    }

    fn sequence(&self) -> u64 {
        match self {
            Next::Standard(it) => it.sequence,
            Next::Fifo(it) => it.sequence,
        }
    }

    fn remove(&self, cx: &mut Cx, queue: &Queue) {
        match self {
            Next::Standard(it) => standard::remove(cx, queue, it),
            Next::Fifo(it) => fifo::remove(cx, queue, it),
        }
    }
}

fn source(cx: &Cx, arn: &str) -> Result<Queue> {
    named(cx, arn).ok_or_else(|| {
        error::RESOURCE_NOT_FOUND.with("The resource that you specified for the SourceArn parameter doesn't exist.")
    })
}

fn check_destination(cx: &Cx, source: &Queue, arn: &str) -> Result<()> {
    let Some(destination) = named(cx, arn) else {
        return Err(error::RESOURCE_NOT_FOUND
            .with("The resource that you specified for the DestinationArn parameter doesn't exist."));
    };
    if destination.name == source.name {
        return Err(INVALID_PARAMETER_VALUE.with("Source queue and destination queue must not be the same."));
    }
    if destination.kind() != source.kind() {
        return Err(INVALID_PARAMETER_VALUE.with("Source queue and destination queue must be of the same type."));
    }
    Ok(())
}

/// A queue of this place.
fn named(cx: &Cx, arn: &str) -> Option<Queue> {
    let name = queue::name_of(arn).filter(|name| queue::arn_of(cx, name) == arn)?;
    cx.get(&QUEUES, &name)
}

/// The latest first.
fn tasks(cx: &Cx, source: &str) -> Vec<Task> {
    cx.range_back(&TASKS, Span::prefix(&source), usize::MAX)
}

/// (source's ARN, task's id)
fn read_handle(handle: &str) -> Result<(String, String)> {
    let text = BASE64.decode(handle).unwrap_or_default();
    let json: Json = serde_json::from_slice(&text).unwrap_or_default();
    match (json["sourceArn"].as_str(), json["taskId"].as_str()) {
        (Some(arn), Some(id)) => Ok((arn.to_owned(), id.to_owned())),
        _ => Err(INVALID_PARAMETER_VALUE.with("Value for parameter TaskHandle is invalid.")),
    }
}
