//! Amazon DynamoDB: the table of contents. Each line reads *who may be asked about what → who answers*.

mod access;
mod backup;
mod batch;
mod capacity;
mod cfn;
mod change;
mod csv;
mod definition;
mod export;
mod expression;
mod failure;
mod history;
mod import;
mod item;
mod key;
mod limit;
mod page;
mod partiql;
mod policy;
mod query;
mod recovery;
mod restore;
mod scan;
mod schema;
mod settings;
mod stream;
mod sweep;
mod table;
mod tag;
#[cfg(test)]
mod tests;
mod transact;
mod ttl;
mod write;

use kernel::Service;

pub fn service() -> Service {
    jobs(copies(items(tables(Service::new("dynamodb")))))
        .resource_policies(policy::of_arn)
        .resource_tags(tag::of_arn)
        .resource(&cfn::TABLE)
}

fn tables(service: Service) -> Service {
    service
        .op(|cx, it: &CreateTable| schema::arn(cx, &it.table_name), table::create)
        .read(|cx, it: &DescribeTable| schema::arn(cx, &it.table_name), settings::describe)
        .read(|_, _: &ListTables| "*", settings::list)
        .op(|cx, it: &UpdateTable| schema::arn(cx, &it.table_name), table::update)
        .op(|cx, it: &DeleteTable| schema::arn(cx, &it.table_name), table::delete)
        .op(|cx, it: &TagResource| schema::arn(cx, &it.resource_arn), tag::add)
        .op(|cx, it: &UntagResource| schema::arn(cx, &it.resource_arn), tag::remove)
        .read(|cx, it: &ListTagsOfResource| schema::arn(cx, &it.resource_arn), tag::list)
        .op(|cx, it: &UpdateTimeToLive| schema::arn(cx, &it.table_name), ttl::update)
        .read(|cx, it: &DescribeTimeToLive| schema::arn(cx, &it.table_name), ttl::describe)
        .read(|_, _: &DescribeLimits| "*", limit::describe)
        .read(|_, _: &DescribeEndpoints| "*", limit::endpoints)
        .op(|_, it: &PutResourcePolicy| it.resource_arn.clone(), policy::put)
        .read(|_, it: &GetResourcePolicy| it.resource_arn.clone(), policy::get)
        .op(|_, it: &DeleteResourcePolicy| it.resource_arn.clone(), policy::delete)
}

fn items(service: Service) -> Service {
    service
        .op(|cx, it: &PutItem| schema::arn(cx, &it.table_name), item::put)
        .conditions(|cx, it: &PutItem, context| access::of_write(cx, it, context))
        .read(|cx, it: &GetItem| schema::arn(cx, &it.table_name), item::get)
        .conditions(|cx, it: &GetItem, context| access::of_read(cx, it, context))
        .op(|cx, it: &UpdateItem| schema::arn(cx, &it.table_name), item::update)
        .conditions(|cx, it: &UpdateItem, context| access::of_write(cx, it, context))
        .op(|cx, it: &DeleteItem| schema::arn(cx, &it.table_name), item::delete)
        .conditions(|cx, it: &DeleteItem, context| access::of_write(cx, it, context))
        .read(|cx, it: &Query| schema::index_arn(cx, &it.table_name, it.index_name.as_deref()), query::run)
        .conditions(|cx, it: &Query, context| access::of_read(cx, it, context))
        .read(|cx, it: &Scan| schema::index_arn(cx, &it.table_name, it.index_name.as_deref()), scan::run)
        .conditions(|cx, it: &Scan, context| access::of_read(cx, it, context))
        .read(|cx, it: &BatchGetItem| batch::arns(cx, it.request_items.keys()), batch::get)
        .conditions(|cx, it: &BatchGetItem, context| access::of_read(cx, it, context))
        .op(|cx, it: &BatchWriteItem| batch::arns(cx, it.request_items.keys()), batch::write)
        .conditions(|cx, it: &BatchWriteItem, context| access::of_write(cx, it, context))
        // Each of their items is asked about by itself, as the item operation that it stands for.
        .op(|cx, it: &TransactWriteItems| transact::asked_of_writes(cx, it), transact::write)
        .conditions(|cx, it: &TransactWriteItems, context| access::of_write(cx, it, context))
        .read(|cx, it: &TransactGetItems| transact::asked_of_reads(cx, it), transact::get)
        .conditions(|cx, it: &TransactGetItems, context| access::of_read(cx, it, context))
        .op(|cx, it: &ExecuteStatement| partiql::asked(cx, it), partiql::execute)
        .conditions(|cx, it: &ExecuteStatement, context| partiql::conditions(cx, it, context))
        // A statement that is denied does not keep the others of its batch from happening, so each is asked about within.
        .op(|_, _: &BatchExecuteStatement| Vec::<String>::new(), partiql::batch::execute)
        .op(|cx, it: &ExecuteTransaction| partiql::transaction::asked(cx, it), partiql::transaction::execute)
        .conditions(|cx, it: &ExecuteTransaction, context| partiql::transaction::conditions(cx, it, context))
}

fn copies(service: Service) -> Service {
    service
        .op(|cx, it: &CreateBackup| schema::arn(cx, &it.table_name), backup::create)
        .read(|_, it: &DescribeBackup| it.backup_arn.clone(), backup::describe)
        .read(|_, _: &ListBackups| "*", backup::list)
        .op(|_, it: &DeleteBackup| it.backup_arn.clone(), backup::delete)
        .op(|cx, it: &RestoreTableFromBackup| restore::asked_of_backup(cx, it), restore::from_backup)
        .op(|cx, it: &RestoreTableToPointInTime| restore::asked_of_table(cx, it), restore::to_point_in_time)
        .op(|cx, it: &UpdateContinuousBackups| schema::arn(cx, &it.table_name), recovery::update)
        .read(|cx, it: &DescribeContinuousBackups| schema::arn(cx, &it.table_name), recovery::describe)
        .op(|cx, it: &ExportTableToPointInTime| schema::arn(cx, &it.table_arn), export::start)
        .read(|_, it: &DescribeExport| it.export_arn.clone(), export::describe)
        .read(|_, _: &ListExports| "*", export::list)
        .op(|cx, it: &ImportTable| schema::arn(cx, &it.table_creation_parameters.table_name), import::start)
        .read(|_, it: &DescribeImport| it.import_arn.clone(), import::describe)
        .read(|_, _: &ListImports| "*", import::list)
}

fn jobs(service: Service) -> Service {
    service
        .job(&sweep::SWEEP, sweep::run)
        .job(&sweep::BACKFILL, sweep::backfill)
        .job(&backup::COPY, backup::copy)
        .job(&backup::EXPIRE, backup::expire)
        .job_conversation(&export::STEP, export::step)
        .job_conversation(&import::STEP, import::step)
        .job(&history::FORGET, history::forget)
        .job(&restore::FILL, restore::fill)
        .job(&transact::FORGET, transact::forget)
        .job(&stream::TRIM, stream::trim)
        .job(&stream::ROTATE, stream::rotate)
        .job(&ttl::EXPIRE, ttl::expire)
        .job(&ttl::LOOK, ttl::look)
}

use api::dynamodb::{
    BatchExecuteStatement, BatchGetItem, BatchWriteItem, CreateBackup, CreateTable, DeleteBackup, DeleteItem,
    DeleteResourcePolicy, DeleteTable, DescribeBackup, DescribeContinuousBackups, DescribeEndpoints, DescribeExport,
    DescribeImport, DescribeLimits, DescribeTable, DescribeTimeToLive, ExecuteStatement, ExecuteTransaction,
    ExportTableToPointInTime, GetItem, GetResourcePolicy, ImportTable, ListBackups, ListExports, ListImports,
    ListTables, ListTagsOfResource, PutItem, PutResourcePolicy, Query, RestoreTableFromBackup,
    RestoreTableToPointInTime, Scan, TagResource, TransactGetItems, TransactWriteItems, UntagResource,
    UpdateContinuousBackups, UpdateItem, UpdateTable, UpdateTimeToLive,
};
