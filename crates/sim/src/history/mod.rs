//! Random histories: the same seed plays the same history, with crashes, failing commits and jumps of the clock between
//! the calls. After every step the world must agree with what its users were told.

pub mod fifo;
pub mod function;
pub mod queue;
pub mod stack;

use crate::world::World;
use kernel::{Caller, Cloud, Principal};
use std::sync::Arc;
use store::engine::Fault;

/// SplitMix64, like the world's entropy, but the player's own: what users do does not change what ids they get.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }
}

/// The owner of the account in which everything happens.
pub(crate) fn root(world: &World) -> Cloud {
    let id = world.kernel.entropy.uuid();
    world.kernel.cloud(Arc::new(Caller::internal(Principal::root("000000000000"), "us-east-1", id)))
}

/// The next commit, or one of the next, fails.
fn any_fault(world: &World, dice: &mut Dice) {
    let fault = [Fault::Full, Fault::CrashBefore, Fault::CrashAfter][dice.index(3)];
    world.disk().fail(1 + dice.below(3), fault);
}
