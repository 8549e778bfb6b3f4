//! Dates of conditions: the W3C's profile of ISO 8601, or seconds since 1970.

/// Seconds and nanoseconds since 1970.
pub type Instant = (i64, u32);

/// Four digits are a year; any other whole number is seconds since 1970.
pub fn parse(text: &str) -> Option<Instant> {
    let text = text.trim();
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_year && let Ok(seconds) = text.parse::<i64>() {
        return Some((seconds, 0));
    }
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let midnight = days(date)?.checked_mul(86_400)?;
    let Some(time) = time else { return Some((midnight, 0)) };
    let (clock, offset) = split_offset(time)?;
    let (seconds, nanoseconds) = time_of_day(clock)?;
    Some((midnight.checked_add(seconds)?.checked_sub(offset)?, nanoseconds))
}

/// `2026-03-01T12:00:00Z`, as `aws:CurrentTime` gives it.
pub fn format(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4..=4)?;
    let month = parts.next().map_or(Some(1), |month| digits(month, 1..=2))?;
    let day = parts.next().map_or(Some(1), |day| digits(day, 1..=2))?;
    let exists = parts.next().is_none() && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    exists.then(|| days_from_civil(year, month, day))
}

/// The clock part, and the offset from UTC in seconds.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = time.find(['+', '-']) else { return Some((time, 0)) };
    let (clock, offset) = time.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = match offset[1..].split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if offset.len() == 5 && offset.is_ascii() => offset[1..].split_at(2),
        None => (&offset[1..], "00"),
    };
    let (hours, minutes) = (digits(hours, 2..=2)?, digits(minutes, 2..=2)?);
    (hours < 24 && minutes < 60).then_some((clock, sign * (hours * 3600 + minutes * 60)))
}

fn time_of_day(clock: &str) -> Option<(i64, u32)> {
    let (whole, fraction) = clock.split_once('.').map_or((clock, None), |(whole, part)| (whole, Some(part)));
    let mut parts = whole.split(':');
    let hour = digits(parts.next()?, 1..=2)?;
    let minute = digits(parts.next()?, 2..=2)?;
    let second = parts.next().map_or(Some(0), |second| digits(second, 2..=2))?;
    let exists = parts.next().is_none() && hour < 24 && minute < 60 && second <= 60;
    let nanoseconds = match fraction {
        None => 0,
        Some(part) => digits(part, 1..=9)? as u32 * 10_u32.pow(9 - part.len() as u32),
    };
    exists.then_some((hour * 3600 + minute * 60 + second, nanoseconds))
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<i64> {
    let plain = length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar; years begin in March, so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day
        - 719_469
}

fn civil(days: i64) -> (i64, i64, i64) {
    // The mean Gregorian year has 146,097 / 400 days; one year less is never too late.
    let mut year = 1969 + (days.div_euclid(146_097) * 400 + days.rem_euclid(146_097) * 400 / 146_097);
    while days_from_civil(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_from_civil(year, month + 1, 1) <= days {
        month += 1;
    }
    (year, month, days - days_from_civil(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_forms() {
        let cases = [
            ("1970-01-01T00:00:00Z", Some((0, 0))),
            ("2020-01-01T00:00:01Z", Some((1_577_836_801, 0))),
            ("2020-02-29", Some((1_582_934_400, 0))),
            ("2020", Some((1_577_836_800, 0))),
            ("2020-03", Some((1_583_020_800, 0))),
            ("2020-01-01T01:00+01:00", Some((1_577_836_800, 0))),
            ("2016-12-13t2:00:00.593194+23", Some((1_481_511_600, 593_194_000))),
            ("1577836800", Some((1_577_836_800, 0))),
            ("-292275054", Some((-292_275_054, 0))),
            ("9223372036854775808", None),
            ("2021-02-29", None),
            ("234-13", None),
            ("2016-12-13t2:00:00.593194+1", None),
            ("2016-12-13t2:00:00.1999999999+10:59", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn formats_what_it_reads() {
        for seconds in [0, -1, 951_782_400, 1_577_836_801, 4_102_444_799, -2_208_988_800] {
            assert_eq!(parse(&format(seconds)), Some((seconds, 0)), "{}", format(seconds));
        }
    }
}
