//! Which resource waits for which: from `DependsOn` and from references.

use super::Template;
use super::reference::references;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Resource → those that have to exist first. Only resources whose condition holds; all where conditions are not given.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

pub fn graph(template: &Template, conditions: Option<&BTreeMap<String, bool>>) -> Graph {
    let counts = |condition: &Option<String>| match (condition, conditions) {
        (Some(name), Some(known)) => known.get(name).copied().unwrap_or(false),
        _ => true,
    };
    let live: BTreeSet<&str> =
        template.resources.iter().filter(|(_, it)| counts(&it.condition)).map(|(name, _)| name.as_str()).collect();
    let mut graph = Graph::new();
    for name in &live {
        let declared = &template.resources[*name];
        let properties = Json::Object(declared.properties.clone());
        let referred = references(&properties, conditions).into_iter().map(|it| it.name);
        let before = declared.depends_on.iter().cloned().chain(referred).filter(|it| live.contains(it.as_str()));
        graph.insert((*name).to_owned(), before.collect());
    }
    graph
}

/// The resources that wait for one another in a circle, if there are any.
pub fn circle(graph: &Graph) -> Vec<String> {
    let mut left = graph.clone();
    loop {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, before)| !before.iter().any(|it| left.contains_key(it)))
            .map(|(name, _)| name.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        for name in free {
            left.remove(&name);
        }
    }
    // What only hangs on the circle is no part of it.
    loop {
        let wanted: BTreeSet<String> = left.values().flatten().cloned().collect();
        let before = left.len();
        left.retain(|name, _| wanted.contains(name));
        if left.len() == before {
            return left.into_keys().collect();
        }
    }
}
