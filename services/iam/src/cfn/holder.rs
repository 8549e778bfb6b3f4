//! Who holds policies: the same four operations for users, groups and roles.

use super::{decoded, document, list, text, tree, without};
use crate::entity::{Entity, Kind};
use crate::{attachment, inline};
use api::iam::{
    AttachGroupPolicy, AttachRolePolicy, AttachUserPolicy, DeleteGroupPolicy, DeleteRolePolicy, DeleteUserPolicy,
    DetachGroupPolicy, DetachRolePolicy, DetachUserPolicy, GetGroupPolicy, GetRolePolicy, GetUserPolicy,
    PutGroupPolicy, PutRolePolicy, PutUserPolicy,
};
use kernel::Cx;
use kernel::resource::Properties;
use model::Result;
use serde_json::{Value as Json, json};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub kind: Kind,
    pub name: String,
}

impl Holder {
    pub fn new(kind: Kind, name: &str) -> Holder {
        Holder { kind, name: name.to_owned() }
    }

    /// Those whom the properties `Users`, `Groups` and `Roles` name.
    pub fn named_in(it: &Properties) -> Vec<Holder> {
        let kinds = [(Kind::User, "Users"), (Kind::Group, "Groups"), (Kind::Role, "Roles")];
        let names =
            kinds.into_iter().flat_map(|(kind, property)| list(it, property).into_iter().map(move |it| (kind, it)));
        names.map(|(kind, name)| Holder { kind, name }).collect()
    }

    /// `Users`, `Groups` and `Roles` again, of those for whom something holds.
    pub fn named_as(holders: &[Holder], holds: impl Fn(&Holder) -> bool) -> Properties {
        let kinds = [(Kind::User, "Users"), (Kind::Group, "Groups"), (Kind::Role, "Roles")];
        let names = |kind: Kind| -> Vec<&str> {
            holders.iter().filter(|it| it.kind == kind && holds(it)).map(|it| it.name.as_str()).collect()
        };
        kinds.into_iter().map(|(kind, property)| (property.to_owned(), json!(names(kind)))).collect()
    }

    pub fn put(&self, cx: &mut Cx, policy_name: String, policy_document: String) -> Result<()> {
        let name = self.name.clone();
        match self.kind {
            Kind::User => cx.call(PutUserPolicy { user_name: name, policy_name, policy_document }).map(drop),
            Kind::Group => cx.call(PutGroupPolicy { group_name: name, policy_name, policy_document }).map(drop),
            Kind::Role => cx.call(PutRolePolicy { role_name: name, policy_name, policy_document }).map(drop),
        }
    }

    /// What is gone already needs no removing.
    pub fn remove(&self, cx: &mut Cx, policy_name: String) -> Result<()> {
        if !self.inline(cx).contains(&policy_name) {
            return Ok(());
        }
        let name = self.name.clone();
        match self.kind {
            Kind::User => cx.call(DeleteUserPolicy { user_name: name, policy_name }).map(drop),
            Kind::Group => cx.call(DeleteGroupPolicy { group_name: name, policy_name }).map(drop),
            Kind::Role => cx.call(DeleteRolePolicy { role_name: name, policy_name }).map(drop),
        }
    }

    pub fn attach(&self, cx: &mut Cx, policy_arn: String) -> Result<()> {
        let name = self.name.clone();
        match self.kind {
            Kind::User => cx.call(AttachUserPolicy { user_name: name, policy_arn }).map(drop),
            Kind::Group => cx.call(AttachGroupPolicy { group_name: name, policy_arn }).map(drop),
            Kind::Role => cx.call(AttachRolePolicy { role_name: name, policy_arn }).map(drop),
        }
    }

    /// What is detached already needs no detaching.
    pub fn detach(&self, cx: &mut Cx, policy_arn: String) -> Result<()> {
        if !self.attached(cx).contains(&policy_arn) {
            return Ok(());
        }
        let name = self.name.clone();
        match self.kind {
            Kind::User => cx.call(DetachUserPolicy { user_name: name, policy_arn }).map(drop),
            Kind::Group => cx.call(DetachGroupPolicy { group_name: name, policy_arn }).map(drop),
            Kind::Role => cx.call(DetachRolePolicy { role_name: name, policy_arn }).map(drop),
        }
    }

    /// `Policies` and `ManagedPolicyArns`, from what they were to what they are.
    pub fn update(&self, cx: &mut Cx, before: &Properties, after: &Properties) -> Result<()> {
        let wanted: Vec<String> = policies_of(after).into_iter().map(|it| it.0).collect();
        for (policy_name, _) in policies_of(before).into_iter().filter(|it| !wanted.contains(&it.0)) {
            self.remove(cx, policy_name)?;
        }
        for (policy_name, policy_document) in policies_of(after) {
            self.put(cx, policy_name, policy_document)?;
        }
        let (had, wants) = (list(before, "ManagedPolicyArns"), list(after, "ManagedPolicyArns"));
        for policy_arn in without(&had, &wants) {
            self.detach(cx, policy_arn)?;
        }
        for policy_arn in without(&wants, &had) {
            self.attach(cx, policy_arn)?;
        }
        Ok(())
    }

    /// All policies, also those that other resources have put there and not yet taken away.
    pub fn strip(&self, cx: &mut Cx) -> Result<()> {
        for policy_name in self.inline(cx) {
            self.remove(cx, policy_name)?;
        }
        for policy_arn in self.attached(cx) {
            self.detach(cx, policy_arn)?;
        }
        Ok(())
    }

    /// `Policies` and `ManagedPolicyArns`, as they are now.
    pub fn read(&self, cx: &Cx) -> Properties {
        let Some(id) = self.id(cx) else { return Properties::new() };
        let policy = |(name, text): (String, String)| json!({ "PolicyName": name, "PolicyDocument": tree(&text) });
        let inline: Vec<Json> = inline::of(cx, &id).into_iter().map(policy).collect();
        let attached = ("ManagedPolicyArns".to_owned(), json!(attachment::of(cx, &id)));
        Properties::from_iter([("Policies".to_owned(), json!(inline)), attached])
    }

    /// The text of an inline policy.
    pub fn document(&self, cx: &mut Cx, policy_name: String) -> Result<Json> {
        let name = self.name.clone();
        let encoded = match self.kind {
            Kind::User => cx.call(GetUserPolicy { user_name: name, policy_name })?.policy_document,
            Kind::Group => cx.call(GetGroupPolicy { group_name: name, policy_name })?.policy_document,
            Kind::Role => cx.call(GetRolePolicy { role_name: name, policy_name })?.policy_document,
        };
        Ok(tree(&decoded(&encoded)))
    }

    pub fn has_attached(&self, cx: &Cx, policy_arn: &str) -> bool {
        self.attached(cx).iter().any(|it| it == policy_arn)
    }

    pub fn has_inline(&self, cx: &Cx, policy_name: &str) -> bool {
        self.inline(cx).iter().any(|it| it == policy_name)
    }

    fn inline(&self, cx: &Cx) -> Vec<String> {
        self.id(cx).map(|id| inline::of(cx, &id).into_iter().map(|it| it.0).collect()).unwrap_or_default()
    }

    fn attached(&self, cx: &Cx) -> Vec<String> {
        self.id(cx).map(|id| attachment::of(cx, &id)).unwrap_or_default()
    }

    fn id(&self, cx: &Cx) -> Option<String> {
        let found = match self.kind {
            Kind::User => Entity::user(cx, &self.name),
            Kind::Group => Entity::group(cx, &self.name),
            Kind::Role => Entity::role(cx, &self.name),
        };
        found.ok().map(|it| it.id)
    }
}

/// (name, document) of `Policies`.
fn policies_of(it: &Properties) -> Vec<(String, String)> {
    let items = it.get("Policies").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object);
    items.filter_map(|it| Some((text(it, "PolicyName")?, document(it, "PolicyDocument")))).collect()
}
