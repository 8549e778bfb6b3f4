//! Iterators of shards: a stream, a position, and when it was given.

use crate::stream::{self, Extent, VALIDATION, extent, find, next_sequence};
use api::dynamodbstreams::{GetRecords, GetShardIterator, GetShardIteratorOutput, error};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use items::stream::{Stream, sequence_of};
use kernel::Cx;
use model::{Error, Result};

/// Where reading goes on.
pub struct Position {
    pub arn: String,
    /// The shard's id.
    pub shard: String,
    /// Of the next record.
    pub sequence: u64,
    /// Milliseconds since 1970.
    pub given_at: i64,
}

/// ("GetShardIterator": an iterator expires 15 minutes after it is retrieved.)
const VALID_MS: i64 = 15 * 60 * 1_000;

impl Position {
    /// The iterator's text.
    pub fn token(&self) -> String {
        let plain = format!("{}|{}|{}|{}", self.arn, self.shard, self.sequence, self.given_at);
        format!("{}|1|{}", self.arn, BASE64.encode(plain))
    }

    pub fn read(token: &str) -> Result<Position> {
        Position::parse(token).ok_or_else(|| VALIDATION.with("Invalid ShardIterator"))
    }

    fn parse(token: &str) -> Option<Position> {
        let plain = String::from_utf8(BASE64.decode(token.rsplit('|').next()?).ok()?).ok()?;
        let mut parts = plain.rsplitn(4, '|');
        let given_at = parts.next()?.parse().ok()?;
        let sequence = parts.next()?.parse().ok()?;
        let (shard, arn) = (parts.next()?, parts.next()?);
        Some(Position { arn: arn.to_owned(), shard: shard.to_owned(), sequence, given_at })
    }

    /// # Errors
    /// It is too old.
    pub fn check(&self, cx: &Cx) -> Result<()> {
        if cx.now().0 - self.given_at <= VALID_MS {
            return Ok(());
        }
        Err(error::EXPIRED_ITERATOR
            .with("The shard iterator is expired and can no longer be used: it is older than 15 minutes."))
    }
}

/// What IAM is asked about.
pub fn arn(_: &Cx, input: &GetRecords) -> Result<String> {
    Position::read(&input.shard_iterator).map(|it| it.arn)
}

pub fn get(cx: &Cx, input: GetShardIterator) -> Result<GetShardIteratorOutput> {
    let stream = find(cx, &input.stream_arn)?;
    let Some(shard) = extent(cx, &stream, &input.shard_id) else {
        let what = format!("Requested resource not found: Shard does not exist: {}", input.shard_id);
        return Err(error::RESOURCE_NOT_FOUND.with(what));
    };
    let given = |number: &Option<String>| -> Result<u64> {
        let number = number.as_deref().ok_or_else(|| {
            VALIDATION
                .with(format!("SequenceNumber must be given with ShardIteratorType {}", input.shard_iterator_type))
        })?;
        sequence_of(number).ok_or_else(|| VALIDATION.with(format!("Invalid SequenceNumber: {number}")))
    };
    let sequence = match input.shard_iterator_type.as_str() {
        "TRIM_HORIZON" => stream.oldest.max(shard.first),
        "LATEST" => shard.end.unwrap_or_else(|| next_sequence(cx, &stream)),
        "AT_SEQUENCE_NUMBER" => within(&stream, shard, given(&input.sequence_number)?)?,
        _ => within(&stream, shard, given(&input.sequence_number)?)? + 1,
    };
    let (arn, shard) = (input.stream_arn, input.shard_id);
    let position = Position { arn, shard, sequence, given_at: cx.now().0 };
    Ok(GetShardIteratorOutput { shard_iterator: Some(position.token()) })
}

fn within(stream: &Stream, shard: Extent, sequence: u64) -> Result<u64> {
    if sequence < stream.oldest {
        return Err(trimmed());
    }
    if sequence < shard.first || shard.end.is_some_and(|end| sequence >= end) {
        return Err(VALIDATION.with("Invalid SequenceNumber: it is not of this shard"));
    }
    Ok(sequence)
}

pub fn trimmed() -> Error {
    error::TRIMMED_DATA_ACCESS.with("Attempt to access trimmed data: the record is older than 24 hours.")
}

/// The stream of a position.
pub fn stream_of(cx: &Cx, position: &Position) -> Result<Stream> {
    stream::find(cx, &position.arn)
}
