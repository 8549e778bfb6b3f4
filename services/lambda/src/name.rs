//! How callers name a function: a name, a partial ARN or an ARN, each with or without a qualifier.

use api::lambda::error;
use kernel::{Cx, is_account};
use model::Result;

/// The version that can be changed.
pub const LATEST: &str = "$LATEST";

/// The parts of what a caller wrote.
#[derive(Debug, PartialEq, Eq)]
pub struct Name<'i> {
    pub region: Option<&'i str>,
    pub account: Option<&'i str>,
    pub function: &'i str,
    pub qualifier: Option<&'i str>,
}

/// The door has checked the form: what is not one of these is a name.
pub fn parse(text: &str) -> Name<'_> {
    let parts: Vec<&str> = text.split(':').collect();
    let (region, account, rest) = match parts.as_slice() {
        ["arn", _, "lambda", region, account, "function", rest @ ..] => (Some(*region), Some(*account), rest),
        [account, "function", rest @ ..] if is_account(account) => (None, Some(*account), rest),
        ["function", rest @ ..] => (None, None, rest),
        rest => (None, None, rest),
    };
    let function = rest.first().copied().unwrap_or_default();
    Name { region, account, function, qualifier: rest.get(1).copied() }
}

/// The ARN of the function, without its qualifier: what IAM is asked about.
pub fn arn(cx: &Cx, text: &str) -> String {
    let name = parse(text);
    let (region, account) = (name.region.unwrap_or(cx.region()), name.account.unwrap_or(cx.account()));
    format!("arn:{}:lambda:{region}:{account}:function:{}", cx.partition(), name.function)
}

/// With the qualifier, where one is named: what IAM is asked about by operations on versions and aliases.
pub fn qualified_arn(cx: &Cx, text: &str, qualifier: Option<&str>) -> Result<String> {
    Ok(with_qualifier(&arn(cx, text), self::qualifier(text, qualifier)?))
}

pub fn with_qualifier(arn: &str, qualifier: Option<&str>) -> String {
    qualifier.map_or_else(|| arn.to_owned(), |it| format!("{arn}:{it}"))
}

/// The version or alias that a caller names, in one place or the other.
pub fn qualifier<'i>(text: &'i str, given: Option<&'i str>) -> Result<Option<&'i str>> {
    let named = parse(text).qualifier;
    if let (Some(one), Some(other)) = (named, given)
        && one != other
    {
        return Err(error::INVALID_PARAMETER_VALUE
            .with("The derived qualifier from the function name does not match the specified qualifier."));
    }
    Ok(given.or(named))
}

/// The number of a published version.
pub fn version_number(qualifier: &str) -> Option<u64> {
    qualifier.parse().ok().filter(|_| qualifier.bytes().all(|it| it.is_ascii_digit()))
}

pub fn not_found(arn: &str) -> model::Error {
    error::RESOURCE_NOT_FOUND.with(format!("Function not found: {arn}")).field("Type", "User".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_in_many_ways() {
        let bare = Name { region: None, account: None, function: "f", qualifier: None };
        let account = Some("123456789012");
        let cases = [
            ("f", Name { ..bare }),
            ("f:1", Name { qualifier: Some("1"), ..bare }),
            ("function:f", Name { ..bare }),
            ("123456789012:function:f", Name { account, ..bare }),
            ("123456789012:function:f:$LATEST", Name { account, qualifier: Some("$LATEST"), ..bare }),
            ("arn:aws:lambda:eu-west-1:123456789012:function:f", Name { region: Some("eu-west-1"), account, ..bare }),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:f:live",
                Name { region: Some("eu-west-1"), account, qualifier: Some("live"), ..bare },
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
