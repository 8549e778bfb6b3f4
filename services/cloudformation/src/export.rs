//! Exports: outputs that other stacks import by name. One name belongs to one stack of a region.

use crate::page;
use crate::stack::Stack;
use crate::template::invalid;
use api::cloudformation::{Export as Shown, ListExports, ListExportsOutput, ListImports, ListImportsOutput};
use kernel::Cx;
use model::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::{Span, Table};

/// Every export. Key: name.
static EXPORTS: Table<Export> = Table::regional("cloudformation.export");
/// The names of the stacks that import a value. Key: (export, the stack's ARN).
static IMPORTERS: Table<String> = Table::regional("cloudformation.importer");
/// What a stack imports. Key: the stack's ARN.
static IMPORTS: Table<BTreeSet<String>> = Table::regional("cloudformation.import");

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Export {
    value: String,
    stack_id: String,
    stack_name: String,
}

pub fn value(cx: &Cx, name: &str) -> Option<String> {
    cx.get(&EXPORTS, &name).map(|it| it.value)
}

/// Takes over the exports of a stack's outputs, or says why that cannot be.
pub fn publish(cx: &mut Cx, stack: &Stack, outputs: &[crate::stack::Output]) -> std::result::Result<(), String> {
    let wanted: Vec<(&String, &String)> =
        outputs.iter().filter_map(|it| Some((it.export.as_ref()?, &it.value))).collect();
    let old: Vec<(String, String)> =
        stack.outputs.iter().filter_map(|it| Some((it.export.clone()?, it.value.clone()))).collect();
    for (name, value) in &wanted {
        match cx.get(&EXPORTS, &name.as_str()) {
            Some(it) if it.stack_id != stack.id => {
                return Err(format!("Export with name {name} is already exported by stack {}.", it.stack_name));
            }
            Some(it) if it.value != **value => {
                if let Some(importer) = importer(cx, name) {
                    return Err(format!("Export {name} cannot be updated as it is in use by {importer}"));
                }
            }
            _ => {}
        }
    }
    for (name, _) in &old {
        if !wanted.iter().any(|(it, _)| *it == name) {
            if let Some(importer) = importer(cx, name) {
                return Err(format!("Export {name} cannot be deleted as it is in use by {importer}"));
            }
            cx.delete(&EXPORTS, &name.as_str());
        }
    }
    for (name, value) in wanted {
        let export = Export { value: value.clone(), stack_id: stack.id.clone(), stack_name: stack.name.clone() };
        cx.put(&EXPORTS, &name.as_str(), &export);
    }
    Ok(())
}

/// Notes which exports a stack uses.
pub fn import(cx: &mut Cx, stack: &Stack, names: BTreeSet<String>) {
    for name in cx.get(&IMPORTS, &stack.id.as_str()).unwrap_or_default().difference(&names) {
        cx.delete(&IMPORTERS, &(name.as_str(), stack.id.as_str()));
    }
    for name in &names {
        cx.put(&IMPORTERS, &(name.as_str(), stack.id.as_str()), &stack.name);
    }
    match names.is_empty() {
        true => cx.delete(&IMPORTS, &stack.id.as_str()),
        false => cx.put(&IMPORTS, &stack.id.as_str(), &names),
    }
}

/// The first export of a stack that another one uses: (export, that stack's name).
pub fn in_use(cx: &Cx, stack: &Stack) -> Option<(String, String)> {
    stack.outputs.iter().filter_map(|it| it.export.clone()).find_map(|name| Some((name.clone(), importer(cx, &name)?)))
}

/// AWS gives pages of this size.
const PAGE: usize = 100;

pub fn list(cx: &Cx, input: ListExports) -> Result<ListExportsOutput> {
    let mut span = Span::all();
    if let Some(name) = input.next_token.as_deref().map(page::read::<String>).transpose()? {
        span = span.from(&name.as_str());
    }
    let mut rows: Vec<(String, Export)> = cx.rows(&EXPORTS, span, PAGE + 1);
    let next_token = (rows.len() > PAGE).then(|| page::token(&rows[PAGE].0));
    rows.truncate(PAGE);
    let shown = |(name, it): (String, Export)| Shown {
        exporting_stack_id: Some(it.stack_id),
        name: Some(name),
        value: Some(it.value),
    };
    Ok(ListExportsOutput { exports: Some(rows.into_iter().map(shown).collect()), next_token })
}

pub fn list_imports(cx: &Cx, input: ListImports) -> Result<ListImportsOutput> {
    let name = input.export_name.as_str();
    if !cx.has(&EXPORTS, &name) {
        return Err(invalid(format!("Export '{name}' does not exist.")));
    }
    let mut span = Span::prefix(&name);
    if let Some(id) = input.next_token.as_deref().map(page::read::<String>).transpose()? {
        span = span.from(&(name, id.as_str()));
    }
    let mut rows: Vec<((String, String), String)> = cx.rows(&IMPORTERS, span, PAGE + 1);
    if rows.is_empty() {
        return Err(invalid(format!("Export '{name}' is not imported by any stack.")));
    }
    let next_token = (rows.len() > PAGE).then(|| page::token(&rows[PAGE].0.1));
    rows.truncate(PAGE);
    Ok(ListImportsOutput { imports: Some(rows.into_iter().map(|it| it.1).collect()), next_token })
}

fn importer(cx: &Cx, name: &str) -> Option<String> {
    cx.range(&IMPORTERS, Span::prefix(&name), 1).pop()
}
