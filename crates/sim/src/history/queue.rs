//! Messages: what was acknowledged is there until it was deleted, and not after.

use super::{Dice, any_fault, root};
use crate::drivers;
use crate::world::World;
use api::sqs::{
    ChangeMessageVisibility, CreateQueue, DeleteMessage, GetQueueAttributes, Message, ReceiveMessage, SendMessage,
};
use kernel::{Cloud, Service};
use model::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What happened in a history, for those who want to see that it was not a quiet one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub sent: usize,
    pub received: usize,
    pub deleted: usize,
    pub crashes: usize,
    pub failed: usize,
}

const QUEUE: &str = "http://niebla.test/000000000000/work";
const DEAD: &str = "http://niebla.test/000000000000/dead";
const MOST_RECEIVES: &str = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":3}"#;

/// Plays `steps` steps.
///
/// # Errors
/// The step after which something acknowledged was lost, or came back after it had been deleted.
pub async fn play(seed: u64, steps: usize) -> std::result::Result<Tally, String> {
    let world = World::new(seed, || (services(), drivers::echoing()));
    let mut player = Player { world, dice: Dice::new(seed), told: Told::default(), tally: Tally::default() };
    player.prepare().await.map_err(|error| format!("seed {seed}: {error}"))?;
    for step in 0..steps {
        let did = player.step().await;
        player.compare().await.map_err(|why| format!("seed {seed}, step {step} ({did}): {why}"))?;
    }
    player.drain().await.map_err(|why| format!("seed {seed}, at the end: {why}"))?;
    Ok(player.tally)
}

fn services() -> Vec<Service> {
    vec![iam::service(), sqs::service(), sts::service()]
}

struct Player {
    world: World,
    dice: Dice,
    told: Told,
    tally: Tally,
}

/// What users know.
#[derive(Default)]
struct Told {
    /// Sent and acknowledged, and not deleted: message id → body.
    kept: BTreeMap<String, String>,
    /// Sends and deletes whose answer was an error: they may have happened or not.
    unsure: BTreeSet<String>,
    deleted: BTreeSet<String>,
    /// Receipt handles with their message's id.
    held: Vec<(String, String)>,
}

impl Player {
    async fn prepare(&mut self) -> Result<()> {
        let attributes = BTreeMap::from([("RedrivePolicy".to_owned(), MOST_RECEIVES.to_owned())]);
        let cloud = self.cloud();
        cloud.call(CreateQueue { queue_name: "dead".to_owned(), ..CreateQueue::default() }).await?;
        let work = CreateQueue { queue_name: "work".to_owned(), attributes: Some(attributes), tags: None };
        cloud.call(work).await.map(drop)
    }

    /// One thing that a user, the world or fate does.
    async fn step(&mut self) -> &'static str {
        match self.dice.below(100) {
            0..40 => self.send().await,
            40..65 => self.receive(QUEUE).await,
            65..70 => self.receive(DEAD).await,
            70..82 => self.delete().await,
            82..87 => self.change_visibility().await,
            87..93 => self.wait().await,
            93..96 => self.fault(),
            _ => self.crash().await,
        }
    }

    async fn send(&mut self) -> &'static str {
        let body = format!("message {}", self.tally.sent);
        let delay_seconds = (self.dice.below(4) == 0).then(|| self.dice.below(20) as i64);
        let input = SendMessage {
            queue_url: QUEUE.to_owned(),
            message_body: body.clone(),
            delay_seconds,
            ..SendMessage::default()
        };
        match self.cloud().call(input).await {
            Ok(output) => {
                self.tally.sent += 1;
                self.told.kept.insert(output.message_id.unwrap_or_default(), body);
            }
            Err(error) => self.failed(&error).await,
        }
        "send"
    }

    async fn receive(&mut self, queue_url: &str) -> &'static str {
        let input = ReceiveMessage {
            queue_url: queue_url.to_owned(),
            max_number_of_messages: Some(1 + self.dice.below(10) as i64),
            ..ReceiveMessage::default()
        };
        match self.cloud().call(input).await {
            Ok(output) => {
                for message in output.messages.unwrap_or_default() {
                    self.note(message);
                }
            }
            Err(error) => self.failed(&error).await,
        }
        "receive"
    }

    fn note(&mut self, message: Message) {
        self.tally.received += 1;
        let id = message.message_id.unwrap_or_default();
        self.told.held.push((message.receipt_handle.unwrap_or_default(), id));
    }

    /// With a receipt that may be old by now: then nothing is deleted.
    async fn delete(&mut self) -> &'static str {
        if self.told.held.is_empty() {
            return "delete nothing";
        }
        let index = self.dice.below(self.told.held.len() as u64) as usize;
        let (receipt_handle, id) = self.told.held.swap_remove(index);
        self.told.unsure.insert(id.clone());
        for queue_url in [QUEUE, DEAD] {
            let input = DeleteMessage { queue_url: queue_url.to_owned(), receipt_handle: receipt_handle.clone() };
            if let Err(error) = self.cloud().call(input).await {
                self.failed(&error).await;
            }
        }
        self.tally.deleted += 1;
        "delete"
    }

    async fn change_visibility(&mut self) -> &'static str {
        if let Some((receipt_handle, _)) = self.told.held.last().cloned() {
            let visibility_timeout = self.dice.below(60) as i64;
            let input = ChangeMessageVisibility { queue_url: QUEUE.to_owned(), receipt_handle, visibility_timeout };
            // Too late for an old receipt is an answer like any other.
            let _ = self.cloud().call(input).await;
        }
        "change visibility"
    }

    async fn wait(&mut self) -> &'static str {
        let seconds = self.dice.below(45);
        self.world.wait(Duration::from_secs(seconds)).await;
        "wait"
    }

    /// The next commit, or one of the next, fails.
    fn fault(&mut self) -> &'static str {
        any_fault(&self.world, &mut self.dice);
        "fault"
    }

    async fn crash(&mut self) -> &'static str {
        self.tally.crashes += 1;
        self.world.crash().await;
        "crash"
    }

    /// A failed call leaves its effect unknown; a store that has failed needs a restart.
    async fn failed(&mut self, error: &Error) {
        self.tally.failed += 1;
        if error.shape().status >= 500 {
            self.world.crash().await;
        }
    }

    /// The counts of the queues cover everything that was acknowledged.
    async fn compare(&mut self) -> std::result::Result<(), String> {
        let counted = match self.count().await {
            Ok(counted) => counted,
            Err(error) => return Err(format!("the queues cannot be counted: {error}")),
        };
        let sure = self.told.kept.keys().filter(|id| !self.told.unsure.contains(*id)).count();
        if counted < sure {
            return Err(format!("{sure} messages were acknowledged and not deleted, {counted} are there"));
        }
        Ok(())
    }

    async fn count(&self) -> Result<usize> {
        let mut counted = 0;
        for queue_url in [QUEUE, DEAD] {
            let attribute_names = Some(vec!["All".to_owned()]);
            let input = GetQueueAttributes { queue_url: queue_url.to_owned(), attribute_names };
            let attributes = self.cloud().call(input).await?.attributes.unwrap_or_default();
            let numbers = attributes.iter().filter(|(name, _)| name.starts_with("ApproximateNumber"));
            counted += numbers.filter_map(|(_, value)| value.parse::<usize>().ok()).sum::<usize>();
        }
        Ok(counted)
    }

    /// Everything that was acknowledged and surely not deleted can be received, with the body it was sent with.
    async fn drain(&mut self) -> std::result::Result<(), String> {
        self.world.crash().await;
        let mut found = BTreeMap::new();
        for _ in 0..20 {
            for queue_url in [QUEUE, DEAD] {
                // A fault that was still to come may hit here: then once more, after a restart.
                while let Err(error) = self.drain_visible(queue_url, &mut found).await {
                    self.failed(&error).await;
                }
            }
            self.world.wait(Duration::from_secs(60)).await;
        }
        for (id, body) in self.told.kept.iter().filter(|(id, _)| !self.told.unsure.contains(*id)) {
            match found.get(id) {
                None => return Err(format!("{id} ({body}) was acknowledged and is lost")),
                Some(other) if other != body => return Err(format!("{id} was sent as {body} and is {other}")),
                Some(_) => {}
            }
        }
        match found.keys().find(|id| self.told.deleted.contains(*id)) {
            Some(id) => Err(format!("{id} was deleted and is back")),
            None => Ok(()),
        }
    }

    async fn drain_visible(&self, queue_url: &str, found: &mut BTreeMap<String, String>) -> Result<()> {
        loop {
            let input = ReceiveMessage {
                queue_url: queue_url.to_owned(),
                max_number_of_messages: Some(10),
                visibility_timeout: Some(3_600),
                ..ReceiveMessage::default()
            };
            let Some(messages) = self.cloud().call(input).await?.messages else { return Ok(()) };
            for it in messages {
                found.insert(it.message_id.unwrap_or_default(), it.body.unwrap_or_default());
            }
        }
    }

    fn cloud(&self) -> Cloud {
        root(&self.world)
    }
}
