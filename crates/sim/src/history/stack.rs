//! Stacks: whatever fails between any two commits, a stack that says COMPLETE owns just the resources that exist, and
//! nothing is left of a stack that is gone.

use super::{Dice, any_fault, root};
use crate::drivers;
use crate::slow;
use crate::world::World;
use api::cloudformation::{
    CancelUpdateStack, ContinueUpdateRollback, CreateChangeSet, CreateStack, DeleteStack, DescribeStackEvents,
    DescribeStacks, ExecuteChangeSet, ListStackResources, ListStacks, RollbackStack, Stack, UpdateStack,
};
use api::iam::ListRoles;
use api::lambda::{ListEventSourceMappings, ListFunctions};
use api::logs::DescribeLogGroups;
use api::sqs::{CreateQueue, ListQueues};
use kernel::Service;
use model::typed::Operation;
use model::{Error, Result};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;
use store::{Place, Table};

/// What happened in a history, for those who want to see that it was not a quiet one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub created: usize,
    pub updated: usize,
    pub deleted: usize,
    pub crashes: usize,
    /// Stacks looked at that had come to a good end, and to a bad one.
    pub complete: usize,
    pub undone: usize,
}

const NAMES: [&str; 3] = ["alpha", "beta", "gamma"];
/// A queue that no stack made: whoever wants its name fails.
const TAKEN: &str = "taken";
/// So often time is moved on before a stack counts as stuck. A job waits a minute at most between two attempts.
const PATIENCE: usize = 60;

/// Written only to see whether it can be written.
static ALIVE: Table<u64> = Table::partition("sim.alive");

/// Plays `steps` steps.
///
/// # Errors
/// The step after which stacks and resources did not agree.
pub async fn play(seed: u64, steps: usize) -> std::result::Result<Tally, String> {
    let world = World::new(seed, || (services(), drivers::echoing()));
    let mut player = Player { world, dice: Dice::new(seed), tally: Tally::default() };
    let taken = CreateQueue { queue_name: TAKEN.to_owned(), ..CreateQueue::default() };
    root(&player.world).call(taken).await.map_err(|error| format!("seed {seed}: {error}"))?;
    for step in 0..steps {
        let did = player.step().await;
        if let Err(why) = player.compare().await {
            let events = player.events().await;
            return Err(format!("seed {seed}, step {step} ({did}): {why}\n{events}"));
        }
    }
    player.clear().await.map_err(|why| format!("seed {seed}, at the end: {why}"))?;
    Ok(player.tally)
}

fn services() -> Vec<Service> {
    vec![
        cloudformation::service(),
        iam::service(),
        lambda::service(),
        logs::service(),
        slow::service(),
        sqs::service(),
        sts::service(),
    ]
}

struct Player {
    world: World,
    dice: Dice,
    tally: Tally,
}

impl Player {
    /// One thing that a user, the world or fate does. That a call is refused is an answer like any other.
    async fn step(&mut self) -> String {
        let name = NAMES[self.dice.below(3) as usize].to_owned();
        match self.dice.below(100) {
            0..22 => self.create(name).await,
            22..47 => self.update(name).await,
            47..55 => self.change(name).await,
            55..65 => self.delete(name).await,
            65..70 => self.cancel(name).await,
            70..76 => self.recover(name).await,
            76..83 => self.wait().await,
            83..95 => {
                // Far enough that it may hit any step of an operation.
                let commits = 1 + self.dice.below(25);
                match self.dice.below(3) {
                    0 => any_fault(&self.world, &mut self.dice),
                    1 => self.world.disk().fail(commits, store::engine::Fault::CrashBefore),
                    _ => self.world.disk().fail(commits, store::engine::Fault::CrashAfter),
                }
                "fault".to_owned()
            }
            _ => {
                self.crash().await;
                "crash".to_owned()
            }
        }
    }

    async fn create(&mut self, stack_name: String) -> String {
        let what = format!("create {stack_name}");
        let on_failure = ["ROLLBACK", "DO_NOTHING", "DELETE"][self.dice.below(3) as usize].to_owned();
        let input = CreateStack {
            template_body: Some(self.template(&stack_name)),
            stack_name,
            capabilities: capabilities(),
            on_failure: Some(on_failure),
            timeout_in_minutes: (self.dice.below(4) == 0).then_some(1),
            ..CreateStack::default()
        };
        if self.call(input).await.is_ok() {
            self.tally.created += 1;
        }
        what
    }

    async fn update(&mut self, stack_name: String) -> String {
        let what = format!("update {stack_name}");
        let input = UpdateStack {
            template_body: Some(self.template(&stack_name)),
            stack_name,
            capabilities: capabilities(),
            disable_rollback: Some(self.dice.below(3) == 0),
            ..UpdateStack::default()
        };
        if self.call(input).await.is_ok() {
            self.tally.updated += 1;
        }
        what
    }

    /// By a change set, as `deploy` does.
    async fn change(&mut self, stack_name: String) -> String {
        let kind = if self.dice.below(2) == 0 { "CREATE" } else { "UPDATE" };
        let what = format!("deploy {stack_name} ({kind})");
        let input = CreateChangeSet {
            template_body: Some(self.template(&stack_name)),
            stack_name,
            change_set_name: "deploy".to_owned(),
            change_set_type: Some(kind.to_owned()),
            capabilities: capabilities(),
            ..CreateChangeSet::default()
        };
        if let Ok(output) = self.call(input).await {
            let change_set_name = output.id.unwrap_or_default();
            let _ = self.call(ExecuteChangeSet { change_set_name, ..ExecuteChangeSet::default() }).await;
        }
        what
    }

    async fn delete(&mut self, stack_name: String) -> String {
        let what = format!("delete {stack_name}");
        if self.call(DeleteStack { stack_name, ..DeleteStack::default() }).await.is_ok() {
            self.tally.deleted += 1;
        }
        what
    }

    async fn cancel(&mut self, stack_name: String) -> String {
        let what = format!("cancel {stack_name}");
        let _ = self.call(CancelUpdateStack { stack_name, client_request_token: None }).await;
        what
    }

    async fn recover(&mut self, stack_name: String) -> String {
        let what = format!("roll back {stack_name}");
        let input = RollbackStack { stack_name: stack_name.clone(), ..RollbackStack::default() };
        if self.call(input).await.is_err() {
            let _ = self.call(ContinueUpdateRollback { stack_name, ..ContinueUpdateRollback::default() }).await;
        }
        what
    }

    async fn wait(&mut self) -> String {
        let seconds = self.dice.below(90);
        self.world.kernel.clock.advance(Duration::from_secs(seconds));
        format!("wait {seconds} s")
    }

    async fn crash(&mut self) {
        self.tally.crashes += 1;
        self.world.crash().await;
    }

    /// Resources that depend on one another, some of which cannot be made.
    fn template(&mut self, stack: &str) -> String {
        let mut resources = Map::new();
        let version = self.dice.below(2);
        let delay = self.dice.below(3);
        let named = json!({"QueueName": format!("{stack}-{version}"), "DelaySeconds": delay});
        let role = json!({"AssumeRolePolicyDocument": trust(), "Policies": [{"PolicyName": "read", "PolicyDocument": read()}]});
        let function = json!({
            "Runtime": "python3.13", "Handler": "index.handler", "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": format!("version = {version}")}, "Timeout": 3 + delay,
        });
        let mapping = json!({
            "FunctionName": {"Ref": "Function"}, "EventSourceArn": {"Fn::GetAtt": ["Named", "Arn"]}, "BatchSize": 1 + delay,
        });
        let days = [1, 3, 7][self.dice.below(3) as usize];
        let group = json!({"LogGroupName": format!("{stack}-group"), "RetentionInDays": days});
        let wrong_group = json!({"LogGroupName": format!("{stack}-wrong"), "RetentionInDays": 4});
        let all = [
            ("Named", "AWS::SQS::Queue", named, 100),
            ("Role", "AWS::IAM::Role", role, 100),
            ("Plain", "AWS::SQS::Queue", json!({"DelaySeconds": delay}), 50),
            ("Group", "AWS::Logs::LogGroup", group, 60),
            ("Function", "AWS::Lambda::Function", function, 60),
            ("Slow", slow::TYPE, json!({"TopicName": format!("{stack}-{version}")}), 40),
            ("Taken", "AWS::SQS::Queue", json!({"QueueName": TAKEN, "DelaySeconds": 9}), 12),
            ("Wrong", "AWS::Logs::LogGroup", wrong_group, 8),
        ];
        for (name, kind, properties, chance) in all {
            if self.dice.below(100) < chance {
                resources.insert(name.to_owned(), json!({"Type": kind, "Properties": properties}));
            }
        }
        if resources.contains_key("Function") && self.dice.below(2) == 0 {
            resources.insert(
                "Mapping".to_owned(),
                json!({"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}),
            );
        }
        // What fails, fails after others were made.
        for late in ["Taken", "Wrong"] {
            let others: Vec<String> =
                resources.keys().filter(|it| !matches!(it.as_str(), "Taken" | "Wrong")).cloned().collect();
            if let Some(it) = resources.get_mut(late).filter(|_| self.dice.below(2) == 0) {
                it["DependsOn"] = json!(others);
            }
        }
        json!({"Resources": resources, "Outputs": {"Url": {"Value": {"Ref": "Named"}}}}).to_string()
    }

    /// Stacks that are at rest own what exists; what is under way is asked again later.
    async fn compare(&mut self) -> std::result::Result<(), String> {
        self.settle().await?;
        let (exists, stacks) = (self.exists().await?, self.stacks().await?);
        let mut owned = BTreeSet::from([queue_url(TAKEN)]);
        let mut all_at_rest = true;
        for stack in stacks {
            let status = stack.stack_status.as_str();
            let at_rest = matches!(status, "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE");
            let owns = self.owned(&stack).await?;
            if at_rest {
                self.tally.complete += 1;
                if let Some(lost) = owns.iter().find(|it| !exists.contains(*it)) {
                    return Err(format!("{} is {status}, and {lost} does not exist", stack.stack_name));
                }
            } else if status == "ROLLBACK_COMPLETE" && !owns.is_empty() {
                return Err(format!("{} is {status}, and still owns {owns:?}", stack.stack_name));
            }
            self.tally.undone += usize::from(status.contains("ROLLBACK_COMPLETE"));
            all_at_rest &= at_rest || matches!(status, "ROLLBACK_COMPLETE" | "REVIEW_IN_PROGRESS");
            owned.extend(owns);
        }
        match exists.difference(&owned).next().filter(|_| all_at_rest) {
            Some(left) => Err(format!("{left} belongs to no stack")),
            None => Ok(()),
        }
    }

    /// Every stack goes, and nothing is left.
    async fn clear(&mut self) -> std::result::Result<(), String> {
        self.crash().await;
        for round in 0..PATIENCE {
            self.settle().await?;
            let stacks = self.stacks().await?;
            if stacks.is_empty() {
                let left: Vec<String> = self.exists().await?.into_iter().filter(|it| *it != queue_url(TAKEN)).collect();
                return if left.is_empty() { Ok(()) } else { Err(format!("no stack is left, but {left:?} are")) };
            }
            for stack in stacks {
                let failed = stack.stack_status == "DELETE_FAILED";
                if failed && round > PATIENCE / 2 {
                    return Err(format!("{} cannot be deleted: {:?}", stack.stack_name, stack.stack_status_reason));
                }
                let stack_name = stack.stack_name;
                let _ = self.call(DeleteStack { stack_name, ..DeleteStack::default() }).await;
            }
            self.world.kernel.clock.advance(Duration::from_secs(61));
        }
        let stacks = self.stacks().await?;
        let name = stacks.first().map(|it| it.stack_name.clone()).unwrap_or_default();
        let input = DescribeStackEvents { stack_name: name, next_token: None };
        let events = self.asked(input).await?.stack_events.unwrap_or_default();
        Err(format!("stacks do not go: {stacks:?}, {:?}", events.iter().take(3).collect::<Vec<_>>()))
    }

    /// Until no job is due. A store that has failed needs a restart.
    async fn settle(&mut self) -> std::result::Result<(), String> {
        for round in 1..20_000 {
            if !self.world.kernel.has_due_jobs() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            if round % 20 == 0 && !self.is_alive().await {
                self.crash().await;
            }
        }
        Err("jobs are due and are not done".to_owned())
    }

    /// A full disk is none that has failed.
    async fn is_alive(&self) -> bool {
        for _ in 0..3 {
            let number = self.world.disk().commits();
            if self.world.kernel.store.write(move |tx| tx.put(&ALIVE, Place::PARTITION, &(), &number)).await.is_ok() {
                return true;
            }
        }
        false
    }

    async fn call<I: Operation>(&mut self, input: I) -> Result<I::Output> {
        let answer = root(&self.world).call(input).await;
        if answer.as_ref().is_err_and(is_failure) && !self.is_alive().await {
            self.crash().await;
        }
        answer
    }

    /// A look has an answer, if need be after a restart.
    async fn asked<I: Operation + Clone>(&mut self, input: I) -> std::result::Result<I::Output, String> {
        for _ in 0..10 {
            match self.call(input.clone()).await {
                Err(error) if is_failure(&error) => {}
                answer => return answer.map_err(|error| format!("{}: {error}", I::NAME)),
            }
        }
        let answer = self.call(input).await;
        answer.map_err(|error| format!("{} fails time and again: {error}", I::NAME))
    }

    async fn stacks(&mut self) -> std::result::Result<Vec<Stack>, String> {
        Ok(self.asked(DescribeStacks::default()).await?.stacks.unwrap_or_default())
    }

    /// The last ones of every stack, newest first: for whoever looks for the cause.
    async fn events(&mut self) -> String {
        let mut told = String::new();
        // Those that are gone may have left something.
        let stacks = self.asked(ListStacks::default()).await.ok().and_then(|it| it.stack_summaries).unwrap_or_default();
        for stack in stacks {
            let input = DescribeStackEvents { stack_name: stack.stack_id.unwrap_or_default(), next_token: None };
            let events = self.asked(input).await.ok().and_then(|it| it.stack_events).unwrap_or_default();
            for it in events.into_iter().take(60) {
                let name = it.logical_resource_id.unwrap_or_default();
                let (status, id) =
                    (it.resource_status.unwrap_or_default(), it.physical_resource_id.unwrap_or_default());
                let reason = it.resource_status_reason.unwrap_or_default();
                told.push_str(&format!("  {} {name} {status} {id} {reason}\n", it.stack_name));
            }
        }
        told
    }

    /// The physical ids of a stack's resources.
    async fn owned(&mut self, stack: &Stack) -> std::result::Result<BTreeSet<String>, String> {
        let input = ListStackResources { stack_name: stack.stack_name.clone(), next_token: None };
        let rows = self.asked(input).await?.stack_resource_summaries.unwrap_or_default();
        let alive = rows.into_iter().filter(|it| it.resource_status != "DELETE_COMPLETE");
        Ok(alive.filter_map(|it| it.physical_resource_id).collect())
    }

    /// The physical ids of everything that there is.
    async fn exists(&mut self) -> std::result::Result<BTreeSet<String>, String> {
        let mut all = BTreeSet::new();
        all.extend(self.asked(ListQueues::default()).await?.queue_urls.unwrap_or_default());
        all.extend(self.asked(ListRoles::default()).await?.roles.into_iter().map(|it| it.role_name));
        let functions = self.asked(ListFunctions::default()).await?.functions.unwrap_or_default();
        all.extend(functions.into_iter().filter_map(|it| it.function_name));
        let mappings = self.asked(ListEventSourceMappings::default()).await?.event_source_mappings;
        all.extend(mappings.unwrap_or_default().into_iter().filter_map(|it| it.uuid));
        let groups = self.asked(DescribeLogGroups::default()).await?.log_groups.unwrap_or_default();
        all.extend(groups.into_iter().filter_map(|it| it.log_group_name));
        all.extend(slow::exists(&root(&self.world)));
        Ok(all)
    }
}

fn is_failure(error: &Error) -> bool {
    error.shape().status >= 500
}

fn capabilities() -> Option<Vec<String>> {
    Some(vec!["CAPABILITY_NAMED_IAM".to_owned()])
}

fn queue_url(name: &str) -> String {
    format!("http://niebla.test/000000000000/{name}")
}

fn trust() -> Json {
    let statement =
        json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn read() -> Json {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]})
}
