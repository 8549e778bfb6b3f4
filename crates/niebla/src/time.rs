//! How far and when, as people write it: `30d`, `1h30m`, `2026-01-31T12:00:00Z`.

use crate::failure::{Failure, Result};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// The clock ends with the year 9999; nothing is moved further than this.
const FURTHEST_MS: i64 = 8_000 * 366 * 86_400_000;

/// Milliseconds of `90s`, `1h30m`, `30d`, `2w`, `250ms`.
pub fn duration_ms(text: &str) -> Result<i64> {
    let wrong = || Failure::new(format!("`{text}` is no duration")).next("Write it as 90s, 15m, 1h30m, 30d or 2w.");
    let mut rest = text.trim();
    let mut total: i64 = 0;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|it: char| !it.is_ascii_digit()).ok_or_else(wrong)?;
        let count: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let letters = rest.find(|it: char| it.is_ascii_digit()).unwrap_or(rest.len());
        let unit = unit_ms(rest[..letters].trim()).ok_or_else(wrong)?;
        rest = &rest[letters..];
        total = count.checked_mul(unit).and_then(|it| it.checked_add(total)).ok_or_else(wrong)?;
    }
    if total > FURTHEST_MS { Err(wrong()) } else { Ok(total) }
}

/// Milliseconds since 1970 of an RFC 3339 time, a date (its midnight, UTC), or seconds since 1970.
pub fn moment_ms(text: &str) -> Result<i64> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let midnight = text.parse::<Date>().map(|it| it.to_datetime(jiff::civil::Time::midnight()));
    if let Ok(time) = text.parse::<DateTime>().or(midnight).and_then(|it| it.to_zoned(TimeZone::UTC)) {
        return Ok(time.timestamp().as_millisecond());
    }
    let seconds = text.parse::<i64>().ok().and_then(|it| Timestamp::from_second(it).ok());
    seconds.map(|it| it.as_millisecond()).ok_or_else(|| {
        Failure::new(format!("`{text}` is no time"))
            .next("Write it as 2026-01-31T12:00:00Z, 2026-01-31, or in seconds since 1970.")
    })
}

/// `2026-01-31T12:00:00.000Z`.
pub fn shown(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map_or_else(|_| format!("{milliseconds} ms"), |it| format!("{it:.3}"))
}

fn unit_ms(unit: &str) -> Option<i64> {
    Some(match unit {
        "ms" => 1,
        "s" | "sec" | "second" | "seconds" => 1_000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        "w" | "week" | "weeks" => 7 * 86_400_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("250ms", Some(250)),
            ("90s", Some(90_000)),
            ("1h30m", Some(5_400_000)),
            ("30d", Some(30 * 86_400_000)),
            ("2 weeks", Some(14 * 86_400_000)),
            ("", None),
            ("30", None),
            ("d", None),
            ("-3d", None),
            ("3y", None),
            ("3ñ", None),
            ("99999999999999999999d", None),
            ("9999999999d", None),
        ] {
            assert_eq!(duration_ms(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn moments() {
        for (text, expected) in [
            ("2026-01-31T12:00:00Z", Some(1_769_860_800_000)),
            ("2026-01-31T13:00:00+01:00", Some(1_769_860_800_000)),
            ("2026-01-31T12:00:00", Some(1_769_860_800_000)),
            ("2026-01-31", Some(1_769_817_600_000)),
            ("1769817600", Some(1_769_817_600_000)),
            ("tomorrow", None),
            ("2026-13-01", None),
        ] {
            assert_eq!(moment_ms(text).ok(), expected, "{text}");
        }
        assert_eq!(shown(1_769_860_800_000), "2026-01-31T12:00:00.000Z");
    }
}
