//! The intrinsic functions that need nothing but their argument.

use super::{invalid, unsupported};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Result;
use serde_json::{Value as Json, json};
use std::net::IpAddr;

/// All that are known, in AWS's order.
pub const FUNCTIONS: [&str; 18] = [
    "Fn::Base64",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Split",
    "Fn::FindInMap",
    "Fn::Select",
    "Ref",
    "Fn::Equals",
    "Fn::If",
    "Fn::Not",
    "Condition",
    "Fn::And",
    "Fn::Or",
    "Fn::Sub",
    "Fn::Cidr",
    "Fn::Transform",
];

/// Those that `Transform: AWS::LanguageExtensions` adds.
pub const EXTENSIONS: [&str; 2] = ["Fn::Length", "Fn::ToJsonString"];

/// A fuller answer than any VPC can use; keeps a hostile count from filling memory.
const MOST_CIDR_BLOCKS: u32 = 256;

pub fn is_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

/// The function and its argument, where an object is nothing but a call.
pub fn call(tree: &Json) -> Option<(&str, &Json)> {
    let members = tree.as_object().filter(|it| it.len() == 1)?;
    let (name, argument) = members.iter().next()?;
    is_function(name).then_some((name.as_str(), argument))
}

/// Texts as they are, numbers and booleans as they are written.
pub fn text_of(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// With the argument already evaluated.
pub fn plain(name: &str, argument: &Json) -> Result<Json> {
    match name {
        "Fn::Base64" => base64(argument),
        "Fn::Join" => join(argument),
        "Fn::Select" => select(argument),
        "Fn::Split" => split(argument),
        "Fn::Cidr" => cidr(argument),
        "Fn::Length" => length(argument),
        "Fn::ToJsonString" => to_json_string(argument),
        name => Err(unsupported(format!("the function {name}"))),
    }
}

/// The zones that Niebla's regions have.
pub fn availability_zones(argument: &Json, own_region: &str) -> Json {
    let region = argument.as_str().filter(|it| !it.is_empty()).unwrap_or(own_region);
    json!(["a", "b", "c"].map(|it| format!("{region}{it}")))
}

fn length(argument: &Json) -> Result<Json> {
    let items = argument.as_array().ok_or_else(|| invalid("Fn::Length only supports an array as input"))?;
    Ok(json!(items.len()))
}

fn to_json_string(argument: &Json) -> Result<Json> {
    match argument {
        Json::Array(_) | Json::Object(_) => Ok(json!(argument.to_string())),
        _ => Err(invalid("Fn::ToJsonString only supports an object or an array as input")),
    }
}

fn base64(argument: &Json) -> Result<Json> {
    match argument {
        Json::Array(_) | Json::Object(_) | Json::Null => {
            Err(invalid("Template error: every Fn::Base64 object must have a String-typed value."))
        }
        text => Ok(json!(STANDARD.encode(text_of(text)))),
    }
}

fn join(argument: &Json) -> Result<Json> {
    let parts = argument.as_array().filter(|it| it.len() == 2);
    let Some((delimiter, items)) = parts.and_then(|it| Some((it[0].as_str()?, it[1].as_array()?))) else {
        return Err(invalid(
            "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
        ));
    };
    Ok(json!(items.iter().map(text_of).collect::<Vec<_>>().join(delimiter)))
}

fn select(argument: &Json) -> Result<Json> {
    let parts = argument.as_array().filter(|it| it.len() == 2);
    let index = parts.and_then(|it| text_of(&it[0]).parse::<usize>().ok());
    let (Some(index), Some(items)) = (index, parts.and_then(|it| it[1].as_array())) else {
        return Err(invalid(
            "Template error: Fn::Select requires a list argument with two elements: an integer index and a list",
        ));
    };
    let found = items.get(index).cloned();
    found
        .ok_or_else(|| invalid(format!("Template error: Fn::Select  cannot select nonexistent value at index {index}")))
}

fn split(argument: &Json) -> Result<Json> {
    let parts = argument.as_array().filter(|it| it.len() == 2);
    let Some((delimiter, text)) = parts.and_then(|it| Some((it[0].as_str()?, it[1].as_str()?))) else {
        return Err(invalid(
            "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.",
        ));
    };
    Ok(json!(text.split(delimiter).collect::<Vec<_>>()))
}

/// `[block, count, bits]`: that many blocks with that many bits for hosts; 8 where none are named, of IPv4.
fn cidr(argument: &Json) -> Result<Json> {
    let malformed = || {
        invalid("Template error: Fn::Cidr requires an ipBlock, a count from 1 to 256 and cidrBits that fit the block")
    };
    let parts = argument.as_array().ok_or_else(malformed)?;
    let number = |index: usize| parts.get(index).and_then(|it| text_of(it).parse::<u32>().ok());
    let block = parts.first().and_then(Json::as_str).ok_or_else(malformed)?;
    let (address, prefix) = block.split_once('/').ok_or_else(malformed)?;
    let address: IpAddr = address.parse().map_err(|_| malformed())?;
    let (address, width) = match address {
        IpAddr::V4(it) => (u128::from(u32::from(it)), 32),
        IpAddr::V6(it) => (u128::from(it), 128),
    };
    let prefix: u32 = prefix.parse().ok().filter(|it| *it <= width).ok_or_else(malformed)?;
    let count = number(1).filter(|it| (1..=MOST_CIDR_BLOCKS).contains(it)).ok_or_else(malformed)?;
    let bits = match (parts.len(), width) {
        (2, 32) => 8,
        (3, _) => number(2).ok_or_else(malformed)?,
        _ => return Err(malformed()),
    };
    let room = width - prefix;
    // A block of one more bit holds twice as many.
    let needed = bits.saturating_add(count.next_power_of_two().trailing_zeros());
    if needed > room {
        return Err(malformed());
    }
    let base = if room == 128 { 0 } else { address >> room << room };
    let nth = |it: u32| {
        let start = base + if bits == 128 { 0 } else { u128::from(it) << bits };
        let start = match width {
            32 => IpAddr::V4(u32::try_from(start).expect("the blocks fit the block they are cut from").into()),
            _ => IpAddr::V6(start.into()),
        };
        format!("{start}/{}", width - bits)
    };
    Ok(json!((0..count).map(nth).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_give_what_aws_documents() {
        let cases = [
            ("Fn::Base64", json!("AWS"), Ok(json!("QVdT"))),
            ("Fn::Join", json!([":", ["a", 1, true]]), Ok(json!("a:1:true"))),
            ("Fn::Select", json!(["1", ["a", "b"]]), Ok(json!("b"))),
            (
                "Fn::Select",
                json!([5, ["a"]]),
                Err("Template error: Fn::Select  cannot select nonexistent value at index 5"),
            ),
            ("Fn::Split", json!(["|", "a|b||c|"]), Ok(json!(["a", "b", "", "c", ""]))),
            (
                "Fn::Cidr",
                json!(["192.168.0.0/24", 6, 5]),
                Ok(json!([
                    "192.168.0.0/27",
                    "192.168.0.32/27",
                    "192.168.0.64/27",
                    "192.168.0.96/27",
                    "192.168.0.128/27",
                    "192.168.0.160/27"
                ])),
            ),
            (
                "Fn::Cidr",
                json!(["10.0.0.0/24", "2"]),
                Err(
                    "Template error: Fn::Cidr requires an ipBlock, a count from 1 to 256 and cidrBits that fit the block",
                ),
            ),
            (
                "Fn::Cidr",
                json!(["2001:db8:1234:1a00::/56", "2", 64]),
                Ok(json!(["2001:db8:1234:1a00::/64", "2001:db8:1234:1a01::/64"])),
            ),
            (
                "Fn::Cidr",
                json!(["::/0", 3, 127]),
                Err(
                    "Template error: Fn::Cidr requires an ipBlock, a count from 1 to 256 and cidrBits that fit the block",
                ),
            ),
            ("Fn::Cidr", json!(["0.0.0.0/0", 2, 31]), Ok(json!(["0.0.0.0/1", "128.0.0.0/1"]))),
        ];
        for (name, argument, expected) in cases {
            let got = plain(name, &argument).map_err(|it| it.message().to_owned());
            assert_eq!(got, expected.map_err(str::to_owned), "{name} {argument}");
        }
    }
}
