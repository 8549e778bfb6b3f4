//! Whether an event is what a pattern describes.

use crate::test::Test;
use crate::{Field, Fields, Pattern, Wanted};
use serde_json::Value as Json;

impl Pattern {
    pub fn matches(&self, event: &Json) -> bool {
        self.root.match_at(Some(event), event)
    }
}

impl Fields {
    /// Of a list of objects, one has to match all of it.
    fn match_at(&self, here: Option<&Json>, root: &Json) -> bool {
        match here {
            Some(Json::Array(items)) if items.iter().any(is_branch) => {
                items.iter().filter(|it| is_branch(it)).any(|it| self.match_at(Some(it), root))
            }
            here => {
                self.all.iter().all(|it| it.match_in(here, root))
                    && self.any.iter().all(|it| it.iter().any(|it| it.match_at(here, root)))
            }
        }
    }
}

impl Field {
    fn match_in(&self, object: Option<&Json>, root: &Json) -> bool {
        let value = object.and_then(|it| it.get(&self.name));
        match &self.wanted {
            Wanted::Object(fields) => fields.match_at(value, root),
            Wanted::OneOf(tests) => tests.iter().any(|test| match test {
                Test::Absent(path) => !has(root, path),
                test => value.is_some_and(|it| any_leaf(it, &|leaf| test.holds(leaf))),
            }),
        }
    }
}

fn is_branch(it: &Json) -> bool {
    it.is_object() || it.is_array()
}

/// A list stands for each of its values; what is in objects has other names.
fn any_leaf(value: &Json, holds: &dyn Fn(&Json) -> bool) -> bool {
    match value {
        Json::Array(items) => items.iter().any(|it| any_leaf(it, holds)),
        Json::Object(_) => false,
        leaf => holds(leaf),
    }
}

/// Whether any value is at the end of this path.
fn has(here: &Json, path: &[String]) -> bool {
    match (here, path) {
        (here, []) => any_leaf(here, &|_| true),
        (Json::Array(items), path) => items.iter().any(|it| has(it, path)),
        (here, [name, rest @ ..]) => here.get(name).is_some_and(|it| has(it, rest)),
    }
}
