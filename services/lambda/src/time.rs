//! Times as Lambda writes them.

use model::Timestamp;

/// `2025-09-06T12:00:00.000+0000`, in LastModified.
pub fn modified(time: Timestamp) -> String {
    format!("{}+0000", with_millis(time))
}

/// `2025-09-06T12:00:00.000Z`, in logs.
pub fn logged(time: Timestamp) -> String {
    format!("{}Z", with_millis(time))
}

/// `2025/09/06`, in the names of log streams.
pub fn day(time: Timestamp) -> String {
    with_millis(time)[..10].replace('-', "/")
}

fn with_millis(time: Timestamp) -> String {
    let millis = time.0.rem_euclid(1000);
    let whole = Timestamp(time.0 - millis).iso_8601();
    format!("{}.{millis:03}", whole.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_also_when_there_are_none() {
        assert_eq!(modified(Timestamp(1_757_160_000_000)), "2025-09-06T12:00:00.000+0000");
        assert_eq!(logged(Timestamp(1_757_160_000_042)), "2025-09-06T12:00:00.042Z");
        assert_eq!(day(Timestamp(1_757_160_000_042)), "2025/09/06");
    }
}
