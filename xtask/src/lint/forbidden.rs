//! Calls that are forbidden, and where: `DESIGN`'s "what is deliberately absent" as a table.

use super::source::Source;

struct Rule {
    /// What must not stand in the code.
    calls: &'static [&'static str],
    /// Why, and what to use instead.
    instead: &'static str,
    /// Paths that may: crates and single files.
    except: &'static [&'static str],
}

/// Crates that run outside the world of handlers.
const OUTSIDE: [&str; 6] =
    ["crates/drivers/", "crates/store/", "crates/edge/", "crates/niebla/", "crates/sim/", "xtask/"];

const RULES: [Rule; 12] = [
    Rule {
        calls: &["SystemTime::now", "Instant::now"],
        instead: "time comes from cx.now() or the clock",
        except: &["crates/kernel/src/clock.rs"],
    },
    Rule {
        calls: &["thread::sleep", "tokio::time::sleep", "time::sleep("],
        instead: "wait with the clock: cloud.sleep_until",
        except: &["crates/kernel/src/clock.rs"],
    },
    Rule {
        calls: &["std::fs", "tokio::fs", "File::open", "File::create"],
        instead: "only store and drivers touch files",
        except: &["crates/model/build.rs"],
    },
    Rule {
        calls: &["Uuid::new_v4", "rand::", "getrandom::", "thread_rng"],
        instead: "ids and randomness come from cx",
        except: &["crates/kernel/src/entropy.rs"],
    },
    Rule {
        calls: &["HashMap", "HashSet"],
        instead: "their order is random: use BTreeMap, BTreeSet or a Vec",
        except: &["crates/model/"],
    },
    Rule {
        calls: &["std::thread", "thread::spawn"],
        instead: "a handler has no threads; a reconciler is a task",
        except: &[],
    },
    Rule {
        calls: &["env::var", "env::vars", "env::set_var", "env::args"],
        instead: "only the binary reads the environment; it hands settings on",
        except: &["crates/niebla/", "crates/sim/", "crates/model/build.rs", "xtask/"],
    },
    Rule {
        calls: &["Command::new", "process::Command"],
        instead: "only drivers start processes",
        except: &["crates/drivers/", "crates/niebla/src/command/start.rs", "crates/sim/", "xtask/"],
    },
    Rule {
        calls: &["TcpStream::connect", "UnixStream::connect"],
        instead: "only drivers open connections outwards",
        except: &["crates/drivers/", "crates/niebla/src/client.rs", "crates/sim/", "xtask/"],
    },
    Rule { calls: &[".unwrap()"], instead: "say why it holds: expect(\"…\")", except: &[] },
    Rule { calls: &["todo!", "unimplemented!", "dbg!"], instead: "finish it, or refuse it by name", except: &[] },
    Rule { calls: &["#[ignore"], instead: "a test that is not run is no test", except: &[] },
];

/// How many of the rules, from the first, hold only inside the world of handlers.
const ONLY_INSIDE: usize = 6;

pub fn findings(source: &Source) -> Vec<String> {
    let outside = OUTSIDE.iter().any(|it| source.path.starts_with(it));
    let rules = if outside { &RULES[ONLY_INSIDE..] } else { &RULES[..] };
    let applying = rules.iter().filter(|rule| !rule.except.iter().any(|it| source.path.starts_with(it)));
    applying.flat_map(|rule| broken(source, rule)).collect()
}

fn broken(source: &Source, rule: &Rule) -> Vec<String> {
    let mut found = Vec::new();
    for (index, line) in source.code.lines().enumerate() {
        if let Some(call) = rule.calls.iter().find(|it| names(line, it)) {
            found.push(format!("{}:{}: {call}: {}", source.path, index + 1, rule.instead));
        }
    }
    found
}

/// Whether the line has the call as a word of its own: `operand::` is not `rand::`.
fn names(line: &str, call: &str) -> bool {
    let is_word = |it: char| it.is_alphanumeric() || it == '_';
    let begins_a_word = call.starts_with(is_word);
    let ends_a_word = call.ends_with(is_word);
    line.match_indices(call).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_word);
        let after = line[at + call.len()..].chars().next().is_some_and(is_word);
        !(begins_a_word && before || ends_a_word && after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, line: &str) -> usize {
        findings(&Source::new(path, &format!("fn it() {{\n    {line}\n}}\n"))).len()
    }

    #[test]
    fn what_is_forbidden_where() {
        for (path, line, expected) in [
            ("services/sqs/src/queue.rs", "let now = Instant::now();", 1),
            ("services/sqs/src/queue.rs", "let now = cx.now(); // not Instant::now", 0),
            ("services/sqs/src/queue.rs", "let it = \"std::fs\";", 0),
            ("services/sqs/src/queue.rs", "let it = std::fs::read(path)?;", 1),
            ("services/sqs/src/queue.rs", "let it: HashMap<String, u8>;", 1),
            ("services/sqs/src/queue.rs", "let it = rand::random();", 1),
            ("services/sqs/src/queue.rs", "let it = operand::of(x);", 0),
            ("services/sqs/src/queue.rs", "let it = std::env::var(name);", 1),
            ("services/sqs/src/queue.rs", "Command::new(program)", 1),
            ("services/sqs/src/queue.rs", "it.unwrap()", 1),
            ("services/sqs/src/queue.rs", "it.unwrap_or(1)", 0),
            ("services/sqs/src/queue.rs", "todo!()", 1),
            ("crates/kernel/src/clock.rs", "SystemTime::now()", 0),
            ("crates/kernel/src/door.rs", "SystemTime::now()", 1),
            ("crates/drivers/src/process.rs", "std::fs::read(path)", 0),
            ("crates/drivers/src/process.rs", "std::env::var(name)", 1),
            ("crates/store/src/store.rs", "Command::new(program)", 1),
            ("crates/niebla/src/config.rs", "std::env::var(name)", 0),
            ("crates/edge/src/listen.rs", "it.unwrap()", 1),
        ] {
            assert_eq!(found(path, line), expected, "{path}: {line}");
        }
    }

    #[test]
    fn tests_may_do_as_they_like() {
        let text = "#[cfg(test)]\nmod tests {\n    fn it() { std::fs::read(path).unwrap(); }\n}\n";
        assert!(findings(&Source::new("services/sqs/src/queue.rs", text)).is_empty());
    }

    #[test]
    fn rules_for_handlers_come_first() {
        assert!(RULES[ONLY_INSIDE].calls.contains(&"env::var"));
    }
}
