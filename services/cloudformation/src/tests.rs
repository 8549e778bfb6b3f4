//! Stacks through the door, in process, on a frozen clock.

mod buckets;
mod change_sets;
mod definitions;
mod drift;
mod fake;
mod files;
mod protection;
mod rollbacks;
mod stacks;
mod updates;

use api::cloudformation::{
    CreateStack, DescribeStackEvents, DescribeStacks, Parameter, Stack, StackEvent, UpdateStack,
};
use kernel::{Caller, Cloud, Principal};
use model::Result;
use std::sync::Arc;
use std::time::Duration;

pub struct World {
    pub sim: sim::World,
    pub cloud: Cloud,
}

/// A script, in a world with groups that fail and wait when their names say so.
pub fn check(script: &str) {
    sim::check(services, script);
}

fn services() -> Vec<kernel::Service> {
    vec![crate::service(), sqs::service(), fake::service(), iam::service(), s3::service(), sts::service()]
}

impl World {
    pub fn new() -> Self {
        let sim = sim::World::new(1, move || (services(), sim::drivers::echoing()));
        let cloud = root(&sim);
        Self { sim, cloud }
    }

    /// Niebla ends without a word and starts again.
    pub async fn crash(&mut self) {
        self.sim.crash().await;
        self.cloud = root(&self.sim);
    }

    pub async fn create(&self, name: &str, template: &str) -> Result<String> {
        self.create_with(CreateStack { template_body: Some(template.to_owned()), ..named(name) }).await
    }

    pub async fn create_with(&self, input: CreateStack) -> Result<String> {
        Ok(self.cloud.call(input).await?.stack_id.expect("every stack has an id"))
    }

    pub async fn update(&self, name: &str, template: &str) -> Result<()> {
        let input = UpdateStack {
            stack_name: name.to_owned(),
            template_body: Some(template.to_owned()),
            ..UpdateStack::default()
        };
        self.cloud.call(input).await.map(drop)
    }

    pub async fn stack(&self, name: &str) -> Result<Stack> {
        let input = DescribeStacks { stack_name: Some(name.to_owned()), next_token: None };
        Ok(self.cloud.call(input).await?.stacks.expect("always listed").remove(0))
    }

    /// The stack, once nothing is in progress any more.
    pub async fn settled(&self, name: &str) -> Stack {
        let looking = async {
            loop {
                let stack = self.stack(name).await.unwrap();
                if !stack.stack_status.ends_with("_IN_PROGRESS") {
                    return stack;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), looking).await.expect("the operation comes to an end")
    }

    /// Oldest first: `LogicalId STATUS reason`.
    pub async fn events(&self, name: &str) -> Vec<String> {
        let input = DescribeStackEvents { stack_name: name.to_owned(), next_token: None };
        let mut events = self.cloud.call(input).await.unwrap().stack_events.unwrap();
        events.reverse();
        events.into_iter().map(line).collect()
    }
}

pub fn named(name: &str) -> CreateStack {
    CreateStack { stack_name: name.to_owned(), ..CreateStack::default() }
}

pub fn parameter(key: &str, value: &str) -> Parameter {
    Parameter { parameter_key: Some(key.to_owned()), parameter_value: Some(value.to_owned()), ..Parameter::default() }
}

fn line(it: StackEvent) -> String {
    let (id, status) = (it.logical_resource_id.unwrap(), it.resource_status.unwrap());
    let reason = it.resource_status_reason.map(|it| format!(" {it}")).unwrap_or_default();
    // What is random is left out.
    let reason = reason.split(" (Service").next().unwrap_or_default().to_owned();
    format!("{id} {status}{reason}")
}

fn root(sim: &sim::World) -> Cloud {
    let caller = Caller::internal(Principal::root("000000000000"), "us-east-1", "request".to_owned());
    sim.kernel.cloud(Arc::new(caller))
}
