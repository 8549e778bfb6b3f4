//! A table of patterns and messages, and what holds of all of them.

use super::{Invalid, Pattern};
use proptest::prelude::*;

fn check(pattern: &str, yes: &[&str], no: &[&str]) {
    let parsed = Pattern::parse(pattern).unwrap_or_else(|it| panic!("{pattern}: {it}"));
    for message in yes {
        assert!(parsed.matches(message), "{pattern} has to match {message}");
    }
    for message in no {
        assert!(!parsed.matches(message), "{pattern} must not match {message}");
    }
}

#[test]
fn terms() {
    check("", &["", "anything"], &[]);
    check("\"\"", &["anything"], &[]);
    check("ERROR", &["[ERROR] A fatal exception", "ERRORCODE: -1"], &["error", "fine"]);
    check("ERROR Exception", &["[ERROR] IllegalArgumentException"], &["ERROR", "Exception"]);
    check("\"not found\"", &["file not found"], &["found, not lost"]);
    check(r#""say \"hi\"""#, &[r#"they say "hi""#], &["say hi"]);
    check("ERROR -Exiting", &["ERROR a"], &["ERROR Exiting", "a"]);
    check("-\"ERROR\"", &["fine"], &["ERROR"]);
    check("?ERROR ?WARN", &["ERROR", "WARN", "ERROR WARN"], &["INFO"]);
    check("?ERROR WARN", &["WARN", "ERROR WARN"], &["ERROR"]);
    check("%4\\d\\d%", &["status 404"], &["status 504"]);
    check("-%^a%", &["ba"], &["ab"]);
}

#[test]
fn json_selectors() {
    let user = r#"{"user": {"id": 1, "email": "John.Stiles@example.com"},
        "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
        "actions": ["GET", "PUT", "DELETE"], "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]]}"#;
    check("{ ($.user.id = 1) && ($.users[0].email = \"John.Doe@example.com\") }", &[user], &[]);
    check("{ ($.user.id = 2 && $.users[0].email = \"nonmatch\") || $.actions[2] = \"GET\" }", &[], &[user]);
    let loose =
        r#"{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }"#;
    check(loose, &[user], &[]);
    let tight =
        r#"{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }"#;
    check(tight, &[], &[user]);
    check("{ $.users[*].id = 3 }", &[user], &[]);
    check("{ $.users = 1 }", &[], &[user]);
    check("{ $.users != 1 }", &[], &[user]);

    let trail = r#"{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "ThisFlag": true}"#;
    for pattern in [
        "{ $.eventType = \"UpdateTrail\" }",
        "{$.eventType=UpdateTrail}",
        "{ $.eventType = \"*Trail\" }",
        "{ $.eventType = Update* }",
        "{ $.eventType = * }",
        "{ $.eventType = %Trail$% }",
        "{ $.sourceIPAddress != 123.123.* }",
        "{ $.arrayKey[0] = \"value\" }",
        "{ $.objectList[1].id = 2 }",
        "{ $.SomeObject IS NULL }",
        "{ $.SomeOtherObject NOT EXISTS }",
        "{ $.ThisFlag IS TRUE }",
        "{ $['eventType'] = UpdateTrail }",
    ] {
        check(pattern, &[trail], &["not JSON", "{}x", "[]"]);
    }
    for pattern in [
        "{ $.eventType = \"Up*ail\" }",
        "{ $.SomeOtherObject IS NULL }",
        "{ $.SomeObject NOT EXISTS }",
        "{ $.ThisFlag IS FALSE }",
        "{ $.missing != 1 }",
        "{ $.sourceIPAddress != 111.* }",
    ] {
        check(pattern, &[], &[trail]);
    }
}

#[test]
fn numbers() {
    let message = r#"{"latency": 500, "numbers": [0.01], "code": "404"}"#;
    check("{ $.latency >= 500 }", &[message], &[]);
    check("{ $.latency > +499.5 }", &[message], &[]);
    check("{ $.numbers[0] < 10e-3 }", &[], &[message]);
    check("{ $.numbers[0] <= 10e-3 }", &[message], &[]);
    check("{ $.latency != 500 }", &[], &[message]);
    check("{ $.latency = \"500\" }", &[], &[message]);
    check("{ $.latency = 5* }", &[message], &[]);
    check("{ $.code > 400 }", &[], &[message]);
}

#[test]
fn space_delimited_fields() {
    let ok = r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534"#;
    let bad = r#"127.0.0.1 - frank [10/Oct/2000:13:35:22 -0700] "GET /index.html HTTP/1.0" 404 5324"#;
    let all = "ip, user, username, timestamp, request";
    check(&format!("[{all}, status_code, bytes]"), &[ok, bad], &["a b c"]);
    check(&format!("[{all}, status_code = 4*, bytes]"), &[bad], &[ok]);
    check(&format!("[{all}, status_code, bytes > 1600]"), &[bad], &[ok]);
    check(&format!("[{all}, status_code = 4* && status_code != 403, bytes]"), &[bad], &[ok]);
    check(&format!("[{all} = *html*, status_code = 4*, bytes]"), &[bad], &[ok]);
    check("[..., status_code = 200, bytes]", &[ok], &[bad]);
    check("[..., request=*.html*, status_code=4*,]", &[bad], &[ok]);
    check("[ip=127.*, ...]", &[ok, bad], &["10.0.0.1 x"]);
    check("[ip, ..., bytes]", &[ok, bad], &["one"]);
    check("[w1=ERROR || w1=WARN, ...]", &["ERROR a", "WARN"], &["INFO ERROR"]);
    check("[w1=!ERROR&&w1=!WARN, w2]", &["INFO a"], &["ERROR a", "WARN a"]);
    check("[a = %^[45]%, b]", &["404 x"], &["200 x"]);
}

#[test]
fn what_is_not_a_pattern() {
    for pattern in [
        "{",
        "{}",
        "{ $.a }",
        "{ $.a = }",
        "{ $ = 1 }",
        "{ a = 1 }",
        "{ $.a = 1 && }",
        "{ ($.a = 1 }",
        "{ $.a = 1 ) }",
        "{ $.a > x }",
        "{ $.a IS }",
        "{ $.a NOT }",
        "{ $.a[x] = 1 }",
        "{ $.a = \"b }",
        "[",
        "[a = ]",
        "[a b]",
        "[a = 1 && b = 2]",
        "[..., a, ...]",
        "\"open",
        "%open",
        "%a b%",
        "%(a)%",
        "%ñ%",
        "%something!%",
        "%[%",
        "-",
        "?",
        "{ $.a = %a% || $.a = %b% || $.a = %c% }",
    ] {
        assert_eq!(Pattern::parse(pattern).unwrap_err(), Invalid::Pattern, "{pattern}");
    }
    let refused = Pattern::parse("a user@example.com").unwrap_err();
    assert_eq!(refused.to_string(), "Invalid character(s) in term 'user@example.com'");
    let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(500), ")".repeat(500));
    assert_eq!(Pattern::parse(&deep).unwrap_err(), Invalid::Pattern);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(pattern in "[\\[\\]{}()$.*%\"\\\\=!<>&|?, a-c0-2-]{0,40}", message in ".{0,40}") {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            pattern.matches(&message);
        }
    }

    #[test]
    fn a_quoted_term_matches_exactly_the_messages_that_hold_it(term in "[^\"\\\\]{0,3}", message in "[ab %\\-?]{0,8}") {
        let pattern = Pattern::parse(&format!("\"{term}\"")).unwrap();
        prop_assert_eq!(pattern.matches(&message), message.contains(&term));
        let without = Pattern::parse(&format!("-\"{term}\"")).unwrap();
        prop_assert_eq!(without.matches(&message), !message.contains(&term));
    }

    #[test]
    fn a_json_comparison_orders_as_numbers_do(value in -1000i32..1000, wanted in -1000i32..1000) {
        let message = format!("{{\"n\": {value}}}");
        for (operator, holds) in [("<", value < wanted), (">=", value >= wanted), ("=", value == wanted), ("!=", value != wanted)] {
            let pattern = Pattern::parse(&format!("{{ $.n {operator} {wanted} }}")).unwrap();
            prop_assert_eq!(pattern.matches(&message), holds);
        }
    }
}
