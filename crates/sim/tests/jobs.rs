//! What must happen later happens: also when the disk is full, when a handler panics, and behind slow ones.

use kernel::{Caller, Cloud, Cx, Job, Principal, Service};
use model::Timestamp;
use sim::World;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use store::Table;
use store::engine::Fault;

static NOTES: Table<u32> = Table::partition("sim.notes");
static NOTE: Job<u32> = Job::new("sqs.note");
static WAIT: Job<u32> = Job::new("sqs.wait");
static RISES: AtomicU32 = AtomicU32::new(0);

fn service() -> Service {
    Service::new("sqs").job(&NOTE, note).job_conversation(&WAIT, wait)
}

fn note(cx: &mut Cx, number: u32) -> model::Result<()> {
    cx.put(&NOTES, &u64::from(number), &number);
    Ok(())
}

/// Never ends by itself.
async fn wait(cloud: Cloud, _: u32) -> model::Result<()> {
    cloud.sleep_until(Timestamp(i64::MAX)).await;
    Ok(())
}

/// Panics the first two times.
async fn rise(cloud: Cloud) {
    assert!(RISES.fetch_add(1, Ordering::SeqCst) >= 2, "this panic is part of the test");
    cloud.write(|cx| note(cx, 99)).await.expect("the disk is well");
}

fn world(build: fn() -> Service) -> World {
    World::new(1, move || (vec![build()], sim::drivers::echoing()))
}

fn root(world: &World) -> Cloud {
    let caller = Caller::internal(Principal::root("000000000000"), "us-east-1", "request".to_owned());
    world.kernel.cloud(Arc::new(caller))
}

fn noted(world: &World, number: u64) -> bool {
    root(world).read(|cx| cx.has(&NOTES, &number))
}

async fn until(what: impl Fn() -> bool) {
    let patience = Duration::from_secs(20);
    let seen = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(patience, seen).await.expect("it happens");
}

#[tokio::test]
async fn a_job_outlives_a_full_disk() {
    let world = world(service);
    let later = world.kernel.clock.now().0 + 1_000;
    let plan = move |cx: &mut Cx| {
        cx.at(Timestamp(later), &NOTE, &7);
        Ok(())
    };
    root(&world).write(plan).await.expect("there is room");
    world.disk().fail(1, Fault::Full);
    world.kernel.clock.advance(Duration::from_secs(2));
    until(|| noted(&world, 7)).await;
}

#[tokio::test]
async fn quick_jobs_do_not_wait_for_slow_ones() {
    let world = world(service);
    let now = world.kernel.clock.now();
    let many = move |cx: &mut Cx| {
        for number in 0..1_000 {
            cx.at(now, &WAIT, &number);
        }
        cx.at(now, &NOTE, &8);
        Ok(())
    };
    root(&world).write(many).await.expect("there is room");
    until(|| noted(&world, 8)).await;
}

#[tokio::test]
async fn a_reconciler_that_panicked_is_started_again() {
    let world = world(|| service().reconciler(|cloud| Box::pin(rise(cloud))));
    until(|| noted(&world, 99)).await;
    assert!(RISES.load(Ordering::SeqCst) >= 3);
}
