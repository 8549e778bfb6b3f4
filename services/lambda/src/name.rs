//! How callers name a function: a name, a partial ARN or an ARN, each with or without a qualifier.

use api::lambda::error;
use kernel::{Cx, is_account};
use model::Result;

/// The only version there is until versions can be published.
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

/// The function's name, where the version that is meant is the latest.
pub fn latest<'i>(cx: &Cx, text: &'i str, qualifier: Option<&str>) -> Result<&'i str> {
    let name = parse(text);
    if let (Some(one), Some(other)) = (name.qualifier, qualifier)
        && one != other
    {
        return Err(error::INVALID_PARAMETER_VALUE
            .with("The derived qualifier from the function name does not match the specified qualifier."));
    }
    match qualifier.or(name.qualifier) {
        None | Some(LATEST) => Ok(name.function),
        // Nothing can be published yet, so there is no other version and no alias.
        Some(other) => Err(not_found(&format!("{}:{other}", arn(cx, text)))),
    }
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
