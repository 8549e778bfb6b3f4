//! Parameters: their declarations, their constraints, and the values that a request gives them.

use super::functions::availability_zones;
use super::{invalid, unsupported};
use model::Result;
use regex::Regex;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct Declaration {
    pub name: String,
    pub kind: Kind,
    pub default: Option<String>,
    pub description: Option<String>,
    pub no_echo: bool,
    pub allowed_values: Vec<String>,
    allowed_pattern: Option<String>,
    constraint_description: Option<String>,
    min_length: Option<f64>,
    max_length: Option<f64>,
    min_value: Option<f64>,
    max_value: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    String,
    Number,
    NumberList,
    CommaDelimitedList,
    Zone,
    ZoneList,
}

/// AWS's limit.
const LONGEST_VALUE: usize = 4_096;

impl Kind {
    pub fn text(self) -> &'static str {
        match self {
            Kind::String => "String",
            Kind::Number => "Number",
            Kind::NumberList => "List<Number>",
            Kind::CommaDelimitedList => "CommaDelimitedList",
            Kind::Zone => "AWS::EC2::AvailabilityZone::Name",
            Kind::ZoneList => "List<AWS::EC2::AvailabilityZone::Name>",
        }
    }
}

/// What a request says of one parameter.
#[derive(Clone, Debug)]
pub struct Given {
    pub name: String,
    pub value: Option<String>,
    pub use_previous: bool,
}

pub fn declaration(name: String, tree: Json) -> Result<Declaration> {
    let Json::Object(members) = tree else {
        return Err(invalid("Template format error: Every Parameters member must be an object."));
    };
    let Some(kind) = members.get("Type") else {
        return Err(invalid("Template format error: Every Parameters object must contain a Type member."));
    };
    let kind = kind_of(kind)?;
    let mut it = Declaration {
        name,
        kind,
        default: None,
        description: None,
        no_echo: false,
        allowed_values: Vec::new(),
        allowed_pattern: None,
        constraint_description: None,
        min_length: None,
        max_length: None,
        min_value: None,
        max_value: None,
    };
    for (key, value) in members {
        match key.as_str() {
            "Type" => {}
            "Default" => it.default = Some(scalar(&key, &value)?),
            "Description" => it.description = Some(scalar(&key, &value)?),
            "ConstraintDescription" => it.constraint_description = Some(scalar(&key, &value)?),
            "AllowedPattern" => it.allowed_pattern = Some(scalar(&key, &value)?),
            "NoEcho" => it.no_echo = scalar(&key, &value)?.eq_ignore_ascii_case("true"),
            "AllowedValues" => it.allowed_values = allowed_values(&value)?,
            "MinLength" => it.min_length = Some(number(&key, &value)?),
            "MaxLength" => it.max_length = Some(number(&key, &value)?),
            "MinValue" => it.min_value = Some(number(&key, &value)?),
            "MaxValue" => it.max_value = Some(number(&key, &value)?),
            _ => return Err(invalid(format!("Invalid template parameter property '{key}'"))),
        }
    }
    Ok(it)
}

/// The value of every parameter: given, kept from before, or the default; each satisfies its constraints.
pub fn values(
    declared: &[Declaration],
    given: &[Given],
    previous: &BTreeMap<String, String>,
    region: &str,
) -> Result<BTreeMap<String, String>> {
    check_names(declared, given)?;
    let (mut values, mut missing) = (BTreeMap::new(), Vec::new());
    for it in declared {
        let asked = given.iter().find(|given| given.name == it.name);
        let value = match asked {
            Some(asked) if asked.use_previous => previous.get(&it.name).or(it.default.as_ref()),
            Some(asked) => asked.value.as_ref().or(it.default.as_ref()),
            None => it.default.as_ref(),
        };
        match value {
            Some(value) => {
                it.check(value)?;
                it.check_zones(value, region)?;
                values.insert(it.name.clone(), value.clone());
            }
            None => missing.push(it.name.as_str()),
        }
    }
    match missing.is_empty() {
        true => Ok(values),
        false => Err(invalid(format!("Parameters: [{}] must have values", missing.join(", ")))),
    }
}

/// What `Ref` gives: a text, or a list of texts.
pub fn referred(declared: &[Declaration], values: &BTreeMap<String, String>) -> BTreeMap<String, Json> {
    let of = |it: &Declaration| {
        let value = values.get(&it.name)?;
        let shown = if it.is_list() { json!(elements(value)) } else { json!(value) };
        Some((it.name.clone(), shown))
    };
    declared.iter().filter_map(of).collect()
}

impl Declaration {
    fn is_list(&self) -> bool {
        matches!(self.kind, Kind::NumberList | Kind::CommaDelimitedList | Kind::ZoneList)
    }

    fn check(&self, value: &str) -> Result<()> {
        let name = &self.name;
        match self.broken(value)? {
            None => Ok(()),
            Some(sentence) => Err(invalid(match &self.constraint_description {
                Some(description) => format!("Parameter {name} failed to satisfy constraint: {description}"),
                None => format!("Parameter '{name}' {sentence}"),
            })),
        }
    }

    /// A type of AWS's own takes what exists.
    fn check_zones(&self, value: &str, region: &str) -> Result<()> {
        if !matches!(self.kind, Kind::Zone | Kind::ZoneList) {
            return Ok(());
        }
        let known = availability_zones(&Json::Null, region);
        let exists = |it: &&String| known.as_array().is_some_and(|all| all.iter().any(|zone| zone == it.as_str()));
        match elements(value).iter().find(|it| !exists(it)) {
            Some(other) => Err(invalid(format!(
                "Parameter validation failed: parameter value {other} for parameter name {} does not exist",
                self.name
            ))),
            None => Ok(()),
        }
    }

    /// What is wrong with a value, if anything.
    fn broken(&self, value: &str) -> Result<Option<String>> {
        if value.len() > LONGEST_VALUE {
            return Ok(Some(format!("must be at most {LONGEST_VALUE} bytes long")));
        }
        let parts = if self.is_list() { elements(value) } else { vec![value.to_owned()] };
        if matches!(self.kind, Kind::Number | Kind::NumberList) {
            for part in &parts {
                let Ok(number) = part.parse::<f64>() else { return Ok(Some("must be a number.".to_owned())) };
                if let Some(least) = self.min_value.filter(|least| number < *least) {
                    return Ok(Some(format!("must be a number not less than {least}")));
                }
                if let Some(most) = self.max_value.filter(|most| number > *most) {
                    return Ok(Some(format!("must be a number not greater than {most}")));
                }
            }
        }
        if !self.allowed_values.is_empty() && !parts.iter().all(|it| self.allowed_values.contains(it)) {
            return Ok(Some("must be one of AllowedValues".to_owned()));
        }
        if let Some(pattern) = &self.allowed_pattern {
            let whole = Regex::new(&format!("^(?:{pattern})$"))
                .map_err(|_| unsupported(format!("the AllowedPattern {pattern} of parameter {}", self.name)))?;
            if !parts.iter().all(|it| whole.is_match(it)) {
                return Ok(Some(format!("must match pattern {pattern}")));
            }
        }
        let length = value.chars().count() as f64;
        if let Some(least) = self.min_length.filter(|least| length < *least) {
            return Ok(Some(format!("must contain at least {least} characters")));
        }
        Ok(self.max_length.filter(|most| length > *most).map(|most| format!("must contain at most {most} characters")))
    }
}

fn check_names(declared: &[Declaration], given: &[Given]) -> Result<()> {
    if declared.is_empty() && !given.is_empty() {
        return Err(invalid("Parameter values specified for a template which does not require them."));
    }
    let unknown = given.iter().filter(|it| !declared.iter().any(|known| known.name == it.name));
    let unknown: Vec<&str> = unknown.map(|it| it.name.as_str()).collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(invalid(format!("Parameters: [{}] do not exist in the template", unknown.join(", ")))),
    }
}

fn elements(value: &str) -> Vec<String> {
    if value.is_empty() { Vec::new() } else { value.split(',').map(|it| it.trim().to_owned()).collect() }
}

fn kind_of(tree: &Json) -> Result<Kind> {
    match tree.as_str() {
        Some("String") => Ok(Kind::String),
        Some("Number") => Ok(Kind::Number),
        Some("List<Number>") => Ok(Kind::NumberList),
        Some("CommaDelimitedList") => Ok(Kind::CommaDelimitedList),
        Some("AWS::EC2::AvailabilityZone::Name") => Ok(Kind::Zone),
        Some("List<AWS::EC2::AvailabilityZone::Name>") => Ok(Kind::ZoneList),
        Some(other) if other.contains("AWS::") => Err(unsupported(format!("the parameter type {other}"))),
        Some(other) => Err(invalid(format!("Template format error: Unrecognized parameter type: {other}"))),
        None => Err(invalid("Template format error: Every Type member must be a string.")),
    }
}

/// Texts, and numbers and booleans as they are written.
fn scalar(key: &str, value: &Json) -> Result<String> {
    match value {
        Json::String(text) => Ok(text.clone()),
        Json::Number(_) | Json::Bool(_) => Ok(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => {
            Err(invalid(format!("Template format error: Every {key} member must be a string.")))
        }
    }
}

fn number(key: &str, value: &Json) -> Result<f64> {
    let text = scalar(key, value)?;
    text.parse().map_err(|_| invalid(format!("Template format error: Every {key} member must be a number.")))
}

fn allowed_values(value: &Json) -> Result<Vec<String>> {
    let Json::Array(items) = value else {
        return Err(invalid("Template format error: Every AllowedValues member must be a list."));
    };
    items.iter().map(|it| scalar("AllowedValues", it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(declared: &Json, given: Option<&str>) -> std::result::Result<String, String> {
        let declared = [declaration("P".to_owned(), declared.clone()).map_err(|it| it.message().to_owned())?];
        let given: Vec<_> = given
            .map(|it| Given { name: "P".to_owned(), value: Some(it.to_owned()), use_previous: false })
            .into_iter()
            .collect();
        let values = values(&declared, &given, &BTreeMap::new(), "us-east-1").map_err(|it| it.message().to_owned())?;
        Ok(referred(&declared, &values)["P"].to_string())
    }

    #[test]
    fn a_value_is_checked_against_its_declaration() {
        let cases = [
            (json!({"Type": "String"}), Some("x"), Ok("\"x\"")),
            (json!({"Type": "String"}), None, Err("Parameters: [P] must have values")),
            (json!({"Type": "String", "Default": 5}), None, Ok("\"5\"")),
            (json!({"Type": "Number"}), Some("5"), Ok("\"5\"")),
            (json!({"Type": "Number"}), Some("five"), Err("Parameter 'P' must be a number.")),
            (
                json!({"Type": "Number", "MinValue": 2}),
                Some("1"),
                Err("Parameter 'P' must be a number not less than 2"),
            ),
            (
                json!({"Type": "Number", "MaxValue": "2"}),
                Some("3"),
                Err("Parameter 'P' must be a number not greater than 2"),
            ),
            (json!({"Type": "List<Number>"}), Some("1, 2"), Ok("[\"1\",\"2\"]")),
            (json!({"Type": "CommaDelimitedList"}), Some("a,b"), Ok("[\"a\",\"b\"]")),
            (
                json!({"Type": "String", "AllowedValues": ["a", "b"]}),
                Some("c"),
                Err("Parameter 'P' must be one of AllowedValues"),
            ),
            (
                json!({"Type": "String", "AllowedPattern": "[a-z]+"}),
                Some("abc1"),
                Err("Parameter 'P' must match pattern [a-z]+"),
            ),
            (
                json!({"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "letters only."}),
                Some("1"),
                Err("Parameter P failed to satisfy constraint: letters only."),
            ),
            (
                json!({"Type": "String", "MinLength": 3}),
                Some("ab"),
                Err("Parameter 'P' must contain at least 3 characters"),
            ),
            (
                json!({"Type": "String", "MaxLength": 1}),
                Some("ab"),
                Err("Parameter 'P' must contain at most 1 characters"),
            ),
            (json!({"Type": "AWS::EC2::AvailabilityZone::Name"}), Some("us-east-1b"), Ok("\"us-east-1b\"")),
            (
                json!({"Type": "List<AWS::EC2::AvailabilityZone::Name>"}),
                Some("us-east-1a,us-east-1z"),
                Err("Parameter validation failed: parameter value us-east-1z for parameter name P does not exist"),
            ),
            (json!({"Type": "Strange"}), None, Err("Template format error: Unrecognized parameter type: Strange")),
            (
                json!({"Type": "AWS::SSM::Parameter::Value<String>"}),
                None,
                Err("Niebla does not support the parameter type AWS::SSM::Parameter::Value<String> yet."),
            ),
            (
                json!({"Default": ""}),
                None,
                Err("Template format error: Every Parameters object must contain a Type member."),
            ),
            (json!({"Type": "String", "Foo": 1}), None, Err("Invalid template parameter property 'Foo'")),
            (
                json!({"Type": "String", "AllowedValues": "a"}),
                None,
                Err("Template format error: Every AllowedValues member must be a list."),
            ),
        ];
        for (declared, given, expected) in cases {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(check(&declared, given), expected, "{declared} {given:?}");
        }
    }
}
