//! Access keys of users: with them a user signs.

use crate::entity::Entity;
use crate::page::Page;
use crate::user;
use api::iam::{
    AccessKey, AccessKeyLastUsed, AccessKeyMetadata, CreateAccessKey, CreateAccessKeyOutput, DeleteAccessKey,
    DeleteAccessKeyOutput, GetAccessKeyLastUsed, GetAccessKeyLastUsedOutput, ListAccessKeys, ListAccessKeysOutput,
    UpdateAccessKey, UpdateAccessKeyOutput, error,
};
use kernel::{Credential, Cx, Principal};
use model::{ErrorShape, Result, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Span, Table};

/// Every key. Key: access key id.
static KEYS: Table<Stored> = Table::partition("iam.access-key");
/// Whose they are. Key: (user's id, access key id).
static KEYS_OF: Table<()> = Table::account("iam.access-key-of");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stored {
    id: String,
    account: String,
    /// Its id.
    user: String,
    secret: String,
    active: bool,
    /// Milliseconds since 1970.
    created_at: i64,
}

pub const MOST_KEYS: usize = 2;
const SECRET_LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ACCESS_DENIED: ErrorShape = ErrorShape::sender("AccessDenied").status(403);
/// What a key that nobody used has instead of a service and a region (GetAccessKeyLastUsed in the IAM API reference).
const NOT_USED: &str = "N/A";

impl Stored {
    fn status(&self) -> String {
        if self.active { "Active" } else { "Inactive" }.to_owned()
    }
}

pub fn create(cx: &mut Cx, input: CreateAccessKey) -> Result<CreateAccessKeyOutput> {
    let user = Entity::user(cx, &user::named(cx, input.user_name)?)?;
    if of(cx, &user.id).len() >= MOST_KEYS {
        return Err(error::LIMIT_EXCEEDED.with(format!("Cannot exceed quota for AccessKeysPerUser: {MOST_KEYS}")));
    }
    let key = Stored {
        id: cx.access_key_id("AKIA"),
        account: cx.account().to_owned(),
        user: user.id,
        secret: cx.random_text(40, SECRET_LETTERS),
        active: true,
        created_at: cx.now().0,
    };
    cx.put(&KEYS, key.id.as_str(), &key);
    cx.put(&KEYS_OF, &(key.user.as_str(), key.id.as_str()), &());
    Ok(CreateAccessKeyOutput {
        access_key: AccessKey {
            user_name: user.name,
            status: key.status(),
            access_key_id: key.id,
            secret_access_key: key.secret,
            create_date: Some(Timestamp(key.created_at)),
        },
    })
}

pub fn update(cx: &mut Cx, input: UpdateAccessKey) -> Result<UpdateAccessKeyOutput> {
    let mut key = find(cx, input.user_name, &input.access_key_id)?;
    // The third status is AWS's to give.
    if input.status == "Expired" {
        return Err(error::INVALID_INPUT.with("The status of an access key can be set to Active or Inactive."));
    }
    key.active = input.status == "Active";
    cx.put(&KEYS, key.id.as_str(), &key);
    Ok(UpdateAccessKeyOutput {})
}

pub fn delete(cx: &mut Cx, input: DeleteAccessKey) -> Result<DeleteAccessKeyOutput> {
    let key = find(cx, input.user_name, &input.access_key_id)?;
    cx.delete(&KEYS, key.id.as_str());
    cx.delete(&KEYS_OF, &(key.user.as_str(), key.id.as_str()));
    Ok(DeleteAccessKeyOutput {})
}

pub fn list(cx: &Cx, input: ListAccessKeys) -> Result<ListAccessKeysOutput> {
    let user = Entity::user(cx, &user::named(cx, input.user_name)?)?;
    let page = Page::of(input.max_items, input.marker)?;
    let cut = page.cut(of(cx, &user.id), |it| it.id.clone());
    let shown = |it: Stored| AccessKeyMetadata {
        user_name: Some(user.name.clone()),
        status: Some(it.status()),
        create_date: Some(Timestamp(it.created_at)),
        access_key_id: Some(it.id),
    };
    let access_key_metadata = cut.items.into_iter().map(shown).collect();
    Ok(ListAccessKeysOutput { access_key_metadata, is_truncated: cut.is_truncated, marker: cut.marker })
}

pub fn last_used(cx: &Cx, input: GetAccessKeyLastUsed) -> Result<GetAccessKeyLastUsedOutput> {
    let id = input.access_key_id;
    // Whether another account's key exists is not told.
    let key = cx.get(&KEYS, id.as_str()).filter(|it| it.account == cx.account()).ok_or_else(|| {
        let caller = cx.caller().principal.arn();
        ACCESS_DENIED.with(format!(
            "User: {caller} is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key {id}"
        ))
    })?;
    let none =
        || AccessKeyLastUsed { last_used_date: None, service_name: NOT_USED.to_owned(), region: NOT_USED.to_owned() };
    let last = cx.last_use(&id).map_or_else(none, |it| AccessKeyLastUsed {
        last_used_date: Some(Timestamp(it.time)),
        service_name: it.service,
        region: it.region,
    });
    let user_name = Entity::by_id(cx, &key.user).map(|it| it.name);
    Ok(GetAccessKeyLastUsedOutput { user_name, access_key_last_used: Some(last) })
}

/// For the edge: the key that signed a request.
pub fn credential(cx: &Cx, id: &str) -> Option<Credential> {
    let key = cx.get(&KEYS, id)?;
    let account = key.account;
    let home = format!("arn:aws:iam::{account}:root");
    let user = cx.look_in_place_of(&home, |cx| Entity::by_id(cx, &key.user))?;
    Some(Credential {
        secret: key.secret,
        token: None,
        expires_at: None,
        principal: Principal::User { account, path: user.path, name: user.name, id: user.id },
        session: None,
        active: key.active,
    })
}

/// A user's keys, in the order of their ids.
pub fn of(cx: &Cx, user: &str) -> Vec<Stored> {
    let keys: Vec<(String, String)> = cx.keys(&KEYS_OF, Span::prefix(user), usize::MAX);
    keys.iter().filter_map(|(_, id)| cx.get(&KEYS, id.as_str())).collect()
}

/// For the stack that made the key.
pub fn secret(cx: &Cx, id: &str) -> Option<String> {
    cx.get(&KEYS, id).filter(|it| it.account == cx.account()).map(|it| it.secret)
}

/// The user whose key it is, for policies; the caller's account where there is no such key.
pub fn owner_arn(cx: &Cx, id: &str) -> String {
    let key = cx.get(&KEYS, id).filter(|it| it.account == cx.account());
    let owner = key.and_then(|it| Entity::by_id(cx, &it.user));
    owner.map_or_else(|| cx.global_arn("iam", "user/*"), |it| it.arn(cx))
}

fn find(cx: &Cx, user_name: Option<String>, id: &str) -> Result<Stored> {
    let user = Entity::user(cx, &user::named(cx, user_name)?)?;
    let key = cx.get(&KEYS, id).filter(|it| it.user == user.id);
    key.ok_or_else(|| error::NO_SUCH_ENTITY.with(format!("The Access Key with id {id} cannot be found.")))
}
