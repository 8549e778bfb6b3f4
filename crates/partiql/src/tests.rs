use crate::{Infix, Parameters, Path, Statement, Step, Term, parse};
use items::attribute::Attribute;
use items::number::Number;
use proptest::prelude::*;

fn read(source: &str) -> Statement {
    parse(source, Parameters::Unknown).unwrap_or_else(|why| panic!("{source}: {why:?}"))
}

fn condition(source: &str) -> Term {
    match read(&format!("SELECT * FROM t WHERE {source}")) {
        Statement::Select(it) => it.condition.expect("there is one"),
        other => panic!("{other:?}"),
    }
}

fn path(name: &str) -> Box<Term> {
    Box::new(Term::Path(Path(vec![Step::Name(name.to_owned())])))
}

fn number(it: i64) -> Attribute {
    Attribute::N(Number::from_integer(it))
}

#[test]
fn operators_bind_as_in_sql() {
    let of = |name: &str| Box::new(Term::Infix(path(name), Infix::Equal, Box::new(Term::Value(number(1)))));
    let and = |a, b| Box::new(Term::Infix(a, Infix::And, b));
    let expected = Term::Infix(of("a"), Infix::Or, and(of("b"), Box::new(Term::Not(of("c")))));
    assert_eq!(condition("a = 1 OR b = 1 AND NOT c = 1"), expected);
    assert_eq!(condition("a = 1 or (b = 1 and (not (c = 1)))"), expected);
    assert_eq!(condition("x NOT IN [1]"), condition("NOT x IN (1)"));
    assert_eq!(condition("x IS NOT MISSING"), Term::Not(Box::new(Term::IsMissing(path("x")))));
    assert_eq!(condition("x NOT BETWEEN 1 AND 2 AND y = 1"), condition("(NOT (x BETWEEN 1 AND 2)) AND (y = 1)"));
}

#[test]
fn paths_and_names_are_read_with_and_without_quotes() {
    let Statement::Select(it) = read(r#"SELECT a."b c"[3]['d'], e FROM "my.table"."by x" -- all"#) else { panic!() };
    let steps = [Step::Name("a".into()), Step::Name("b c".into()), Step::Index(3), Step::Name("d".into())];
    assert_eq!(it.paths.unwrap()[0].0, steps);
    assert_eq!((it.target.table.as_str(), it.target.index.as_deref()), ("my.table", Some("by x")));
}

#[test]
fn literals_are_values() {
    let Statement::Insert(it) = read(
        "INSERT INTO t VALUE {'a': 'it''s', 'b': -1.5e1, 'c': [true, NULL, {'x': <<'q', 'p'>>}], 'd': <<1, 2>>, 'e': {}}",
    ) else {
        panic!()
    };
    assert_eq!(it.item.get("a"), Some(&Attribute::S("it's".into())));
    assert_eq!(it.item.get("b"), Some(&number(-15)));
    assert_eq!(it.item.get("d"), Some(&Attribute::NS(vec![Number::from_integer(1), Number::from_integer(2)])));
    let Some(Attribute::L(list)) = it.item.get("c") else { panic!() };
    let Attribute::M(map) = &list[2] else { panic!() };
    assert_eq!(map.get("x"), Some(&Attribute::SS(vec!["p".into(), "q".into()])));
}

#[test]
fn parameters_take_their_places_in_order() {
    let given = [Attribute::S("k".into()), number(7)];
    let Ok(Statement::Insert(it)) = parse("INSERT INTO t VALUE {'pk': ?, 'l': [?]}", Parameters::Given(&given)) else {
        panic!()
    };
    assert_eq!((it.item.get("pk"), it.item.get("l")), (Some(&given[0]), Some(&Attribute::L(vec![number(7)]))));
    let missing = parse("SELECT * FROM t WHERE a = ? AND b = ? AND c = ?", Parameters::Given(&given)).unwrap_err();
    assert_eq!(missing.sentence, "Number of parameters in request and statement don't match.");
}

/// The sentences, and where the fault is.
#[test]
fn what_is_wrong_is_said_as_aws_says_it() {
    const OVERFLOW: &str = "Number overflow. Attempting to store a number with magnitude larger than supported range";
    for (source, why, at) in [
        ("SELECT * FROM t WHERE pk = 1 foo", "!Unexpected token after expression", 29),
        ("SELECT * FROM t WHERE pk = 1)", "!Unexpected token after expression", 28),
        ("SELECT * FROM t ORDER BY pk WHERE pk = 1", "!Unexpected token after expression", 28),
        ("DELETE FROM t WHERE pk = 1 ORDER BY pk", "!Unexpected token after expression", 27),
        ("INSERT INTO t u VALUE {'pk': 'x'}", "!Unexpected token after expression", 14),
        ("SELECT * FROM t WHERE", "!Unexpected term", 21),
        ("SELECT * FROM t WHERE;", "!Unexpected term", 21),
        ("SELECT * FROM t WHERE NOT", "!Unexpected term", 25),
        ("SELECT * FROM t WHERE (", "!Unexpected term", 23),
        ("SELECT * FROM", "!Unexpected term", 13),
        ("SELECT * FROM t WHERE pk = 'a' AND", "!Missing right-hand side expression of infix operator", 34),
        ("SELECT * FROM t WHERE ORDER BY pk", "!Unexpected keyword", 22),
        ("SELECT * FROM t WHERE pk = 'a' AND x IS FOO", "!Expected type name", 40),
        ("SELECT * FROM t WHERE IS NULL", "!Unexpected operator", 22),
        ("SELECT * FROM t WHERE pk = LIKE", "!Unexpected operator", 27),
        ("DELETE FROM", "!Expected identifier for simple path", 11),
        ("DELETE FROM WHERE pk = 'a'", "!Expected identifier for simple path", 12),
        ("UPDATE Payment-x SET a = 1", "!Expected data manipulation", 14),
        ("FOO bar", "!Expected data manipulation", 0),
        ("SELECT * FROM t WHERE pk = 1 # note", "!", 29),
        ("SELECT * FROM t WHERE pk = 1 /* note", "!", 29),
        ("SELECT * FROM t WHERE pk = 'oops", "!", 27),
        ("SELECT * FROM t WHERE pk = 1e2147483648", "!", 27),
        ("SELECT * FROM t u WHERE pk = 'x'", "Aliasing is not supported", 16),
        ("SELECT * FROM t AS u WHERE pk = 'x'", "Aliasing is not supported", 16),
        ("UPDATE t u SET a = 3 WHERE pk = 'x'", "Aliasing is not supported", 9),
        (
            "DELETE FROM t WHERE pk = 'x' RETURNING ALL NEW *",
            "Only RETURNING ALL OLD * is allowed in DELETE statements.",
            48,
        ),
        ("SELECT * FROM t WHERE pk = 1e126", &format!("{OVERFLOW} under root"), 27),
        ("INSERT INTO t VALUE {'pk': 1, 'm': {'x': 1e126}}", &format!("{OVERFLOW} under root.x"), 35),
        ("INSERT INTO t VALUE {'pk': 1, 'l': [1, 1e126]}", &format!("{OVERFLOW} under root[1]"), 35),
    ] {
        let error = parse(source, Parameters::Unknown).expect_err(source);
        let expected = match why.strip_prefix('!') {
            Some(detail) => format!("Statement wasn't well formed, can't be processed: {detail}"),
            None => why.to_owned(),
        };
        assert_eq!((error.sentence, error.at), (expected, at), "{source}");
    }
}

#[test]
fn what_would_take_much_of_the_stack_is_refused() {
    let wrong = |condition: &str| {
        let error = parse(&format!("SELECT * FROM t WHERE {condition}"), Parameters::Unknown).unwrap_err();
        assert!(error.sentence.contains("too "), "{error:?}");
    };
    wrong(&["a = 1"; 400].join(" OR "));
    wrong(&["a"; 400].join("+"));
    wrong(&"NOT ".repeat(2_000));
    wrong(&"(".repeat(2_000));
}

proptest! {
    #[test]
    fn no_text_makes_a_panic(words in proptest::collection::vec(
        prop_oneof![
            Just("SELECT"), Just("*"), Just("FROM"), Just("t"), Just("WHERE"), Just("a"), Just("="), Just("'x'"), Just("1"), Just("?"),
            Just("("), Just(")"), Just("["), Just("]"), Just("{"), Just("}"), Just("<<"), Just(">>"), Just(","), Just(":"), Just("."),
            Just("NOT"), Just("IN"), Just("BETWEEN"), Just("AND"), Just("IS"), Just("MISSING"), Just("UPDATE"), Just("SET"), Just("-"),
            Just("ü"), Just("\""), Just("'"), Just("--"), Just("/*"), Just(".5"), Just("1e"), Just(";"),
        ], 0..14)) {
        let _ = parse(&words.join(" "), Parameters::Unknown);
        let _ = parse(&words.concat(), Parameters::Unknown);
    }
}
