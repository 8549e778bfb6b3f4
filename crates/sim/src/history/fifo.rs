//! FIFO queues: each group in its order, one receiver at a time, nothing twice and nothing lost, though producers send again
//! whatever was not acknowledged.

use super::{Dice, any_fault, root};
use crate::drivers;
use crate::world::World;
use api::sqs::{ChangeMessageVisibility, CreateQueue, DeleteMessage, Message, ReceiveMessage, SendMessage};
use model::Error;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What happened in a history, for those who want to see that it was not a quiet one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub sent: usize,
    pub repeated: usize,
    pub received: usize,
    pub deleted: usize,
    pub crashes: usize,
}

type Checked = std::result::Result<(), String>;

const QUEUE: &str = "http://niebla.test/000000000000/work.fifo";
const GROUPS: [&str; 3] = ["a", "b", "c"];
const HIDDEN_FOR: i64 = 20;

/// Plays `steps` steps.
///
/// # Errors
/// The step after which a group was out of order, or a message there twice or not at all.
pub async fn play(seed: u64, steps: usize) -> std::result::Result<Tally, String> {
    let services = || (vec![iam::service(), sqs::service(), sts::service()], drivers::echoing());
    let world = World::new(seed, services);
    let mut player = Player { world, dice: Dice::new(seed), groups: BTreeMap::new(), tally: Tally::default() };
    player.prepare().await.map_err(|error| format!("seed {seed}: {error}"))?;
    for step in 0..steps {
        player.step().await.map_err(|why| format!("seed {seed}, step {step}: {why}"))?;
    }
    player.drain().await.map_err(|why| format!("seed {seed}, at the end: {why}"))?;
    Ok(player.tally)
}

struct Player {
    world: World,
    dice: Dice,
    groups: BTreeMap<&'static str, Group>,
    tally: Tally,
}

/// What users know of a group. Its messages are numbered as they are sent.
#[derive(Default)]
struct Group {
    /// The ids of what was acknowledged, by number.
    sent: Vec<String>,
    gone: BTreeSet<usize>,
    /// Deletes whose answer was an error: they may have happened or not.
    unsure: BTreeSet<usize>,
    /// Receipt handles, and until when they hide what they stand for.
    held: BTreeMap<usize, (String, i64)>,
}

impl Player {
    async fn prepare(&mut self) -> model::Result<()> {
        let attributes = BTreeMap::from([("FifoQueue".to_owned(), "true".to_owned())]);
        let input = CreateQueue { queue_name: "work.fifo".to_owned(), attributes: Some(attributes), tags: None };
        root(&self.world).call(input).await?;
        self.groups = GROUPS.iter().map(|it| (*it, Group::default())).collect();
        Ok(())
    }

    async fn step(&mut self) -> Checked {
        match self.dice.below(100) {
            0..35 => self.send().await?,
            35..60 => {
                let limit = 1 + self.dice.below(10) as i64;
                self.receive(limit).await?;
            }
            60..78 => self.delete().await?,
            78..84 => self.change_visibility().await,
            84..92 => {
                let seconds = self.dice.below(30);
                self.world.wait(Duration::from_secs(seconds)).await;
            }
            92..96 => any_fault(&self.world, &mut self.dice),
            _ => {
                self.tally.crashes += 1;
                self.world.crash().await;
            }
        }
        Ok(())
    }

    /// Until it is acknowledged, and now and then once more.
    async fn send(&mut self) -> Checked {
        let name = GROUPS[self.dice.below(3) as usize];
        let body = format!("{name} {}", self.groups[name].sent.len());
        let input = SendMessage {
            queue_url: QUEUE.to_owned(),
            message_body: body.clone(),
            message_group_id: Some(name.to_owned()),
            message_deduplication_id: Some(body.replace(' ', "-")),
            ..SendMessage::default()
        };
        let id = self.sent(&input).await;
        if self.dice.below(4) == 0 {
            self.tally.repeated += 1;
            let again = self.sent(&input).await;
            if again != id {
                return Err(format!("{body} is {id}, and {again} when it was sent again"));
            }
        }
        self.tally.sent += 1;
        self.group(name).sent.push(id);
        Ok(())
    }

    async fn sent(&mut self, input: &SendMessage) -> String {
        loop {
            match root(&self.world).call(input.clone()).await {
                Ok(output) => return output.message_id.unwrap_or_default(),
                Err(error) => self.failed(&error).await,
            }
        }
    }

    /// How many there were.
    async fn receive(&mut self, limit: i64) -> std::result::Result<usize, String> {
        let input = ReceiveMessage {
            queue_url: QUEUE.to_owned(),
            max_number_of_messages: Some(limit),
            visibility_timeout: Some(HIDDEN_FOR),
            ..ReceiveMessage::default()
        };
        match root(&self.world).call(input).await {
            Ok(output) => {
                let messages = output.messages.unwrap_or_default();
                self.note(&messages)?;
                Ok(messages.len())
            }
            Err(error) => {
                self.failed(&error).await;
                Ok(1)
            }
        }
    }

    /// Each must be the first of its group that is left, and none of its group may be in flight.
    fn note(&mut self, messages: &[Message]) -> Checked {
        let now = self.world.kernel.clock.now().0;
        for group in self.groups.values_mut() {
            group.held.retain(|_, (_, until)| *until > now);
        }
        let busy: Vec<&str> = self.groups.iter().filter(|(_, it)| !it.held.is_empty()).map(|(name, _)| *name).collect();
        for message in messages {
            self.tally.received += 1;
            let body = message.body.clone().unwrap_or_default();
            let (name, number) = body.split_once(' ').ok_or("a body that nobody sent")?;
            let number: usize = number.parse().map_err(|_| "a number that nobody sent")?;
            if busy.contains(&name) {
                return Err(format!("{body} came while its group was in flight"));
            }
            let group = self.groups.get_mut(name).ok_or("a group that nobody named")?;
            if group.sent.get(number) != message.message_id.as_ref() {
                return Err(format!("{body} is {:?}, not what was acknowledged", message.message_id));
            }
            if group.gone.contains(&number) {
                return Err(format!("{body} was deleted and is back"));
            }
            let settled =
                |it: &usize| group.gone.contains(it) || group.unsure.contains(it) || group.held.contains_key(it);
            if let Some(before) = (0..number).find(|it| !settled(it)) {
                return Err(format!("{body} came before {name} {before}"));
            }
            let handle = message.receipt_handle.clone().unwrap_or_default();
            group.held.insert(number, (handle, now + HIDDEN_FOR * 1000));
        }
        Ok(())
    }

    async fn delete(&mut self) -> Checked {
        let Some((name, number)) = self.any_held() else { return Ok(()) };
        self.delete_one(name, number).await
    }

    async fn delete_one(&mut self, name: &'static str, number: usize) -> Checked {
        let now = self.world.kernel.clock.now().0;
        let Some((receipt_handle, until)) = self.group(name).held.remove(&number) else { return Ok(()) };
        let input = DeleteMessage { queue_url: QUEUE.to_owned(), receipt_handle };
        match root(&self.world).call(input).await {
            Ok(_) => {
                self.tally.deleted += 1;
                self.group(name).gone.insert(number);
            }
            Err(error) if error.shape().status >= 500 => {
                self.group(name).unsure.insert(number);
                self.failed(&error).await;
            }
            Err(error) if until > now => return Err(format!("{name} {number} is held and cannot be deleted: {error}")),
            Err(_) => {}
        }
        Ok(())
    }

    async fn change_visibility(&mut self) {
        let Some((name, number)) = self.any_held() else { return };
        let seconds = self.dice.below(40) as i64;
        let Some((receipt_handle, _)) = self.group(name).held.remove(&number) else { return };
        let input = ChangeMessageVisibility {
            queue_url: QUEUE.to_owned(),
            receipt_handle: receipt_handle.clone(),
            visibility_timeout: seconds,
        };
        let until = self.world.kernel.clock.now().0 + seconds * 1000;
        match root(&self.world).call(input).await {
            Ok(_) => drop(self.group(name).held.insert(number, (receipt_handle, until))),
            // It may have happened or not: what is known of this message is where it was sent.
            Err(error) => self.failed(&error).await,
        }
    }

    fn any_held(&mut self) -> Option<(&'static str, usize)> {
        let all = self.groups.iter().flat_map(|(name, it)| it.held.keys().map(move |number| (*name, *number)));
        let all: Vec<(&str, usize)> = all.collect();
        if all.is_empty() {
            return None;
        }
        Some(all[self.dice.below(all.len() as u64) as usize])
    }

    fn group(&mut self, name: &str) -> &mut Group {
        self.groups.get_mut(name).expect("all groups were made at the beginning")
    }

    /// A store that has failed needs a restart.
    async fn failed(&mut self, error: &Error) {
        if error.shape().status >= 500 {
            self.world.crash().await;
        }
    }

    /// Everything that was acknowledged and surely not deleted is received, in order, and then nothing is left.
    async fn drain(&mut self) -> Checked {
        self.world.crash().await;
        loop {
            self.world.wait(Duration::from_secs(60)).await;
            if self.receive(10).await? == 0 {
                break;
            }
            while let Some((name, number)) = self.any_held() {
                self.delete_one(name, number).await?;
            }
        }
        for (name, group) in &self.groups {
            let lost = (0..group.sent.len()).find(|it| !group.gone.contains(it) && !group.unsure.contains(it));
            if let Some(number) = lost {
                return Err(format!("{name} {number} was acknowledged and is lost"));
            }
        }
        Ok(())
    }
}
