//! The account's alias: a name for its number, unique among all accounts.

use crate::page::Page;
use api::iam::{
    CreateAccountAlias, CreateAccountAliasOutput, DeleteAccountAlias, DeleteAccountAliasOutput, ListAccountAliases,
    ListAccountAliasesOutput, error,
};
use kernel::Cx;
use model::Result;
use store::Table;

/// Whose an alias is. Key: alias.
static ALIASES: Table<String> = Table::partition("iam.alias");
/// The one of an account. Key: ().
static ALIAS: Table<String> = Table::account("iam.account-alias");

/// An account has one alias; a new one takes the old one's place.
pub fn create(cx: &mut Cx, input: CreateAccountAlias) -> Result<CreateAccountAliasOutput> {
    let alias = input.account_alias;
    if cx.has(&ALIASES, alias.as_str()) {
        return Err(error::ENTITY_ALREADY_EXISTS.with(format!("The account alias {alias} already exists.")));
    }
    if let Some(before) = cx.get(&ALIAS, &()) {
        cx.delete(&ALIASES, before.as_str());
    }
    let account = cx.account().to_owned();
    cx.put(&ALIASES, alias.as_str(), &account);
    cx.put(&ALIAS, &(), &alias);
    Ok(CreateAccountAliasOutput {})
}

pub fn delete(cx: &mut Cx, input: DeleteAccountAlias) -> Result<DeleteAccountAliasOutput> {
    let alias = input.account_alias;
    if cx.get(&ALIAS, &()).as_ref() != Some(&alias) {
        return Err(error::NO_SUCH_ENTITY.with(format!("The account alias with name {alias} cannot be found.")));
    }
    cx.delete(&ALIASES, alias.as_str());
    cx.delete(&ALIAS, &());
    Ok(DeleteAccountAliasOutput {})
}

pub fn list(cx: &Cx, input: ListAccountAliases) -> Result<ListAccountAliasesOutput> {
    let page = Page::of(input.max_items, input.marker)?;
    let cut = page.cut(cx.get(&ALIAS, &()), String::clone);
    Ok(ListAccountAliasesOutput { account_aliases: cut.items, is_truncated: cut.is_truncated, marker: cut.marker })
}
