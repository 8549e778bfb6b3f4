//! The three forms of a timestamp: ISO 8601, RFC 822 (as HTTP's dates), seconds since 1970.

use super::{Decoded, Problem};
use crate::shape::TimestampFormat;
use crate::value::Timestamp;

const DAY: i64 = 86_400_000;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// `2015-01-25T08:00:00Z`, `Sun, 25 Jan 2015 08:00:00 GMT`, `1422172800`; milliseconds where there are any.
pub fn format_timestamp(timestamp: Timestamp, format: TimestampFormat) -> String {
    let millis = timestamp.0.rem_euclid(1000);
    match format {
        TimestampFormat::UnixTimestamp if millis == 0 => (timestamp.0 / 1000).to_string(),
        TimestampFormat::UnixTimestamp => unix(timestamp.0),
        TimestampFormat::Iso8601 => iso8601(timestamp, millis != 0),
        TimestampFormat::Rfc822 => {
            let (year, month, day, hour, minute, second) = parts(timestamp.0);
            let weekday = WEEKDAYS[timestamp.0.div_euclid(DAY).rem_euclid(7) as usize];
            let mut out = String::with_capacity(29);
            out.push_str(weekday);
            push(&mut out, ", ", 2, day);
            out.push(' ');
            out.push_str(MONTHS[month as usize - 1]);
            push(&mut out, " ", 4, year);
            push(&mut out, " ", 2, hour);
            push(&mut out, ":", 2, minute);
            push(&mut out, ":", 2, second);
            out.push_str(" GMT");
            out
        }
    }
}

/// S3 and EC2 always print the milliseconds.
pub(crate) fn iso8601(timestamp: Timestamp, with_millis: bool) -> String {
    let (year, month, day, hour, minute, second) = parts(timestamp.0);
    let mut out = String::with_capacity(24);
    push(&mut out, "", 4, year);
    push(&mut out, "-", 2, month);
    push(&mut out, "-", 2, day);
    push(&mut out, "T", 2, hour);
    push(&mut out, ":", 2, minute);
    push(&mut out, ":", 2, second);
    if with_millis {
        push(&mut out, ".", 3, timestamp.0.rem_euclid(1000));
    }
    out.push('Z');
    out
}

/// What stands before a number, and the number with so many digits. Formatting by `format!` takes ten times as long, and
/// most answers hold a time.
fn push(out: &mut String, before: &str, digits: u32, number: i64) {
    out.push_str(before);
    for place in (0..digits).rev() {
        out.push(char::from(b'0' + (number / 10i64.pow(place)).rem_euclid(10) as u8));
    }
}

/// Reads any of the forms, whichever is announced: SDKs are not of one mind.
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'0'..=b'9' if bytes.len() >= 10 && bytes[4] == b'-' => parse_iso8601(text),
        b'0'..=b'9' | b'-' | b'+' | b'.' => from_seconds(text.parse().ok()?),
        _ => parse_rfc822(text),
    }
}

pub(crate) fn read(text: &str) -> Decoded<Timestamp> {
    parse_timestamp(text).ok_or_else(|| Problem::new(format!("Unable to parse the timestamp {text:?}")))
}

/// None outside of the years 0 to 9999, which is all that the text forms can say.
pub(crate) fn from_seconds(seconds: f64) -> Option<Timestamp> {
    let millis = (seconds * 1000.0).round();
    ((-62_167_219_200_000.0..=253_402_300_799_999.0).contains(&millis)).then_some(Timestamp(millis as i64))
}

fn unix(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let (seconds, rest) = (millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000);
    format!("{sign}{seconds}.{rest:03}").trim_end_matches('0').to_owned()
}

fn parts(millis: i64) -> (i64, i64, i64, i64, i64, i64) {
    let (year, month, day) = date_of(millis.div_euclid(DAY));
    let second = millis.rem_euclid(DAY) / 1000;
    (year, month, day, second / 3600, second / 60 % 60, second % 60)
}

/// `YYYY-MM-DD['T'hh:mm:ss[.f]][Z|±hh:mm]`
fn parse_iso8601(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_at_checked(10)?;
    let (year, month, day) = (number(date, 0, 4)?, number(date, 5, 7)?, number(date, 8, 10)?);
    let midnight = days_to(year, month, day)? * DAY;
    if time.is_empty() {
        return Some(Timestamp(midnight));
    }
    let time = time.strip_prefix(['T', 't', ' '])?;
    let end = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(end);
    let offset = match zone {
        "" | "Z" | "z" => 0,
        _ => {
            let minutes = number(zone, 1, 3)? * 60 + number(zone, zone.len().checked_sub(2)?, zone.len())?;
            if zone.starts_with('-') { -minutes } else { minutes }
        }
    };
    let local = parse_clock(clock)?;
    Some(Timestamp(midnight + local - offset * 60_000))
}

/// `hh:mm[:ss[.f]]` in milliseconds.
fn parse_clock(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (hour, minute) = (number(whole, 0, 2)?, number(whole, 3, 5)?);
    let second = if whole.len() > 5 { number(whole, 6, 8)? } else { 0 };
    if hour > 24 || minute > 59 || second > 60 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let millis = fraction.bytes().chain(*b"000").take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some(((hour * 60 + minute) * 60 + second) * 1000 + millis)
}

/// `Sun, 06 Nov 1994 08:49:37[.f] GMT`
fn parse_rfc822(text: &str) -> Option<Timestamp> {
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split_ascii_whitespace();
    let day = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|it| *it == month)? as i64 + 1;
    let year = words.next()?.parse().ok()?;
    let clock = parse_clock(words.next()?)?;
    Some(Timestamp(days_to(year, month, day)? * DAY + clock))
}

fn number(text: &str, from: usize, to: usize) -> Option<i64> {
    let digits = text.get(from..to)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, years beginning in March so that leap days come last.
fn days_to(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_written_and_read() {
        let time = Timestamp(1_422_172_800_000);
        for (format, text) in [
            (TimestampFormat::Iso8601, "2015-01-25T08:00:00Z"),
            (TimestampFormat::Rfc822, "Sun, 25 Jan 2015 08:00:00 GMT"),
            (TimestampFormat::UnixTimestamp, "1422172800"),
        ] {
            assert_eq!(format_timestamp(time, format), text);
            assert_eq!(parse_timestamp(text), Some(time));
        }
        assert_eq!(format_timestamp(Timestamp(1500), TimestampFormat::UnixTimestamp), "1.5");
        assert_eq!(format_timestamp(Timestamp(-1500), TimestampFormat::UnixTimestamp), "-1.5");
        assert_eq!(parse_timestamp("2019-12-16T22:48:18-01:00"), Some(Timestamp(1_576_540_098_000)));
        assert_eq!(parse_timestamp("2000-01-02T20:34:56.123456Z").map(|it| it.0 % 1000), Some(123));
        for bad in ["", "yesterday", "2019-13-01T00:00:00Z", "2019-1", "2019-01-01T9", "1e30", "Sun, x", "2019-01-01é"]
        {
            assert_eq!(parse_timestamp(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_go_there_and_back() {
        for days in (-719_468..2_932_896).step_by(97) {
            let (year, month, day) = date_of(days);
            if (0..=9999).contains(&year) {
                assert_eq!(days_to(year, month, day), Some(days));
            }
        }
    }
}
