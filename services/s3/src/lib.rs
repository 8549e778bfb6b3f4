//! Amazon S3: the table of contents. Each line reads *who may be asked about what → who answers*.

mod accelerate;
mod access;
mod acl;
mod body;
mod bucket;
mod cfn;
mod checksum;
mod condition;
mod config;
mod copy;
mod cors;
mod current;
mod delete;
mod encryption;
mod fault;
mod form;
mod get;
mod invalid;
mod lifecycle;
mod list;
mod lock;
mod metadata;
mod name;
mod notification;
mod object;
mod opaque;
mod owner;
mod part;
mod payer;
mod policy;
mod put;
mod range;
mod rename;
mod replication;
mod restore;
mod tag;
mod terms;
mod upload;
mod version;
mod versioning;
mod web;
mod website;

use kernel::{Question, Service};
use list::{objects, versions};
use model::Value;

/// Part of an object has a status of its own.
fn partial(output: &Value) -> u16 {
    if output.get("ContentRange").is_some() { 206 } else { 200 }
}

/// Of all buckets of an account.
const BUCKETS: &str = "arn:aws:s3:::*";

pub fn service() -> Service {
    let service = Service::new("s3")
        .invalid_as(invalid::word)
        .owners(bucket::owner_of)
        .resource_policies(policy::in_force)
        .known_path(|cx, path| bucket::of_path(cx, path).is_some())
        .web(web::PART)
        .cross_origin(cors::rules)
        .resource(&cfn::BUCKET)
        .resource(&cfn::BUCKET_POLICY)
        .job(&upload::SWEEP, upload::sweep)
        .job_conversation(&lifecycle::RUN, lifecycle::run)
        .job(&restore::TURN, restore::turn)
        .job(&replication::REPLICATE, replication::replicate)
        .job_conversation(&notification::TELL, notification::carry_out);
    let service = objects_of(arrangements(configurations(buckets(service))));
    uploads(listings(lists_of_access(locks(attributes_of(service)))))
}

fn configurations(service: Service) -> Service {
    service
        .op(|cx, it: &PutBucketPolicy| bucket::arn(cx, &it.bucket), policy::put)
        .read(|cx, it: &GetBucketPolicy| bucket::arn(cx, &it.bucket), policy::get)
        .op(|cx, it: &DeleteBucketPolicy| bucket::arn(cx, &it.bucket), policy::delete)
        .read(|cx, it: &GetBucketPolicyStatus| bucket::arn(cx, &it.bucket), policy::status)
        .op(|cx, it: &PutPublicAccessBlock| bucket::arn(cx, &it.bucket), policy::put_block)
        .checked_as("s3:PutBucketPublicAccessBlock")
        .read(|cx, it: &GetPublicAccessBlock| bucket::arn(cx, &it.bucket), policy::get_block)
        .checked_as("s3:GetBucketPublicAccessBlock")
        .op(|cx, it: &DeletePublicAccessBlock| bucket::arn(cx, &it.bucket), policy::delete_block)
        .checked_as("s3:PutBucketPublicAccessBlock")
        .op(|cx, it: &PutBucketEncryption| bucket::arn(cx, &it.bucket), encryption::bucket::put)
        .checked_as("s3:PutEncryptionConfiguration")
        .read(|cx, it: &GetBucketEncryption| bucket::arn(cx, &it.bucket), encryption::bucket::get)
        .checked_as("s3:GetEncryptionConfiguration")
        .op(|cx, it: &DeleteBucketEncryption| bucket::arn(cx, &it.bucket), encryption::bucket::delete)
        .checked_as("s3:PutEncryptionConfiguration")
        .op(|cx, it: &PutBucketCors| bucket::arn(cx, &it.bucket), cors::put)
        .checked_as("s3:PutBucketCORS")
        .read(|cx, it: &GetBucketCors| bucket::arn(cx, &it.bucket), cors::get)
        .checked_as("s3:GetBucketCORS")
        .op(|cx, it: &DeleteBucketCors| bucket::arn(cx, &it.bucket), cors::delete)
        .checked_as("s3:PutBucketCORS")
        .op(|cx, it: &PutBucketWebsite| bucket::arn(cx, &it.bucket), website::put)
        .read(|cx, it: &GetBucketWebsite| bucket::arn(cx, &it.bucket), website::get)
        .op(|cx, it: &DeleteBucketWebsite| bucket::arn(cx, &it.bucket), website::delete)
        .op(|cx, it: &PutBucketNotificationConfiguration| bucket::arn(cx, &it.bucket), notification::put)
        .checked_as("s3:PutBucketNotification")
        .read(|cx, it: &GetBucketNotificationConfiguration| bucket::arn(cx, &it.bucket), notification::get)
        .checked_as("s3:GetBucketNotification")
}

/// What a bucket does by itself, and who pays for it.
fn arrangements(service: Service) -> Service {
    service
        .op(|cx, it: &PutBucketLifecycleConfiguration| bucket::arn(cx, &it.bucket), lifecycle::put)
        .checked_as("s3:PutLifecycleConfiguration")
        .read(|cx, it: &GetBucketLifecycleConfiguration| bucket::arn(cx, &it.bucket), lifecycle::get)
        .checked_as("s3:GetLifecycleConfiguration")
        .op(|cx, it: &DeleteBucketLifecycle| bucket::arn(cx, &it.bucket), lifecycle::delete)
        .checked_as("s3:PutLifecycleConfiguration")
        .op(|cx, it: &PutBucketReplication| bucket::arn(cx, &it.bucket), replication::put)
        .checked_as("s3:PutReplicationConfiguration")
        .read(|cx, it: &GetBucketReplication| bucket::arn(cx, &it.bucket), replication::get)
        .checked_as("s3:GetReplicationConfiguration")
        .op(|cx, it: &DeleteBucketReplication| bucket::arn(cx, &it.bucket), replication::delete)
        .checked_as("s3:PutReplicationConfiguration")
        .op(|cx, it: &PutBucketRequestPayment| bucket::arn(cx, &it.bucket), payer::put)
        .read(|cx, it: &GetBucketRequestPayment| bucket::arn(cx, &it.bucket), payer::get)
        .op(|cx, it: &PutBucketAccelerateConfiguration| bucket::arn(cx, &it.bucket), accelerate::put)
        .checked_as("s3:PutAccelerateConfiguration")
        .read(|cx, it: &GetBucketAccelerateConfiguration| bucket::arn(cx, &it.bucket), accelerate::get)
        .checked_as("s3:GetAccelerateConfiguration")
}

fn buckets(service: Service) -> Service {
    service
        .op(access::creating, bucket::create)
        .conditions(|_, it: &CreateBucket, context| access::bucket_keys(it, context))
        .op(|cx, it: &DeleteBucket| bucket::arn(cx, &it.bucket), bucket::delete)
        .read(|cx, it: &HeadBucket| bucket::arn(cx, &it.bucket), bucket::head)
        .checked_as("s3:ListBucket")
        .read(|cx, it: &GetBucketLocation| bucket::arn_anywhere(cx, &it.bucket), bucket::location)
        .read(|_, _: &ListBuckets| BUCKETS, bucket::list)
        .checked_as("s3:ListAllMyBuckets")
        .op(|cx, it: &PutBucketVersioning| bucket::arn(cx, &it.bucket), versioning::put)
        .read(|cx, it: &GetBucketVersioning| bucket::arn(cx, &it.bucket), versioning::get)
        .op(|cx, it: &PutBucketTagging| bucket::arn(cx, &it.bucket), tag::put_of_bucket)
        .read(|cx, it: &GetBucketTagging| bucket::arn(cx, &it.bucket), tag::get_of_bucket)
        .op(|cx, it: &DeleteBucketTagging| bucket::arn(cx, &it.bucket), tag::delete_of_bucket)
        .checked_as("s3:PutBucketTagging")
}

fn objects_of(service: Service) -> Service {
    service
        .upload(access::putting, put::put)
        .within(put::within)
        .by_form(put::post)
        .conditions(|cx, it: &PutObject, context| access::put_keys(cx, it, context))
        .download(
            |cx, it: &GetObject| {
                access::on_version(
                    cx,
                    (access::at(&it.bucket, &it.request_payer), &it.key),
                    it.version_id.as_deref(),
                    access::GET,
                )
            },
            get::get,
        )
        .within(get::within)
        .status(partial)
        .conditions(|cx, it: &GetObject, context| {
            access::existing_tags(cx, (&it.bucket, &it.key), it.version_id.as_deref(), context);
        })
        .read(
            |cx, it: &HeadObject| {
                access::on_version(
                    cx,
                    (access::at(&it.bucket, &it.request_payer), &it.key),
                    it.version_id.as_deref(),
                    access::GET,
                )
            },
            get::head,
        )
        .status(partial)
        .conditions(|cx, it: &HeadObject, context| {
            access::existing_tags(cx, (&it.bucket, &it.key), it.version_id.as_deref(), context);
        })
        .read(access::describing, get::attributes)
        .conditions(|cx, it: &GetObjectAttributes, context| {
            access::existing_tags(cx, (&it.bucket, &it.key), it.version_id.as_deref(), context);
        })
        .conversation(access::copying, copy::copy)
        .conditions(|cx, it: &CopyObject, context| access::copy_keys(cx, it, context))
        .op(access::deleting_if, delete::delete)
        .conditions(|_, it: &DeleteObject, context| access::version_key(it.version_id.as_deref(), context))
        // Each key is asked about by itself.
        .op(
            |cx, it: &DeleteObjects| {
                access::on_bucket(cx, access::at(&it.bucket, &it.request_payer)).map(|_| Vec::<Question>::new())
            },
            delete::delete_all,
        )
        .digest_needed()
}

/// What is done with an object that is there.
fn attributes_of(service: Service) -> Service {
    service
        .op(
            |cx, it: &PutObjectTagging| {
                access::on_version(
                    cx,
                    (access::at(&it.bucket, &it.request_payer), &it.key),
                    it.version_id.as_deref(),
                    access::PUT_TAGS,
                )
            },
            tag::put,
        )
        .conditions(|cx, it: &PutObjectTagging, context| access::tag_keys(cx, it, context))
        .read(
            |cx, it: &GetObjectTagging| {
                access::on_version(
                    cx,
                    (access::at(&it.bucket, &it.request_payer), &it.key),
                    it.version_id.as_deref(),
                    access::GET_TAGS,
                )
            },
            tag::get,
        )
        .conditions(|cx, it: &GetObjectTagging, context| {
            access::existing_tags(cx, (&it.bucket, &it.key), it.version_id.as_deref(), context);
        })
        .op(
            |cx, it: &DeleteObjectTagging| {
                access::on_version(
                    cx,
                    (access::at(&it.bucket, &None), &it.key),
                    it.version_id.as_deref(),
                    access::DELETE_TAGS,
                )
            },
            tag::delete,
        )
        .conditions(|cx, it: &DeleteObjectTagging, context| {
            access::existing_tags(cx, (&it.bucket, &it.key), it.version_id.as_deref(), context);
        })
        .op(
            |cx, it: &RestoreObject| {
                access::on_object(cx, access::at(&it.bucket, &it.request_payer), &it.key, "s3:RestoreObject")
            },
            restore::restore,
        )
        .conditions(|cx, it: &RestoreObject, context| {
            access::existing_tags(cx, (&it.bucket, &it.key), it.version_id.as_deref(), context);
        })
        .status(|_| 202)
        .read(|cx, it: &RenameObject| bucket::arn(cx, &it.bucket), rename::rename)
}

fn locks(service: Service) -> Service {
    service
        .op(|cx, it: &PutObjectLockConfiguration| bucket::arn(cx, &it.bucket), lock::configuration::put)
        .checked_as("s3:PutBucketObjectLockConfiguration")
        .digest_needed()
        .read(|cx, it: &GetObjectLockConfiguration| bucket::arn(cx, &it.bucket), lock::configuration::get)
        .checked_as("s3:GetBucketObjectLockConfiguration")
        .op(
            |cx, it: &PutObjectRetention| {
                access::on_object(cx, access::at(&it.bucket, &it.request_payer), &it.key, "s3:PutObjectRetention")
            },
            lock::version::put_retention,
        )
        .digest_needed()
        .conditions(|cx, it: &PutObjectRetention, context| access::retention_keys(cx, it, context))
        .read(
            |cx, it: &GetObjectRetention| {
                access::on_object(cx, access::at(&it.bucket, &it.request_payer), &it.key, "s3:GetObjectRetention")
            },
            lock::version::get_retention,
        )
        .conditions(|_, it: &GetObjectRetention, context| access::version_key(it.version_id.as_deref(), context))
        .op(
            |cx, it: &PutObjectLegalHold| {
                access::on_object(cx, access::at(&it.bucket, &it.request_payer), &it.key, "s3:PutObjectLegalHold")
            },
            lock::version::put_legal_hold,
        )
        .digest_needed()
        .conditions(|_, it: &PutObjectLegalHold, context| access::legal_hold_keys(it, context))
        .read(
            |cx, it: &GetObjectLegalHold| {
                access::on_object(cx, access::at(&it.bucket, &it.request_payer), &it.key, "s3:GetObjectLegalHold")
            },
            lock::version::get_legal_hold,
        )
        .conditions(|_, it: &GetObjectLegalHold, context| access::version_key(it.version_id.as_deref(), context))
}

fn lists_of_access(service: Service) -> Service {
    service
        .op(|cx, it: &PutBucketAcl| bucket::arn(cx, &it.bucket), acl::bucket::put)
        .conditions(|_, it: &PutBucketAcl, context| access::bucket_acl_keys(it, context))
        .read(|cx, it: &GetBucketAcl| bucket::arn(cx, &it.bucket), acl::bucket::get)
        .op(|cx, it: &PutBucketOwnershipControls| bucket::arn(cx, &it.bucket), acl::ownership::put)
        .read(|cx, it: &GetBucketOwnershipControls| bucket::arn(cx, &it.bucket), acl::ownership::get)
        .op(|cx, it: &DeleteBucketOwnershipControls| bucket::arn(cx, &it.bucket), acl::ownership::delete)
        .checked_as("s3:PutBucketOwnershipControls")
        .op(
            |cx, it: &PutObjectAcl| {
                access::on_version(
                    cx,
                    (access::at(&it.bucket, &it.request_payer), &it.key),
                    it.version_id.as_deref(),
                    access::PUT_ACL,
                )
            },
            acl::object::put,
        )
        .conditions(|_, it: &PutObjectAcl, context| access::object_acl_keys(it, context))
        .read(
            |cx, it: &GetObjectAcl| {
                access::on_version(
                    cx,
                    (access::at(&it.bucket, &it.request_payer), &it.key),
                    it.version_id.as_deref(),
                    access::GET_ACL,
                )
            },
            acl::object::get,
        )
        .conditions(|_, it: &GetObjectAcl, context| access::version_key(it.version_id.as_deref(), context))
}

fn listings(service: Service) -> Service {
    service
        .read(|cx, it: &ListObjects| access::on_bucket(cx, access::at(&it.bucket, &it.request_payer)), objects::list)
        .checked_as("s3:ListBucket")
        .conditions(|_, it: &ListObjects, context| access::list_keys(it, context))
        .read(
            |cx, it: &ListObjectsV2| access::on_bucket(cx, access::at(&it.bucket, &it.request_payer)),
            objects::list_v2,
        )
        .checked_as("s3:ListBucket")
        .conditions(|_, it: &ListObjectsV2, context| access::list_v2_keys(it, context))
        .read(
            |cx, it: &ListObjectVersions| access::on_bucket(cx, access::at(&it.bucket, &it.request_payer)),
            versions::list,
        )
        .checked_as("s3:ListBucketVersions")
        .conditions(|_, it: &ListObjectVersions, context| access::list_version_keys(it, context))
        .read(
            |cx, it: &ListMultipartUploads| access::on_bucket(cx, access::at(&it.bucket, &it.request_payer)),
            upload::list,
        )
        .checked_as("s3:ListBucketMultipartUploads")
}

fn uploads(service: Service) -> Service {
    service
        .op(access::beginning, upload::create)
        .conditions(|cx, it: &CreateMultipartUpload, context| access::begin_keys(cx, it, context))
        .upload(
            |cx, it: &UploadPart| {
                access::on_object(cx, access::at(&it.bucket, &it.request_payer), &it.key, "s3:PutObject")
            },
            upload::parts::upload,
        )
        .conditions(|_, it: &UploadPart, context| access::part_keys(it.sse_customer_algorithm.as_deref(), context))
        .conversation(access::copying_part, copy::copy_part)
        .conditions(|_, it: &UploadPartCopy, context| access::part_keys(it.sse_customer_algorithm.as_deref(), context))
        .read(
            |cx, it: &ListParts| {
                access::on_object(cx, access::at(&it.bucket, &it.request_payer), &it.key, "s3:ListMultipartUploadParts")
            },
            upload::parts::list,
        )
        .op(
            |cx, it: &CompleteMultipartUpload| {
                access::on_object(cx, access::at(&it.bucket, &it.request_payer), &it.key, "s3:PutObject")
            },
            upload::complete::complete,
        )
        .conditions(|_, it: &CompleteMultipartUpload, context| access::complete_keys(it, context))
        .op(
            |cx, it: &AbortMultipartUpload| {
                access::on_object(cx, access::at(&it.bucket, &it.request_payer), &it.key, "s3:AbortMultipartUpload")
            },
            upload::abort,
        )
}

use api::s3::{
    AbortMultipartUpload, CompleteMultipartUpload, CopyObject, CreateBucket, CreateMultipartUpload, DeleteBucket,
    DeleteBucketCors, DeleteBucketEncryption, DeleteBucketLifecycle, DeleteBucketOwnershipControls, DeleteBucketPolicy,
    DeleteBucketReplication, DeleteBucketTagging, DeleteBucketWebsite, DeleteObject, DeleteObjectTagging,
    DeleteObjects, DeletePublicAccessBlock, GetBucketAccelerateConfiguration, GetBucketAcl, GetBucketCors,
    GetBucketEncryption, GetBucketLifecycleConfiguration, GetBucketLocation, GetBucketNotificationConfiguration,
    GetBucketOwnershipControls, GetBucketPolicy, GetBucketPolicyStatus, GetBucketReplication, GetBucketRequestPayment,
    GetBucketTagging, GetBucketVersioning, GetBucketWebsite, GetObject, GetObjectAcl, GetObjectAttributes,
    GetObjectLegalHold, GetObjectLockConfiguration, GetObjectRetention, GetObjectTagging, GetPublicAccessBlock,
    HeadBucket, HeadObject, ListBuckets, ListMultipartUploads, ListObjectVersions, ListObjects, ListObjectsV2,
    ListParts, PutBucketAccelerateConfiguration, PutBucketAcl, PutBucketCors, PutBucketEncryption,
    PutBucketLifecycleConfiguration, PutBucketNotificationConfiguration, PutBucketOwnershipControls, PutBucketPolicy,
    PutBucketReplication, PutBucketRequestPayment, PutBucketTagging, PutBucketVersioning, PutBucketWebsite, PutObject,
    PutObjectAcl, PutObjectLegalHold, PutObjectLockConfiguration, PutObjectRetention, PutObjectTagging,
    PutPublicAccessBlock, RenameObject, RestoreObject, UploadPart, UploadPartCopy,
};
