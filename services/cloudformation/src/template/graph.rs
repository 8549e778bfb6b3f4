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

/// A walk over a graph: the turn of a node comes once all that it waits for are finished. Every node and every edge is
/// looked at once.
#[derive(Debug)]
pub struct Walk<K> {
    /// How many a node still waits for; none of those whose turn has come.
    waits: BTreeMap<K, usize>,
    /// Who waits for a node.
    waiting: BTreeMap<K, Vec<K>>,
    ready: BTreeSet<K>,
}

impl<K: Ord + Clone> Walk<K> {
    /// Of pairs (node, what it waits for), both among `nodes`.
    pub fn new(nodes: impl IntoIterator<Item = K>, edges: impl IntoIterator<Item = (K, K)>) -> Self {
        let mut waits: BTreeMap<K, usize> = nodes.into_iter().map(|it| (it, 0)).collect();
        let mut waiting: BTreeMap<K, Vec<K>> = BTreeMap::new();
        for (node, before) in edges {
            *waits.get_mut(&node).expect("an edge connects nodes") += 1;
            waiting.entry(before).or_default().push(node);
        }
        let ready = waits.iter().filter(|(_, count)| **count == 0).map(|(node, _)| node.clone()).collect();
        waits.retain(|_, count| *count > 0);
        Self { waits, waiting, ready }
    }

    /// The nodes whose turn has come since this was asked last.
    pub fn take_ready(&mut self) -> BTreeSet<K> {
        std::mem::take(&mut self.ready)
    }

    pub fn finish(&mut self, node: &K) {
        for next in self.waiting.remove(node).unwrap_or_default() {
            let Some(count) = self.waits.get_mut(&next) else { continue };
            *count -= 1;
            if *count == 0 {
                self.waits.remove(&next);
                self.ready.insert(next);
            }
        }
    }

    /// Those whose turn cannot come.
    fn stuck(mut self) -> BTreeSet<K> {
        loop {
            let ready = self.take_ready();
            if ready.is_empty() {
                return self.waits.into_keys().collect();
            }
            ready.iter().for_each(|it| self.finish(it));
        }
    }
}

/// A walk that begins with what waits for nothing.
pub fn walk(graph: &Graph) -> Walk<String> {
    let edges = graph.iter().flat_map(|(node, before)| before.iter().map(|it| (node.clone(), it.clone())));
    Walk::new(graph.keys().cloned(), edges)
}

/// The resources that wait for one another in a circle, if there are any.
pub fn circle(graph: &Graph) -> BTreeSet<String> {
    let stuck = walk(graph).stuck();
    // What only hangs on the circle is no part of it: nothing there waits for it.
    let edges = stuck.iter().flat_map(|node| graph[node].iter().map(|it| (it.clone(), node.clone())));
    Walk::new(stuck.iter().cloned(), edges.filter(|(before, _)| stuck.contains(before))).stuck()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &[&str])]) -> Graph {
        edges
            .iter()
            .map(|(node, before)| ((*node).to_owned(), before.iter().map(|it| (*it).to_owned()).collect()))
            .collect()
    }

    #[test]
    fn a_turn_comes_when_all_that_it_waits_for_is_finished() {
        let mut walk = walk(&graph(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"]), ("d", &[])]));
        let mut turns = Vec::new();
        loop {
            let ready: Vec<String> = walk.take_ready().into_iter().collect();
            if ready.is_empty() {
                break;
            }
            ready.iter().for_each(|it| walk.finish(it));
            turns.push(ready.concat());
        }
        assert_eq!(turns, ["ad", "b", "c"]);
    }

    #[test]
    fn a_circle_is_told_from_what_hangs_on_it() {
        let cases: [(Graph, &str); 4] = [
            (graph(&[("a", &[]), ("b", &["a"])]), ""),
            (graph(&[("a", &["a"])]), "a"),
            (graph(&[("a", &["b"]), ("b", &["a"]), ("c", &["a"]), ("d", &["c"]), ("e", &[])]), "ab"),
            (graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["a", "d"]), ("d", &[])]), "abc"),
        ];
        for (graph, expected) in cases {
            assert_eq!(circle(&graph).into_iter().collect::<String>(), expected, "{graph:?}");
        }
    }
}
