//! Concurrency that is reserved for single functions, and what an account has of it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>

use crate::function::{self, FUNCTIONS};
use crate::package;
use api::lambda::{
    AccountLimit, AccountUsage, DeleteFunctionConcurrency, DeleteFunctionConcurrencyOutput, GetAccountSettings,
    GetAccountSettingsOutput, GetFunctionConcurrency, GetFunctionConcurrencyOutput, PutFunctionConcurrency,
    PutFunctionConcurrencyOutput, error,
};
use kernel::Cx;
use model::Result;
use std::collections::BTreeMap;
use store::{Span, Table};

/// Events of a function that may be under way at once. Key: function's name.
static RESERVED: Table<i64> = Table::regional("lambda.reserved-concurrency");

/// Concurrent executions of an account in a region, and how many stay with the functions that reserve none (Lambda quotas
/// in the developer guide).
pub const OF_ACCOUNT: i64 = 1000;
const LEAST_UNRESERVED: i64 = 100;

pub fn put(cx: &mut Cx, input: PutFunctionConcurrency) -> Result<PutFunctionConcurrencyOutput> {
    let function = function::unqualified(cx, &input.function_name)?;
    let mut all = all(cx);
    all.insert(function.name.clone(), input.reserved_concurrent_executions);
    if unreserved(&all) < LEAST_UNRESERVED {
        return Err(error::INVALID_PARAMETER_VALUE.with(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}]."
        )));
    }
    cx.put(&RESERVED, &function.name.as_str(), &input.reserved_concurrent_executions);
    Ok(PutFunctionConcurrencyOutput { reserved_concurrent_executions: Some(input.reserved_concurrent_executions) })
}

pub fn get(cx: &Cx, input: GetFunctionConcurrency) -> Result<GetFunctionConcurrencyOutput> {
    let function = function::unqualified(cx, &input.function_name)?;
    Ok(GetFunctionConcurrencyOutput { reserved_concurrent_executions: reserved(cx, &function.name) })
}

pub fn delete(cx: &mut Cx, input: DeleteFunctionConcurrency) -> Result<DeleteFunctionConcurrencyOutput> {
    let function = function::unqualified(cx, &input.function_name)?;
    forget(cx, &function.name);
    Ok(DeleteFunctionConcurrencyOutput {})
}

pub fn account(cx: &Cx, _: GetAccountSettings) -> Result<GetAccountSettingsOutput> {
    let limit = AccountLimit {
        total_code_size: Some(package::MOST_CODE),
        code_size_unzipped: Some(package::MOST_UNZIPPED as i64),
        code_size_zipped: Some(package::MOST_ZIPPED as i64),
        concurrent_executions: Some(OF_ACCOUNT),
        unreserved_concurrent_executions: Some(unreserved(&all(cx))),
    };
    let function_count = Some(cx.keys::<String, _>(&FUNCTIONS, Span::all(), usize::MAX).len() as i64);
    let usage = AccountUsage { total_code_size: Some(package::taken(cx)), function_count };
    Ok(GetAccountSettingsOutput { account_limit: Some(limit), account_usage: Some(usage) })
}

pub fn reserved(cx: &Cx, function: &str) -> Option<i64> {
    cx.get(&RESERVED, function)
}

/// What is reserved, by function.
pub fn all(cx: &Cx) -> BTreeMap<String, i64> {
    cx.rows(&RESERVED, Span::all(), usize::MAX).into_iter().collect()
}

/// What is left for all functions that reserve none.
pub fn unreserved(reserved: &BTreeMap<String, i64>) -> i64 {
    OF_ACCOUNT - reserved.values().sum::<i64>()
}

pub fn forget(cx: &mut Cx, function: &str) {
    cx.delete(&RESERVED, function);
}
