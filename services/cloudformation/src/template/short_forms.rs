//! The short forms of YAML templates, written out: `!GetAtt A.Arn` is `{"Fn::GetAtt": ["A", "Arn"]}`.

use super::invalid;
use model::Result;
use serde_json::{Value as Json, json};

/// Short form → what it stands for.
const FORMS: [(&str, &str); 21] = [
    ("And", "Fn::And"),
    ("Base64", "Fn::Base64"),
    ("Cidr", "Fn::Cidr"),
    ("Condition", "Condition"),
    ("Equals", "Fn::Equals"),
    ("FindInMap", "Fn::FindInMap"),
    ("ForEach", "Fn::ForEach"),
    ("GetAZs", "Fn::GetAZs"),
    ("GetAtt", "Fn::GetAtt"),
    ("If", "Fn::If"),
    ("ImportValue", "Fn::ImportValue"),
    ("Join", "Fn::Join"),
    ("Length", "Fn::Length"),
    ("Not", "Fn::Not"),
    ("Or", "Fn::Or"),
    ("Ref", "Ref"),
    ("Select", "Fn::Select"),
    ("Split", "Fn::Split"),
    ("Sub", "Fn::Sub"),
    ("ToJsonString", "Fn::ToJsonString"),
    ("Transform", "Fn::Transform"),
];

pub fn of_scalar(name: &str, text: &str) -> Result<Json> {
    if name == "GetAtt" {
        let Some((resource, attribute)) = text.split_once('.').filter(|(a, b)| !a.is_empty() && !b.is_empty()) else {
            return Err(invalid(
                "Template error: if specifying one argument to Fn::GetAtt, that argument must be a non-empty string in format <LogicalId>.<Attribute>",
            ));
        };
        return Ok(json!({"Fn::GetAtt": [resource, attribute]}));
    }
    of_tree(name, Json::String(text.to_owned()))
}

pub fn of_tree(name: &str, tree: Json) -> Result<Json> {
    match FORMS.iter().find(|(short, _)| *short == name) {
        Some((_, long)) => Ok(json!({*long: tree})),
        None => Err(invalid(format!("Template format error: unsupported YAML tag !{name}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml::parse;
    use serde_json::json;

    #[test]
    fn every_short_form_becomes_its_long_form() {
        let cases = [
            ("!Ref A", json!({"Ref": "A"})),
            ("!Sub 'x-${A}'", json!({"Fn::Sub": "x-${A}"})),
            ("!Sub ['x-${a}', {a: !Ref B}]", json!({"Fn::Sub": ["x-${a}", {"a": {"Ref": "B"}}]})),
            ("!GetAtt A.Arn", json!({"Fn::GetAtt": ["A", "Arn"]})),
            ("!GetAtt A.Endpoint.Port", json!({"Fn::GetAtt": ["A", "Endpoint.Port"]})),
            ("!GetAtt [A, Arn]", json!({"Fn::GetAtt": ["A", "Arn"]})),
            ("!Join ['-', [a, b]]", json!({"Fn::Join": ["-", ["a", "b"]]})),
            ("!Select [0, !Split [',', 'a,b']]", json!({"Fn::Select": [0, {"Fn::Split": [",", "a,b"]}]})),
            ("!If [C, 1, !Ref AWS::NoValue]", json!({"Fn::If": ["C", 1, {"Ref": "AWS::NoValue"}]})),
            ("!Equals [a, b]", json!({"Fn::Equals": ["a", "b"]})),
            (
                "!And [!Condition A, !Not [!Condition B]]",
                json!({"Fn::And": [{"Condition": "A"}, {"Fn::Not": [{"Condition": "B"}]}]}),
            ),
            ("!Or [!Condition A, !Condition B]", json!({"Fn::Or": [{"Condition": "A"}, {"Condition": "B"}]})),
            ("!FindInMap [M, a, b]", json!({"Fn::FindInMap": ["M", "a", "b"]})),
            ("!Base64 text", json!({"Fn::Base64": "text"})),
            ("Fn::Base64: !Sub hi", json!({"Fn::Base64": {"Fn::Sub": "hi"}})),
            ("!Cidr [10.0.0.0/16, 4, 8]", json!({"Fn::Cidr": ["10.0.0.0/16", 4, 8]})),
            ("!ImportValue x", json!({"Fn::ImportValue": "x"})),
            ("!GetAZs ''", json!({"Fn::GetAZs": ""})),
            ("!Transform {Name: x}", json!({"Fn::Transform": {"Name": "x"}})),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse(&format!("a: {text}"))
                    .or_else(|_| parse(text))
                    .map(|it| it.get("a").cloned().unwrap_or(it))
                    .unwrap(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_wrong_short_form_is_named() {
        assert_eq!(parse("a: !Nope b").unwrap_err().message(), "Template format error: unsupported YAML tag !Nope.");
        assert_eq!(
            parse("a: !GetAtt Role").unwrap_err().message(),
            "Template error: if specifying one argument to Fn::GetAtt, that argument must be a non-empty string in format <LogicalId>.<Attribute>"
        );
    }
}
