//! `#names` and `:values` of a request: what expressions use, and what none of them used.

use super::{Fault, Faults, Kind};
use items::attribute::Attribute;
use items::wire;
use model::Value;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Those of one request.
#[derive(Debug, Default)]
pub struct Placeholders {
    names: BTreeMap<String, (String, Cell<bool>)>,
    values: BTreeMap<String, (Attribute, Cell<bool>)>,
    has_names: bool,
    has_values: bool,
}

const LONGEST: usize = 255;

impl Placeholders {
    /// # Errors
    /// AWS's sentence about a placeholder that is none, or a value that is wrong.
    pub fn new(names: Option<BTreeMap<String, String>>, values: Option<Value>) -> Result<Self, String> {
        let (has_names, has_values) = (names.is_some(), values.is_some());
        let names = names.map_or(Ok(BTreeMap::new()), read_names)?;
        let values = values.map_or(Ok(BTreeMap::new()), read_values)?;
        Ok(Self { names, values, has_names, has_values })
    }

    /// # Errors
    /// Placeholders beside no expression at all, in AWS's words. The second list is of those that can use values.
    pub fn require(&self, any: bool, of_values: &[(Kind, bool)]) -> Result<(), String> {
        if self.has_names && !any {
            return Err("ExpressionAttributeNames can only be specified when using expressions".to_owned());
        }
        if self.has_values && of_values.iter().all(|(_, given)| !given) {
            let them: Vec<&str> = of_values.iter().map(|(kind, _)| kind.parameter()).collect();
            let are = if them.len() > 1 { "are" } else { "is" };
            return Err(format!(
                "ExpressionAttributeValues can only be specified when using expressions: {} {are} null",
                them.join(" and ")
            ));
        }
        Ok(())
    }

    /// # Errors
    /// Names or values that no expression used.
    pub fn all_used(&self) -> Result<(), String> {
        let names: Vec<&str> = self.names.iter().filter(|(_, it)| !it.1.get()).map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            return Err(format!(
                "Value provided in ExpressionAttributeNames unused in expressions: keys: {{{}}}",
                names.join(", ")
            ));
        }
        let values: Vec<&str> =
            self.values.iter().filter(|(_, it)| !it.1.get()).map(|(name, _)| name.as_str()).collect();
        if !values.is_empty() {
            return Err(format!(
                "Value provided in ExpressionAttributeValues unused in expressions: keys: {{{}}}",
                values.join(", ")
            ));
        }
        Ok(())
    }

    pub(crate) fn name(&self, placeholder: &str, faults: &mut Faults) -> String {
        let Some((name, used)) = self.names.get(placeholder) else {
            faults.add(Fault::UndefinedName, || {
                format!(
                    "An expression attribute name used in the document path is not defined; attribute name: {placeholder}"
                )
            });
            return String::new();
        };
        used.set(true);
        name.clone()
    }

    pub(crate) fn value(&self, placeholder: &str, faults: &mut Faults) -> &Attribute {
        let Some((value, used)) = self.values.get(placeholder) else {
            faults.add(Fault::UndefinedValue, || {
                format!(
                    "An expression attribute value used in expression is not defined; attribute value: {placeholder}"
                )
            });
            return &Attribute::Null;
        };
        used.set(true);
        value
    }
}

fn read_names(names: BTreeMap<String, String>) -> Result<BTreeMap<String, (String, Cell<bool>)>, String> {
    if names.is_empty() {
        return Err("ExpressionAttributeNames must not be empty".to_owned());
    }
    for (placeholder, name) in &names {
        if !is_placeholder(placeholder, '#') {
            return Err(format!("ExpressionAttributeNames contains invalid key: Syntax error; key: \"{placeholder}\""));
        }
        if name.is_empty() {
            return Err(format!(
                "ExpressionAttributeNames contains invalid value: Empty attribute name; key: {placeholder}"
            ));
        }
    }
    Ok(names.into_iter().map(|(placeholder, name)| (placeholder, (name, Cell::new(false)))).collect())
}

fn read_values(values: Value) -> Result<BTreeMap<String, (Attribute, Cell<bool>)>, String> {
    let Value::Map(entries) = values else { return Ok(BTreeMap::new()) };
    if entries.is_empty() {
        return Err("ExpressionAttributeValues must not be empty".to_owned());
    }
    if let Some((placeholder, _)) = entries.iter().find(|(it, _)| !is_placeholder(it, ':')) {
        return Err(format!("ExpressionAttributeValues contains invalid key: Syntax error; key: \"{placeholder}\""));
    }
    let read = |(placeholder, value): (String, Value)| match wire::attribute(value) {
        Ok(value) => Ok((placeholder, (value, Cell::new(false)))),
        Err(why) => Err(format!("ExpressionAttributeValues contains invalid value: {why} for key {placeholder}")),
    };
    entries.into_iter().map(read).collect()
}

fn is_placeholder(text: &str, sign: char) -> bool {
    let part = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    text.strip_prefix(sign).is_some_and(|it| !it.is_empty() && it.len() <= LONGEST && it.bytes().all(part))
}
