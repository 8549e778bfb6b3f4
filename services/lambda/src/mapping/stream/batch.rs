//! What the function is to work on at once: records of one shard and, where windows tumble, of one window.

use super::checkpoint::{self, Window};
use super::{NEVER, Reader};
use crate::invoke::MOST_SYNCHRONOUS;
use crate::mapping::batch::ENVELOPE;
use kernel::source::Entry;
use model::Timestamp;

pub struct Batch {
    pub entries: Vec<Entry>,
    /// Where reading goes on after it.
    pub next: Option<String>,
    /// Nothing comes after it in its shard.
    pub is_end: bool,
    /// The function is told that the window is over, instead of given records.
    pub ends_window: bool,
    /// The window that is open.
    window: Option<Window>,
    tumbling_ms: i64,
    most: usize,
    wait_ms: i64,
    closes_at: Option<Timestamp>,
    /// Bytes that are left for records.
    bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    Taken,
    /// It belongs to the next batch.
    Not,
}

/// Of the state that a window keeps. (Implementing stateful DynamoDB stream processing in the developer guide.)
const LARGEST_STATE: usize = 1024 * 1024;

impl Batch {
    pub fn new(reader: &Reader, so_far: &checkpoint::Lane) -> Batch {
        let state = so_far.window.as_ref().map_or(0, |it| it.state.len());
        Batch {
            entries: Vec::new(),
            next: so_far.position.clone(),
            is_end: false,
            ends_window: false,
            window: so_far.window.clone(),
            tumbling_ms: reader.settings.tumbling * 1_000,
            most: reader.work.batch_size as usize,
            wait_ms: reader.work.window * 1_000,
            closes_at: None,
            bytes: MOST_SYNCHRONOUS.saturating_sub(ENVELOPE * 8 + state),
        }
    }

    /// When it goes to the function even if there is room.
    pub fn deadline(&self) -> Timestamp {
        self.closes_at.into_iter().chain(self.window_end()).min().unwrap_or(NEVER)
    }

    pub fn room(&self) -> usize {
        self.most - self.entries.len()
    }

    pub fn put(&mut self, entry: Entry, now: Timestamp) -> Fit {
        let bytes = entry.event.to_string().len() + 1;
        let is_full = self.room() == 0 || (!self.entries.is_empty() && bytes > self.bytes);
        if is_full || self.window_end().is_some_and(|end| entry.at >= end) {
            return Fit::Not;
        }
        if self.tumbling_ms > 0 && self.window.is_none() {
            self.window = Some(Window::at(entry.at, self.tumbling_ms));
        }
        self.closes_at.get_or_insert(Timestamp(now.0 + self.wait_ms));
        self.bytes = self.bytes.saturating_sub(bytes);
        self.next = Some(entry.next.clone());
        self.entries.push(entry);
        Fit::Taken
    }

    /// Whether it is time. `whole`: all that there was fitted in.
    pub fn is_complete(&mut self, now: Timestamp, whole: bool, so_far: &checkpoint::Lane) -> bool {
        if !self.entries.is_empty() {
            return !whole || self.room() == 0 || self.is_end || now >= self.deadline();
        }
        // A window that is open ends with its time, with a record of the next, or with the shard.
        let is_over = !whole || self.is_end || now >= self.deadline();
        self.ends_window = so_far.window.is_some() && is_over;
        self.ends_window || self.is_end || self.next != so_far.position
    }

    /// What the function keeps is too large, so it has to let go of it before the window's time is over.
    pub fn is_overgrown(&self) -> bool {
        self.window.as_ref().is_some_and(Window::is_overgrown)
    }

    fn window_end(&self) -> Option<Timestamp> {
        let window = self.window.as_ref()?;
        Some(Timestamp(window.start + self.tumbling_ms))
    }
}

impl Window {
    pub fn is_overgrown(&self) -> bool {
        self.state.len() > LARGEST_STATE
    }

    /// The one that a time falls into.
    pub fn at(time: Timestamp, size_ms: i64) -> Window {
        Window { start: time.0 - time.0.rem_euclid(size_ms), state: "{}".to_owned() }
    }
}
