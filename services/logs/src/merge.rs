//! Several streams read as one, in order of time, without reading more of any than is asked for.

use crate::event::{POSITIONS, Position};
use kernel::Cx;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use store::Span;

/// The positions of some streams, in order.
pub struct Merge {
    cursors: Vec<Cursor>,
    /// The next position of every stream that has one, with the stream's place among the cursors.
    heads: BinaryHeap<Reverse<(Position, usize)>>,
}

struct Cursor {
    stream: u64,
    through: i64,
    read: VecDeque<Position>,
    /// Positions read together next time: a stream that is read on is worth reading ahead.
    ahead: usize,
}

const FIRST_READ: usize = 8;
const LONGEST_READ: usize = 512;

impl Merge {
    /// From a position on, through a time in milliseconds since 1970.
    pub fn new(cx: &Cx, streams: impl IntoIterator<Item = u64>, from: Position, through: i64) -> Merge {
        let cursor = |stream| Cursor { stream, through, read: VecDeque::new(), ahead: FIRST_READ };
        let mut merge = Merge { cursors: streams.into_iter().map(cursor).collect(), heads: BinaryHeap::new() };
        for index in 0..merge.cursors.len() {
            merge.cursors[index].fill(cx, from);
            merge.show(index);
        }
        merge
    }

    pub fn next(&mut self, cx: &Cx) -> Option<Position> {
        let Reverse((position, index)) = self.heads.pop()?;
        let cursor = &mut self.cursors[index];
        if cursor.read.is_empty() {
            cursor.fill(cx, Position { sequence: position.sequence + 1, ..position });
        }
        self.show(index);
        Some(position)
    }

    fn show(&mut self, index: usize) {
        if let Some(position) = self.cursors[index].read.pop_front() {
            self.heads.push(Reverse((position, index)));
        }
    }
}

impl Cursor {
    fn fill(&mut self, cx: &Cx, from: Position) {
        let span = Span::prefix(&self.stream)
            .from(&(self.stream, from.timestamp, from.sequence))
            .through_prefix(&(self.stream, self.through));
        self.read = cx.range(&POSITIONS, span, self.ahead).into();
        self.ahead = (self.ahead * 4).min(LONGEST_READ);
    }
}
