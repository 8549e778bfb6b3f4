//! What an account may have, and where DynamoDB is.

use api::dynamodb::{DescribeEndpoints, DescribeEndpointsOutput, DescribeLimits, DescribeLimitsOutput, Endpoint};
use kernel::Cx;
use model::Result;

// The default quotas of an account and of a table in most regions ("Quotas in Amazon DynamoDB").
const ACCOUNT_UNITS: i64 = 80_000;
const TABLE_UNITS: i64 = 40_000;
const CACHED_MINUTES: i64 = 1_440;

pub fn describe(_: &Cx, _: DescribeLimits) -> Result<DescribeLimitsOutput> {
    Ok(DescribeLimitsOutput {
        account_max_read_capacity_units: Some(ACCOUNT_UNITS),
        account_max_write_capacity_units: Some(ACCOUNT_UNITS),
        table_max_read_capacity_units: Some(TABLE_UNITS),
        table_max_write_capacity_units: Some(TABLE_UNITS),
    })
}

/// Niebla itself, as the caller reached it.
pub fn endpoints(cx: &Cx, _: DescribeEndpoints) -> Result<DescribeEndpointsOutput> {
    let caller = &cx.caller().endpoint;
    let url = if caller.is_empty() { &cx.kernel().settings.endpoint } else { caller };
    let address = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).to_owned();
    Ok(DescribeEndpointsOutput { endpoints: vec![Endpoint { address, cache_period_in_minutes: CACHED_MINUTES }] })
}
