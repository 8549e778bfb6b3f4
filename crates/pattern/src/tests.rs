use crate::Pattern;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn check(pattern: Json, event: Json, expected: bool) {
    let parsed = Pattern::from_json(&pattern).unwrap_or_else(|why| panic!("{pattern}: {why}"));
    assert_eq!(parsed.matches(&event), expected, "{pattern} on {event}");
}

/// A pattern for one field, on values of it.
fn field(tests: Json, matching: &[Json], others: &[Json]) {
    for (values, expected) in [(matching, true), (others, false)] {
        for value in values {
            check(json!({ "a": tests }), json!({ "a": value }), expected);
        }
    }
}

#[test]
fn the_operators_of_the_user_guide() {
    field(json!(["x", "y"]), &[json!("x"), json!("y"), json!(["z", "y"])], &[json!("X"), json!(""), json!({"x": 1})]);
    field(json!([""]), &[json!("")], &[json!(" "), json!(null)]);
    field(json!([null]), &[json!(null)], &[json!("null"), json!(0)]);
    field(json!([true]), &[json!(true)], &[json!("true"), json!(false)]);
    field(json!([300]), &[json!(300), json!(300.0), json!(3.0e2)], &[json!("300"), json!(301)]);
    field(json!([123_456_789_012_i64]), &[json!(123_456_789_012_i64)], &[json!(123_456_789_013_i64)]);
    field(json!([{"prefix": "us-"}]), &[json!("us-east-1")], &[json!("eu-us-"), json!(5)]);
    field(json!([{"prefix": {"equals-ignore-case": "EventB"}}]), &[json!("eventbridge")], &[json!("event")]);
    field(json!([{"suffix": ".png"}]), &[json!("a.png")], &[json!("a.PNG")]);
    field(json!([{"suffix": {"equals-ignore-case": ".PnG"}}]), &[json!("a.pNg")], &[json!("a.jpg")]);
    field(json!([{"equals-ignore-case": "alice"}]), &[json!("ALICE")], &[json!("alicia")]);
    field(json!([{"exists": true}]), &[json!("x"), json!(null), json!([1])], &[json!({"b": 1}), json!([])]);
    field(json!([{"exactly": "x"}]), &[json!("x")], &[json!("y")]);
}

#[test]
fn numbers_are_compared_within_their_bounds() {
    field(json!([{"numeric": ["=", 100]}]), &[json!(100), json!(100.0)], &[json!(101), json!("100")]);
    field(json!([{"numeric": [">", 10, "<=", 20]}]), &[json!(10.5), json!(20)], &[json!(10), json!(20.1)]);
    field(json!([{"numeric": [">=", 10, "<", 20]}]), &[json!(10)], &[json!(20)]);
    field(json!([{"numeric": ["<", 10]}]), &[json!(-5)], &[json!(10)]);
    field(json!([{"numeric": ["<=", 10]}]), &[json!(10)], &[json!(11)]);
    field(json!([{"numeric": [">", 0]}]), &[json!(6_000_000_000_i64)], &[json!(0)]);
    field(json!([{"numeric": [">=", 0]}]), &[json!(0)], &[json!(-0.1)]);
}

#[test]
fn addresses_lie_in_networks() {
    field(json!([{"cidr": "10.0.0.0/24"}]), &[json!("10.0.0.255")], &[json!("10.0.1.0"), json!("host"), json!("::1")]);
    field(json!([{"cidr": "2001:db8::/32"}]), &[json!("2001:db8:1::5")], &[json!("2001:db9::"), json!("10.0.0.1")]);
    field(json!([{"cidr": "0.0.0.0/0"}]), &[json!("255.255.255.255")], &[json!("::")]);
    field(json!(["2001:db8::1"]), &[json!("2001:0db8:0:0:0:0:0:1")], &[json!("2001:db8::2")]);
}

#[test]
fn anything_but_takes_what_is_there_and_different() {
    field(json!([{"anything-but": "x"}]), &[json!("y"), json!(1), json!(null), json!(["x", "y"])], &[json!("x")]);
    field(json!([{"anything-but": ["x", "y"]}]), &[json!("z")], &[json!("x"), json!("y"), json!(["x", "y"])]);
    field(json!([{"anything-but": [1, 2]}]), &[json!(3), json!("1")], &[json!(1.0)]);
    field(json!([{"anything-but": {"prefix": "us-"}}]), &[json!("eu-"), json!(1)], &[json!("us-1")]);
    field(json!([{"anything-but": {"prefix": ["a", "b"]}}]), &[json!("c")], &[json!("a1"), json!("b1")]);
    field(json!([{"anything-but": {"suffix": ".png"}}]), &[json!("a.jpg")], &[json!("a.png")]);
    field(json!([{"anything-but": {"equals-ignore-case": ["X"]}}]), &[json!("y")], &[json!("x")]);
    field(json!([{"anything-but": {"wildcard": "*/lib/*"}}]), &[json!("/usr/bin")], &[json!("/usr/lib/x")]);
    check(json!({"a": [{"anything-but": "x"}]}), json!({"b": 1}), false);
}

#[test]
fn wildcards_stand_for_any_run() {
    let of = |pattern: &str, matching: &[&str], others: &[&str]| {
        let values = |texts: &[&str]| texts.iter().map(|it| json!(it)).collect::<Vec<_>>();
        field(json!([{"wildcard": pattern}]), &values(matching), &values(others));
    };
    of("*", &["", "x"], &[]);
    of("dir/*.png", &["dir/.png", "dir/a/b.png"], &["dir.png", "dir/a.jpg"]);
    of("*a*b*", &["ab", "xaxbx", "aab"], &["ba", "a"]);
    of("a*a", &["aa", "aba"], &["a"]);
    of(r"a\*b\\", &[r"a*b\"], &["axb"]);
    of("plain", &["plain"], &["plain "]);
}

#[test]
fn fields_are_all_needed_and_lists_of_objects_are_taken_one_by_one() {
    let both = json!({"a": {"b": ["x"], "c": [1]}});
    check(both.clone(), json!({"a": {"b": "x", "c": 1, "d": 2}}), true);
    check(both.clone(), json!({"a": {"b": "x"}}), false);
    check(both.clone(), json!({"a": [{"b": "x", "c": 2}, {"b": "y", "c": 1}]}), false);
    check(both.clone(), json!({"a": [{"b": "x", "c": 2}, {"b": "x", "c": [3, 1]}]}), true);
    check(both, json!({"a": "x"}), false);
}

#[test]
fn a_field_that_must_not_be_there() {
    let absent = json!({"a": {"b": [{"exists": false}]}});
    check(absent.clone(), json!({}), true);
    check(absent.clone(), json!({"a": {"c": 1}}), true);
    check(absent.clone(), json!({"a": 1}), true);
    check(absent.clone(), json!({"a": {"b": {"c": 1}}}), true);
    check(absent.clone(), json!({"a": {"b": null}}), false);
    check(absent, json!({"a": [{"c": 1}, {"b": 1}]}), false);
    check(json!({"a": [{"exists": false}, "x"]}), json!({"a": "x"}), true);
}

#[test]
fn one_alternative_of_or_suffices() {
    let pattern = json!({"s": ["m"], "$or": [{"a": ["x"]}, {"b": {"c": [{"numeric": [">", 5]}]}}]});
    check(pattern.clone(), json!({"s": "m", "a": "x"}), true);
    check(pattern.clone(), json!({"s": "m", "b": {"c": 6}}), true);
    check(pattern.clone(), json!({"s": "m", "b": {"c": 5}}), false);
    check(pattern, json!({"a": "x"}), false);
}

#[test]
fn what_is_no_pattern_is_refused_in_the_engines_words() {
    let cases = [
        ("[]", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        (r#"{"a":{}}"#, "Empty objects are not allowed"),
        (r#"{"a":[]}"#, "Empty arrays are not allowed"),
        (r#"{"a":"x"}"#, r#""a" must be an object or an array"#),
        (r#"{"a":[["x"]]}"#, "Match value must be String, number, true, false, or null"),
        (r#"{"a":[{}]}"#, "Match expression name not found"),
        (r#"{"a":[{"like":"x"}]}"#, "Unrecognized match type like"),
        (r#"{"a":[{"prefix":1}]}"#, "prefix match pattern must be a string"),
        (r#"{"a":[{"prefix":{"wildcard":"x"}}]}"#, "Unsupported prefix pattern: wildcard"),
        (r#"{"a":[{"suffix":{}}]}"#, "Suffix expression name not found"),
        (r#"{"a":[{"suffix":[]}]}"#, "suffix match pattern must be a string"),
        (r#"{"a":[{"prefix":"x","suffix":"y"}]}"#, "Only one key allowed in match expression"),
        (r#"{"a":[{"exists":"true"}]}"#, "exists match pattern must be either true or false."),
        (r#"{"a":[{"wildcard":"a**"}]}"#, "Consecutive wildcard characters at pos 2"),
        (r#"{"a":[{"wildcard":"a\\b"}]}"#, "Invalid escape character at pos 2"),
        (r#"{"a":[{"cidr":"10.0.0.0"}]}"#, "Malformed CIDR, one '/' required"),
        (r#"{"a":[{"cidr":"10.0.0.0/x"}]}"#, "Malformed CIDR, mask bits must be an integer"),
        (r#"{"a":[{"cidr":"10.0.0.0/32"}]}"#, "IPv4 mask bits must be < 32"),
        (r#"{"a":[{"cidr":"host/8"}]}"#, "Nonstandard IP address: host"),
        (r#"{"a":[{"numeric":1}]}"#, "Value of numeric must be an array."),
        (r#"{"a":[{"numeric":["~",1]}]}"#, "Unrecognized numeric range operator: ~"),
        (r#"{"a":[{"numeric":["=","1"]}]}"#, "Value of equals must be numeric"),
        (r#"{"a":[{"numeric":[">",1,">",2]}]}"#, "Bad numeric range operator: >"),
        (r#"{"a":[{"numeric":[">",1,"<",2,"<"]}]}"#, "Too many terms in numeric range expression"),
        (r#"{"a":[{"numeric":["<",1,">",2]}]}"#, "Too many elements in numeric expression"),
        (r#"{"a":[{"numeric":[">",3,"<",2]}]}"#, "Bottom must be less than top"),
        (r#"{"a":[{"numeric":[">",6e9]}]}"#, "Value must be between -5.0E9 and 5.0E9, inclusive"),
        (r#"{"a":[{"anything-but":true}]}"#, "Value of anything-but must be an array or single string/number value."),
        (r#"{"a":[{"anything-but":{"cidr":"x"}}]}"#, "Unsupported anything-but pattern: cidr"),
        (r#"{"a":[{"anything-but":{"prefix":""}}]}"#, "Null prefix/suffix not allowed"),
        (
            r#"{"a":[{"anything-but":["x",1]}]}"#,
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        (r#"{"$or":{}}"#, "It must be an Array followed with $or."),
        (r#"{"$or":[1]}"#, "Only JSON object is allowed in array of $or relationship."),
        (r#"{"$or":[{"a":[1]}]}"#, "There must have at least 2 Objects in $or relationship."),
        (
            r#"{"$or":[{"prefix":["x"]},{"a":[1]}]}"#,
            "prefix is Ruler reserved fieldName which cannot be used inside $or.",
        ),
    ];
    for (text, why) in cases {
        let refused = Pattern::parse(text).expect_err(text).to_string();
        assert_eq!(refused, why, "{text}");
    }
    assert!(Pattern::parse("{").is_err());
}

fn json_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|it| json!(it)),
        any::<i64>().prop_map(|it| json!(it)),
        "[ab*\\\\.:0-9/]{0,6}".prop_map(|it| json!(it)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof!["[ab]", Just("$or".to_owned()), Just("numeric".to_owned()), Just("prefix".to_owned())];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            proptest::collection::vec((name, inner), 0..4).prop_map(|it| Json::Object(it.into_iter().collect())),
        ]
    })
}

/// As slow and plain as can be.
fn by_trying(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|at| by_trying(rest, &text[at..])),
        [one, rest @ ..] => text.first() == Some(one) && by_trying(rest, &text[1..]),
    }
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(pattern in json_value(), event in json_value()) {
        if let Ok(it) = Pattern::from_json(&pattern) {
            it.matches(&event);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,40}") {
        let _ = Pattern::parse(&text);
    }

    #[test]
    fn a_wildcard_matches_what_trying_everything_matches(pattern in "(a|b|[*]?(a|b)){0,5}[*]?", text in "[ab]{0,8}") {
        let parsed = Pattern::from_json(&json!({"a": [{"wildcard": pattern}]})).unwrap();
        let letters = |it: &str| it.chars().collect::<Vec<_>>();
        prop_assert_eq!(parsed.matches(&json!({"a": text})), by_trying(&letters(&pattern), &letters(&text)));
    }

    #[test]
    fn anything_but_is_the_opposite_for_a_single_value(unwanted in "[ab]{0,2}", value in "[ab]{0,2}") {
        let is = Pattern::from_json(&json!({"x": [unwanted]})).unwrap();
        let but = Pattern::from_json(&json!({"x": [{"anything-but": unwanted}]})).unwrap();
        let event = json!({"x": value});
        prop_assert_ne!(is.matches(&event), but.matches(&event));
    }

    #[test]
    fn a_number_is_in_a_range_or_below_or_above(number in -100i32..100, from in -50i32..0, to in 1i32..50) {
        let holds = |terms: Json| {
            Pattern::from_json(&json!({"x": [{"numeric": terms}]})).unwrap().matches(&json!({"x": number}))
        };
        let parts = [holds(json!(["<", from])), holds(json!([">=", from, "<=", to])), holds(json!([">", to]))];
        prop_assert_eq!(parts.iter().filter(|it| **it).count(), 1);
    }
}
