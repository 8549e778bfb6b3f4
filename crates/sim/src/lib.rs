//! The simulated world: a hand-driven clock, a seed, fake drivers, scripts and checkers.
//!
//! [`check`] runs a script: lines that say what a user sends and what comes back. It knows no service by name, because
//! the models can read and print every operation; so a test written as a script never has to follow a refactoring.
//! [`history`] plays a random history from a seed, with crashes and failing disks, and checks the world after every step.

pub mod drivers;
mod expect;
pub mod fuzz;
pub mod history;
pub mod hostile;
pub mod remote;
mod script;
mod slow;
mod world;

pub use script::{Target, check, check_in, run};
pub use world::World;
