//! Users, groups, roles, instance profiles and managed policies alike: rows of an account, each found by its name, which
//! is one of its kind whatever its case (CreateUser in the IAM API reference), and listed by their paths.

use crate::page::{Cut, Page};
use api::iam::error;
use kernel::Cx;
use model::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};
use store::{Span, Table};

/// The rows of one kind.
pub struct Rows<V> {
    /// Key: name in lower case.
    pub table: Table<V>,
    /// As ARNs name it: `instance-profile`.
    pub kind: &'static str,
    /// As quotas name it, and how many an account may have (IAM and AWS STS quotas).
    pub quota: (&'static str, usize),
    /// The path, which begins and ends with a slash, and the name.
    pub place: fn(&V) -> (&str, &str),
    /// What is said of a name that is not there.
    pub missing: fn(&str) -> String,
    /// What is said of one that is there already.
    pub taken: fn(&str) -> String,
}

impl<V: Serialize + DeserializeOwned> Rows<V> {
    pub fn by_name(&self, cx: &Cx, name: &str) -> Result<V> {
        self.find(cx, name).ok_or_else(|| self.missing(name))
    }

    pub fn find(&self, cx: &Cx, name: &str) -> Option<V> {
        cx.get(&self.table, key(name).as_str())
    }

    pub fn missing(&self, name: &str) -> Error {
        error::NO_SUCH_ENTITY.with((self.missing)(name))
    }

    pub fn all(&self, cx: &Cx) -> Vec<V> {
        cx.range(&self.table, Span::all(), usize::MAX)
    }

    pub fn count(&self, cx: &Cx) -> usize {
        cx.keys::<String, V>(&self.table, Span::all(), usize::MAX).len()
    }

    /// A page of those whose paths begin so.
    pub fn page(&self, cx: &Cx, prefix: Option<&str>, page: &Page) -> Cut<V> {
        let prefix = prefix.unwrap_or("/");
        let all = self.all(cx).into_iter().filter(|it| (self.place)(it).0.starts_with(prefix));
        page.cut(all, |it| key((self.place)(it).1))
    }

    pub fn put(&self, cx: &mut Cx, row: &V) {
        cx.put(&self.table, key((self.place)(row).1).as_str(), row);
    }

    pub fn delete(&self, cx: &mut Cx, name: &str) {
        cx.delete(&self.table, key(name).as_str());
    }

    /// Under another name, or at another path.
    pub fn replace(&self, cx: &mut Cx, before: &str, row: &V) -> Result<()> {
        let after = (self.place)(row).1;
        if key(before) != key(after) {
            self.check_free(cx, after)?;
            self.delete(cx, before);
        }
        self.put(cx, row);
        Ok(())
    }

    pub fn check_free(&self, cx: &Cx, name: &str) -> Result<()> {
        match cx.has(&self.table, key(name).as_str()) {
            true => Err(error::ENTITY_ALREADY_EXISTS.with((self.taken)(name))),
            false => Ok(()),
        }
    }

    /// Refuses one more than the account may have.
    pub fn check_room(&self, cx: &Cx) -> Result<()> {
        let (name, most) = self.quota;
        if self.count(cx) < most {
            return Ok(());
        }
        Err(error::LIMIT_EXCEEDED.with(format!("Cannot exceed quota for {name}: {most}")))
    }

    pub fn arn(&self, cx: &Cx, row: &V) -> String {
        let (path, name) = (self.place)(row);
        cx.global_arn("iam", &format!("{}{path}{name}", self.kind))
    }

    /// What IAM is asked about: the one of that name with its path, or as if it had none when there is no such one.
    pub fn arn_of(&self, cx: &Cx, name: &str) -> String {
        let found = self.find(cx, name);
        let path = found.as_ref().map_or("/", |it| (self.place)(it).0);
        cx.global_arn("iam", &format!("{}{path}{name}", self.kind))
    }

    /// The same for what is to be created.
    pub fn new_arn(&self, cx: &Cx, path: Option<&String>, name: &str) -> String {
        let path = path.map_or("/", String::as_str);
        cx.global_arn("iam", &format!("{}{path}{name}", self.kind))
    }
}

/// By what rows are found.
pub fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}
