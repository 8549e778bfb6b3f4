//! What terms mean: conditions, updates, paths and keys.

use crate::expression::Faults;
use crate::expression::condition::{Comparator, Condition, Operand};
use crate::expression::path::{self, Path, Step};
use crate::expression::update::{Source, Update};
use crate::failure::{Invalid, invalid};
use crate::schema::KeySchema;
use items::attribute::{Attribute, Document, Type};
use partiql::{Action, Infix, Term};

pub fn path(it: &partiql::Path) -> Path {
    let step = |it: &partiql::Step| match it {
        partiql::Step::Name(name) => Step::Name(name.clone()),
        partiql::Step::Index(index) => Step::Index(*index),
    };
    Path(it.0.iter().map(step).collect())
}

/// # Errors
/// A term that is no condition.
pub fn condition(term: &Term) -> Result<Condition<'_>, Invalid> {
    let both = |a, b| Ok::<_, Invalid>((Box::new(condition(a)?), Box::new(condition(b)?)));
    Ok(match term {
        Term::Infix(a, Infix::And, b) => {
            let (a, b) = both(a, b)?;
            Condition::And(a, b)
        }
        Term::Infix(a, Infix::Or, b) => {
            let (a, b) = both(a, b)?;
            Condition::Or(a, b)
        }
        Term::Infix(a, infix, b) => Condition::Compare(operand(a)?, comparator(*infix)?, operand(b)?),
        Term::Not(it) => Condition::Not(Box::new(condition(it)?)),
        Term::Between(it, low, high) => Condition::Between(operand(it)?, operand(low)?, operand(high)?),
        Term::In(it, them) => Condition::In(operand(it)?, them.iter().map(operand).collect::<Result<_, _>>()?),
        Term::IsMissing(it) => match operand(it)? {
            Operand::Path(path) => Condition::NotExists(path),
            Operand::Value(_) | Operand::Size(_) => return Err(unsupported("IS MISSING")),
        },
        Term::IsNull(it) => Condition::IsType(operand(it)?, Type::Null),
        Term::Call(name, arguments) => function(name, arguments)?,
        Term::Path(_) | Term::Value(_) => return Err(unsupported("a value that is no condition")),
    })
}

fn function<'t>(name: &str, arguments: &'t [Term]) -> Result<Condition<'t>, Invalid> {
    let [first, second] = arguments else { return Err(unsupported(name)) };
    let (first, second) = (operand(first)?, operand(second)?);
    match (name, second) {
        ("begins_with", second) => Ok(Condition::BeginsWith(first, second)),
        ("contains", second) => Ok(Condition::Contains(first, second)),
        ("attribute_type", Operand::Value(Attribute::S(kind))) => match Type::named(kind) {
            Some(kind) => Ok(Condition::IsType(first, kind)),
            None => Err(invalid(format!("Invalid attribute type name found; type: {kind}"))),
        },
        _ => Err(unsupported(name)),
    }
}

fn operand(term: &Term) -> Result<Operand<'_>, Invalid> {
    match term {
        Term::Path(it) => Ok(Operand::Path(path(it))),
        Term::Value(it) => Ok(Operand::Value(it)),
        Term::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
            ("size", [it]) => Ok(Operand::Size(Box::new(operand(it)?))),
            _ => Err(unsupported(name)),
        },
        Term::Infix(..) | Term::Not(_) | Term::Between(..) | Term::In(..) | Term::IsMissing(_) | Term::IsNull(_) => {
            Err(unsupported("a condition as an operand"))
        }
    }
}

fn comparator(infix: Infix) -> Result<Comparator, Invalid> {
    Ok(match infix {
        Infix::Equal => Comparator::Equal,
        Infix::NotEqual => Comparator::NotEqual,
        Infix::Less => Comparator::Less,
        Infix::LessOrEqual => Comparator::LessOrEqual,
        Infix::Greater => Comparator::Greater,
        Infix::GreaterOrEqual => Comparator::GreaterOrEqual,
        Infix::Plus => return Err(unsupported("+")),
        Infix::Minus => return Err(unsupported("-")),
        Infix::And | Infix::Or => return Err(unsupported("a condition as an operand")),
    })
}

fn unsupported(what: &str) -> Invalid {
    invalid(format!("Unsupported operation in the statement: {what}"))
}

/// What is joined by AND.
pub fn conjuncts(term: &Term) -> Vec<&Term> {
    match term {
        Term::Infix(a, Infix::And, b) => [conjuncts(a), conjuncts(b)].concat(),
        other => vec![other],
    }
}

/// All of them together.
///
/// # Errors
/// One that is no condition.
pub fn all<'t>(terms: &[&'t Term]) -> Result<Option<Condition<'t>>, Invalid> {
    let conditions = terms.iter().map(|it| condition(it)).collect::<Result<Vec<_>, _>>()?;
    Ok(conditions.into_iter().reduce(|a, b| Condition::And(Box::new(a), Box::new(b))))
}

/// The item that a condition is about, and what else it asks; none if it does not say the whole key.
pub fn key<'t>(key: &KeySchema, condition: Option<&'t Term>) -> Option<(Document, Vec<&'t Term>)> {
    let mut rest = conjuncts(condition?);
    let mut entries = Vec::new();
    for name in key.names() {
        let at = rest.iter().position(|it| equal_to(it, name).is_some())?;
        let value = equal_to(rest.remove(at), name)?;
        entries.push((name.to_owned(), value.clone()));
    }
    Some((Document::from_entries(entries), rest))
}

/// `name = value`, or the other way round.
fn equal_to<'t>(term: &'t Term, name: &str) -> Option<&'t Attribute> {
    let Term::Infix(a, Infix::Equal, b) = term else { return None };
    let is_name = |it: &partiql::Path| matches!(it.0.as_slice(), [partiql::Step::Name(it)] if it == name);
    match (&**a, &**b) {
        (Term::Path(path), Term::Value(value)) | (Term::Value(value), Term::Path(path)) if is_name(path) => Some(value),
        _ => None,
    }
}

/// # Errors
/// Actions that DynamoDB does not know, or of which two are about the same.
pub fn update(actions: &[Action]) -> Result<Update<'_>, Invalid> {
    let mut update = Update::default();
    for action in actions {
        match action {
            Action::Remove(it) => update.removes.push(path(it)),
            Action::Set(it, term) => match set_change(it, term)? {
                Some((true, value)) => update.adds.push((path(it), value)),
                Some((false, value)) => update.deletes.push((path(it), value)),
                None => update.sets.push((path(it), source(term)?)),
            },
        }
    }
    let mut faults = Faults::default();
    path::check_apart(update.paths(), &mut faults);
    faults.first()?;
    Ok(update)
}

/// `a = set_add(a, <<…>>)` and `set_delete`: whether it adds, and what.
fn set_change<'t>(target: &partiql::Path, term: &'t Term) -> Result<Option<(bool, &'t Attribute)>, Invalid> {
    let Term::Call(name, arguments) = term else { return Ok(None) };
    let adds = match name.as_str() {
        "set_add" => true,
        "set_delete" => false,
        _ => return Ok(None),
    };
    match arguments.as_slice() {
        [Term::Path(of), Term::Value(value)] if of == target => match value.kind() {
            Type::SS | Type::NS | Type::BS => Ok(Some((adds, value))),
            other => Err(invalid(format!(
                "Incorrect operand type for operator or function; operator or function: {name}, operand type: {}",
                other.name()
            ))),
        },
        _ => Err(unsupported(name)),
    }
}

fn source(term: &Term) -> Result<Source<'_>, Invalid> {
    let boxed = |it| Ok::<_, Invalid>(Box::new(source(it)?));
    Ok(match term {
        Term::Path(it) => Source::Path(path(it)),
        Term::Value(it) => Source::Value(it),
        Term::Infix(a, Infix::Plus, b) => Source::Plus(boxed(a)?, boxed(b)?),
        Term::Infix(a, Infix::Minus, b) => Source::Minus(boxed(a)?, boxed(b)?),
        Term::Call(name, arguments) => match (name.as_str(), arguments.as_slice()) {
            ("list_append", [a, b]) => Source::ListAppend(boxed(a)?, boxed(b)?),
            ("if_not_exists", [Term::Path(it), otherwise]) => Source::IfNotExists(path(it), boxed(otherwise)?),
            _ => return Err(unsupported(name)),
        },
        Term::Infix(..) | Term::Not(_) | Term::Between(..) | Term::In(..) | Term::IsMissing(_) | Term::IsNull(_) => {
            return Err(unsupported("a condition as a value"));
        }
    })
}
