//! Expressions against items, and against a model that knows nothing of how they are parsed.

use super::condition::{self, Comparator};
use super::path::{Path, Step};
use super::placeholder::Placeholders;
use super::projection::Projection;
use super::update::Update;
use super::{Kind, key_condition};
use items::attribute::{Attribute, Document, Type};
use items::number::Number;
use items::packed::any::{any_attribute, any_document};
use items::wire;
use model::Value;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// `{"S": "a"}` as it comes over the wire.
fn value(json: &serde_json::Value) -> Value {
    let (name, inner) = json.as_object().unwrap().iter().next().unwrap();
    let inner = match (name.as_str(), inner) {
        ("M", serde_json::Value::Object(map)) => Value::Map(map.iter().map(|(k, v)| (k.clone(), value(v))).collect()),
        ("L", serde_json::Value::Array(list)) => Value::List(list.iter().map(value).collect()),
        (_, serde_json::Value::Array(list)) => {
            Value::List(list.iter().map(|it| Value::String(it.as_str().unwrap().to_owned())).collect())
        }
        (_, serde_json::Value::Bool(it)) => Value::Bool(*it),
        (_, it) => Value::String(it.as_str().unwrap().to_owned()),
    };
    let name = Type::named(name).unwrap().name();
    Value::Structure(vec![(name, inner)])
}

fn map(json: &str) -> Value {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    Value::Map(json.as_object().unwrap().iter().map(|(k, v)| (k.clone(), value(v))).collect())
}

fn item(json: &str) -> Document {
    wire::document(map(json)).unwrap()
}

fn placeholders(names: &[(&str, &str)], values: &str) -> Placeholders {
    let names: BTreeMap<String, String> = names.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
    let values = (values != "{}").then(|| map(values));
    Placeholders::new((!names.is_empty()).then_some(names), values).unwrap()
}

const VALUES: &str = r#"{":s":{"S":"abc"},":a":{"S":"a"},":n":{"N":"5"},":m":{"N":"7"},":l":{"L":[{"N":"1"}]},
    ":t":{"S":"M"},":bad":{"S":"X"},":set":{"SS":["x","y"]},":b":{"BOOL":true}}"#;
const NAMES: [(&str, &str); 4] = [("#n", "name"), ("#dot", "a.b"), ("#i", "deep"), ("#set", "set")];

#[test]
fn conditions_hold_as_documented() {
    let item = item(
        r#"{"name":{"S":"abcdef"},"n":{"N":"5.0"},"l":{"L":[{"N":"1"},{"S":"a"}]},"m":{"M":{"deep":{"N":"6"}}},
            "set":{"SS":["y","x"]},"a.b":{"S":"dotted"},"no":{"NULL":true}}"#,
    );
    let placeholders = placeholders(&NAMES, VALUES);
    for (expression, holds) in [
        ("n = :n", true),
        ("n <> :n", false),
        ("n < :m and n >= :n", true),
        ("absent = :n", false),
        ("absent <> :n", true),
        ("absent < :n", false),
        ("n = :s", false),
        ("n <> :s", true),
        ("n < :s", false),
        ("begins_with(#n, :s)", true),
        ("begins_with(#n, :a) AND NOT begins_with(n, :a)", true),
        ("contains(#n, :s)", true),
        ("contains(l, :a)", true),
        ("contains(l, :n)", false),
        ("contains(:set, :a)", false),
        ("attribute_exists(m.#i)", true),
        ("attribute_exists(m.absent) OR attribute_not_exists(l[7])", true),
        ("attribute_type(m, :t)", true),
        ("attribute_type(n, :t)", false),
        ("size(#n) > :n", true),
        ("size(l) < :n and size(m) < :n", true),
        ("size(n) < :n", false),
        ("n BETWEEN :n AND :m", true),
        ("m.deep between n and :m", true),
        ("n IN (:m, :n)", true),
        ("n in (:m)", false),
        ("#set = :set", true),
        ("#dot = :a", false),
        ("l[0] < :n", true),
        ("not n = :m", true),
        ("not (n = :m or n = :n)", false),
        ("n = :m or n = :n and absent = :n", false),
        ("(n = :m or n = :n) and n = :n", true),
        ("(n) = (:n)", true),
        ("n=:n AND(n<>:m)AND#n<>:a", true),
        (":n = n", true),
    ] {
        let parsed = condition::parse(Kind::Condition, expression, &placeholders);
        assert_eq!(parsed.map(|it| it.holds(&item)), Ok(holds), "{expression}");
    }
}

#[test]
fn what_is_wrong_with_a_condition_is_said_as_aws_says_it() {
    let placeholders = placeholders(&NAMES, VALUES);
    for (expression, why) in [
        ("", "The expression can not be empty;"),
        ("n = ", r#"Syntax error; token: "<EOF>", near: "=""#),
        ("last-modified = :n", r#"Syntax error; token: "-", near: "last-modified""#),
        ("n = 5", r#"Syntax error; token: "5", near: "= 5""#),
        ("n", r#"Syntax error; token: "<EOF>", near: "n""#),
        ("(n = :n", r#"Syntax error; token: "<EOF>", near: ":n""#),
        ("n = :n)", r#"Syntax error; token: ")", near: ":n)""#),
        ("_id = :n", r#"Syntax error; token: "_id", near: "_id =""#),
        ("((n = :n))", "The expression has redundant parentheses;"),
        ("n = ((:n))", "The expression has redundant parentheses;"),
        ("exists(n)", "Invalid function name; function: exists"),
        ("Attribute_Exists(n)", "Invalid function name; function: Attribute_Exists"),
        (
            "attribute_exists(n) = :b",
            "The function is not allowed to be used this way in an expression; function: attribute_exists",
        ),
        ("size(n)", "The function is not allowed to be used this way in an expression; function: size"),
        ("Name = :n", "Attribute name is a reserved keyword; reserved keyword: Name"),
        ("#x = :n", "An expression attribute name used in the document path is not defined; attribute name: #x"),
        ("n = :x", "An expression attribute value used in expression is not defined; attribute value: :x"),
        (
            "contains(n)",
            "Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1",
        ),
        (
            "n = n",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]",
        ),
        (
            "attribute_exists(:n)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "begins_with(n, :n)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        ("n < :b", "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"),
        (
            "attribute_type(n, :bad)",
            "Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "n BETWEEN :m AND :n",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:7}, upper bound operand: AttributeValue: {N:5}",
        ),
    ] {
        let found = condition::parse(Kind::Filter, expression, &placeholders).map(|_| ());
        assert_eq!(found, Err(format!("Invalid FilterExpression: {why}")), "{expression}");
    }
}

#[test]
fn expressions_are_bounded() {
    let placeholders = placeholders(&NAMES, VALUES);
    let wrong = |expression: &str| condition::parse(Kind::Filter, expression, &placeholders).unwrap_err();
    assert!(wrong(&"(".repeat(4_000)).contains("nested too deeply"));
    assert!(wrong(&"not ".repeat(1_000)).contains("nested too deeply"));
    assert!(wrong(&vec!["n=:n"; 400].join(" or ")).contains("too many operators"));
    assert!(wrong(&"a".repeat(5_000)).contains("Expression size has exceeded the maximum allowed size"));
}

#[test]
fn updates_change_what_they_name() {
    let before = item(
        r#"{"n":{"N":"5"},"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]},"m":{"M":{"x":{"S":"y"}}},"set":{"SS":["w","x"]}}"#,
    );
    let placeholders = placeholders(&NAMES, VALUES);
    for (expression, name, after) in [
        ("SET n = n + :n", "n", r#"{"N":"10"}"#),
        ("SET n = :m - n", "n", r#"{"N":"2"}"#),
        ("SET c = if_not_exists(c, :n) + :m", "c", r#"{"N":"12"}"#),
        ("SET n = if_not_exists(n, :m)", "n", r#"{"N":"5"}"#),
        ("set l = list_append(:l, l)", "l", r#"{"L":[{"N":"1"},{"N":"0"},{"N":"1"},{"N":"2"}]}"#),
        ("SET l[1] = :s", "l", r#"{"L":[{"N":"0"},{"S":"abc"},{"N":"2"}]}"#),
        ("SET l[9] = :s, l[7] = :n", "l", r#"{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"N":"5"},{"S":"abc"}]}"#),
        ("REMOVE l[0], l[1]", "l", r#"{"L":[{"N":"2"}]}"#),
        ("REMOVE l[0] SET l[2] = :s", "l", r#"{"L":[{"N":"1"},{"S":"abc"}]}"#),
        ("REMOVE l[8]", "l", r#"{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]}"#),
        ("SET m.#n = :n, m.x = n", "m", r#"{"M":{"x":{"N":"5"},"name":{"N":"5"}}}"#),
        ("REMOVE m.x", "m", r#"{"M":{}}"#),
        ("ADD n :n", "n", r#"{"N":"10"}"#),
        ("ADD fresh :set", "fresh", r#"{"SS":["x","y"]}"#),
        ("ADD #set :set", "set", r#"{"SS":["w","x","y"]}"#),
        ("DELETE #set :set", "set", r#"{"SS":["w"]}"#),
    ] {
        let after_update = Update::parse(expression, &placeholders).and_then(|it| it.apply(&before));
        let found = after_update.unwrap_or_else(|why| panic!("{expression}: {why}"));
        let expected = item(&format!(r#"{{"it":{after}}}"#));
        assert_eq!(found.get(name), expected.get("it"), "{expression}");
    }
    let gone = item(r#"{"set":{"SS":["x"]}}"#);
    let update = Update::parse("REMOVE n", &placeholders).unwrap();
    assert_eq!(update.apply(&gone), Ok(gone.clone()));
}

#[test]
fn what_is_wrong_with_an_update_is_said_as_aws_says_it() {
    let before = item(r#"{"n":{"N":"5"},"s":{"S":"x"},"m":{"M":{}}}"#);
    let placeholders = placeholders(&NAMES, VALUES);
    for (expression, why) in [
        ("", "Invalid UpdateExpression: The expression can not be empty;"),
        ("whatever", r#"Invalid UpdateExpression: Syntax error; token: "whatever", near: "whatever""#),
        ("set a", r#"Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "a""#),
        ("set a = n + n + n", r#"Invalid UpdateExpression: Syntax error; token: "+", near: "n + n""#),
        ("set a = 1", r#"Invalid UpdateExpression: Syntax error; token: "1", near: "= 1""#),
        ("set abOrt = :n", "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: abOrt"),
        (
            "set a = :n set b = :n",
            r#"Invalid UpdateExpression: The "SET" section can only be used once in an update expression;"#,
        ),
        (
            "set m.x = :n remove m",
            "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m, x], path two: [m]",
        ),
        (
            "remove m.x set m[1] = :n",
            "Invalid UpdateExpression: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, [1]], path two: [m, x]",
        ),
        (
            "add a :s",
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: STRING",
        ),
        (
            "delete a :n",
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER",
        ),
        (
            "set a = list_append(:s, a)",
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: list_append, operand type: S",
        ),
        (
            "set a = if_not_exists(:n, a)",
            "Invalid UpdateExpression: Operator or function requires a document path; operator or function: if_not_exists",
        ),
        ("set a = s + :n", "An operand in the update expression has an incorrect data type"),
        ("add s :n", "An operand in the update expression has an incorrect data type"),
        ("set a = b", "The provided expression refers to an attribute that does not exist in the item"),
        ("set b.c = :n", "The document path provided in the update expression is invalid for update"),
        ("set n.c = :n", "The document path provided in the update expression is invalid for update"),
        ("remove b.c", "The document path provided in the update expression is invalid for update"),
    ] {
        let found = Update::parse(expression, &placeholders).and_then(|it| it.apply(&before));
        assert_eq!(found, Err(why.to_owned()), "{expression}");
    }
}

#[test]
fn projections_take_what_they_name() {
    let item =
        item(r#"{"a":{"S":"1"},"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]},"m":{"M":{"x":{"S":"y"},"z":{"S":"w"}}}}"#);
    let none = Placeholders::default();
    for (expression, expected) in [
        ("a, absent", r#"{"a":{"S":"1"}}"#),
        ("m.x, l[2], l[0]", r#"{"m":{"M":{"x":{"S":"y"}}},"l":{"L":[{"N":"0"},{"N":"2"}]}}"#),
        ("m.absent, l[9], a.b", "{}"),
    ] {
        let found = Projection::parse(expression, &none).unwrap().apply(&item);
        assert_eq!(found, self::item(expected), "{expression}");
    }
    let overlapping = Projection::parse("m.x, m", &none).unwrap_err();
    assert_eq!(
        overlapping,
        "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m, x], path two: [m]"
    );
}

#[test]
fn placeholders_that_nobody_uses_are_named() {
    let placeholders = placeholders(&[("#a", "x"), ("#b", "y")], r#"{":v":{"S":"1"},":w":{"S":"1"}}"#);
    condition::parse(Kind::Condition, "#a = :v", &placeholders).unwrap();
    assert_eq!(
        placeholders.all_used(),
        Err("Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}".to_owned())
    );
    condition::parse(Kind::Condition, "#b = :v", &placeholders).unwrap();
    assert_eq!(
        placeholders.all_used(),
        Err("Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}".to_owned())
    );
}

#[test]
fn key_conditions_are_conditions_that_an_index_can_answer() {
    let placeholders = placeholders(&NAMES, VALUES);
    for (expression, why) in [
        ("n = :n OR n = :m", "Invalid operator used in KeyConditionExpression: OR"),
        ("n <> :n", "Invalid operator used in KeyConditionExpression: <>"),
        ("n IN (:n)", "Invalid operator used in KeyConditionExpression: IN"),
        ("contains(n, :n)", "Invalid operator used in KeyConditionExpression: contains"),
        ("size(n) = :n", "KeyConditionExpressions cannot contain nested operations"),
        ("m.x = :n", "KeyConditionExpressions cannot have conditions on nested attributes"),
        ("n = :n AND n > :m", "KeyConditionExpressions must only contain one condition per key"),
        ("n = m", "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"),
        (":n = :m", "Invalid condition in KeyConditionExpression: No key attribute specified"),
        (
            "begins_with(:a, n)",
            "Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first operand",
        ),
    ] {
        let parsed = condition::parse(Kind::KeyCondition, expression, &placeholders).unwrap();
        assert_eq!(key_condition::of(&parsed), Err(why.to_owned()), "{expression}");
    }
    let parsed = condition::parse(Kind::KeyCondition, ":n = n and :m > x", &placeholders).unwrap();
    let found = key_condition::of(&parsed).unwrap();
    let (n, m) = (Attribute::N(Number::from_integer(5)), Attribute::N(Number::from_integer(7)));
    assert_eq!(
        found,
        [
            ("n".to_owned(), key_condition::Range::Compare(Comparator::Equal, &n)),
            ("x".to_owned(), key_condition::Range::Compare(Comparator::Less, &m)),
        ]
    );
}

/// Conditions as a tree, written out with as few parentheses as their precedence needs.
fn any_condition() -> impl Strategy<Value = Tree> {
    let path = proptest::sample::select(vec!["a", "b", "c", "a.b", "a[0]", "b.a"]);
    let sign = proptest::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let leaf = (path.clone(), sign, any_attribute().prop_filter("ordered", |it| it.kind().is_ordered()))
        .prop_map(|(path, sign, value)| Tree::Compare(path.to_owned(), sign, value));
    let exists = (path, any::<bool>()).prop_map(|(path, there)| Tree::Exists(path.to_owned(), there));
    prop_oneof![leaf, exists].prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::Or(Box::new(a), Box::new(b))),
            inner.prop_map(|it| Tree::Not(Box::new(it))),
        ]
    })
}

#[derive(Clone, Debug)]
enum Tree {
    Compare(String, &'static str, Attribute),
    Exists(String, bool),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
    Not(Box<Tree>),
}

impl Tree {
    fn write(&self, values: &mut Vec<Attribute>) -> (u8, String) {
        let within = |it: (u8, String), at: u8| if it.0 < at { format!("({})", it.1) } else { it.1 };
        match self {
            Tree::Compare(path, sign, value) => {
                values.push(value.clone());
                (3, format!("{path} {sign} :v{}", values.len() - 1))
            }
            Tree::Exists(path, true) => (3, format!("attribute_exists({path})")),
            Tree::Exists(path, false) => (3, format!("attribute_not_exists ( {path} )")),
            Tree::And(a, b) => (1, format!("{} AND {}", within(a.write(values), 1), within(b.write(values), 2))),
            Tree::Or(a, b) => (0, format!("{} or {}", within(a.write(values), 0), within(b.write(values), 1))),
            Tree::Not(it) => (2, format!("NOT {}", within(it.write(values), 2))),
        }
    }

    /// Naively: paths are walked by their text.
    fn holds(&self, item: &Document) -> bool {
        let found = |path: &str| match path {
            "a.b" => item.get("a").and_then(|it| if let Attribute::M(it) = it { it.get("b") } else { None }),
            "b.a" => item.get("b").and_then(|it| if let Attribute::M(it) = it { it.get("a") } else { None }),
            "a[0]" => item.get("a").and_then(|it| if let Attribute::L(it) = it { it.first() } else { None }),
            name => item.get(name),
        };
        match self {
            Tree::Compare(path, sign, value) => {
                let Some(it) = found(path) else { return *sign == "<>" };
                let order = match (it, value) {
                    (Attribute::S(a), Attribute::S(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
                    (Attribute::N(a), Attribute::N(b)) => Some(a.to_integer().cmp(&b.to_integer())),
                    (Attribute::B(a), Attribute::B(b)) => Some(a.to_vec().cmp(&b.to_vec())),
                    _ => None,
                };
                match (order, *sign) {
                    (order, "=") => order.is_some_and(|it| it.is_eq()),
                    (order, "<>") => !order.is_some_and(|it| it.is_eq()),
                    (None, _) => false,
                    (Some(it), "<") => it.is_lt(),
                    (Some(it), "<=") => it.is_le(),
                    (Some(it), ">") => it.is_gt(),
                    (Some(it), _) => it.is_ge(),
                }
            }
            Tree::Exists(path, there) => found(path).is_some() == *there,
            Tree::And(a, b) => a.holds(item) && b.holds(item),
            Tree::Or(a, b) => a.holds(item) || b.holds(item),
            Tree::Not(it) => !it.holds(item),
        }
    }
}

proptest! {
    #[test]
    fn conditions_agree_with_a_naive_model(tree in any_condition(), item in any_document()) {
        let mut values = Vec::new();
        let (_, text) = tree.write(&mut values);
        let entries = values.into_iter().enumerate().map(|(at, it)| (format!(":v{at}"), wire::attribute_value(it)));
        let entries: Vec<_> = entries.collect();
        let placeholders = Placeholders::new(None, (!entries.is_empty()).then_some(Value::Map(entries))).unwrap();
        let parsed = condition::parse(Kind::Condition, &text, &placeholders);
        prop_assert_eq!(parsed.map(|it| it.holds(&item)), Ok(tree.holds(&item)), "{}", text);
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "[abA #:().,=<>+\\[\\]0-9é-]{0,40}|(SET|size|NOT| |a|=|:n|\\(|\\)|AND|,|\\+|in){0,12}") {
        let placeholders = placeholders(&NAMES, VALUES);
        let _ = condition::parse(Kind::Condition, &text, &placeholders).map(|it| { key_condition::of(&it).is_ok() });
        let _ = Update::parse(&text, &placeholders).map(|it| it.apply(&Document::default()));
        let _ = Projection::parse(&text, &placeholders);
    }

    #[test]
    fn an_update_and_a_projection_agree(item in any_document(), value in any_attribute()) {
        let path = Path(vec![Step::Name("a".to_owned()), Step::Name("b".to_owned())]);
        let entries = Value::Map(vec![(":v".to_owned(), wire::attribute_value(value.clone()))]);
        let placeholders = Placeholders::new(None, Some(entries)).unwrap();
        let update = Update::parse("SET a.b = :v", &placeholders).unwrap();
        match update.apply(&item) {
            Ok(after) => {
                prop_assert_eq!(path.find(&after), Some(&value));
                let picked = Projection::of([path].iter()).apply(&after);
                prop_assert_eq!(picked.get("a"), Some(&Attribute::M(Document::from_entries(vec![("b".to_owned(), value)]))));
            }
            Err(_) => prop_assert!(!matches!(item.get("a"), Some(Attribute::M(_)))),
        }
    }
}
