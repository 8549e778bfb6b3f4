//! What a replication configuration must not say.
//!
//! Sources: PutBucketReplication and "Error responses" (replication error codes) in the API Reference.

use super::rule::{name_of, replicates_markers, wanted_tags};
use crate::bucket::{self, Bucket, Versioning};
use crate::fault;
use crate::object::StorageClass;
use api::s3::{ReplicationConfiguration, ReplicationRule};
use kernel::Cx;
use model::Result;

const MOST_RULES: usize = 1000;
const LONGEST_ID: usize = 255;
const LONGEST_PREFIX: usize = 1024;

pub fn check(cx: &Cx, bucket: &Bucket, given: &ReplicationConfiguration) -> Result<()> {
    if bucket.versioning != Versioning::Enabled {
        return request("Versioning must be 'Enabled' on the bucket to apply a replication configuration");
    }
    if !given.role.starts_with("arn:aws:iam::") || !given.role.contains(":role/") {
        return Err(fault::invalid_argument("The role ARN is not valid.", "Role", given.role.as_str()));
    }
    cx.require("s3", "iam:PassRole", &given.role, |context| {
        context.insert("iam:PassedToService", "s3.amazonaws.com");
    })?;
    if given.rules.is_empty() || given.rules.len() > MOST_RULES {
        return Err(fault::malformed_xml());
    }
    for (at, rule) in given.rules.iter().enumerate() {
        let before = &given.rules[..at];
        if rule.id.is_some() && before.iter().any(|it| it.id == rule.id) {
            return argument("Rule Id must be unique. Found same Id for one or more rules");
        }
        if rule.filter.is_some() && before.iter().any(|it| it.priority == rule.priority) {
            return request(format!("Found duplicate priority {}", rule.priority.unwrap_or_default()));
        }
        if before.iter().any(|it| it.filter.is_some() != rule.filter.is_some()) {
            return request("Rules of the first and the second version of the schema cannot stand together.");
        }
        check_rule(rule)?;
        check_destination(cx, bucket, rule)?;
    }
    Ok(())
}

fn check_rule(rule: &ReplicationRule) -> Result<()> {
    if rule.id.as_ref().is_some_and(|it| it.chars().count() > LONGEST_ID) {
        return argument("ID length should not exceed allowed limit of 255");
    }
    if rule.prefix.as_ref().is_some_and(|it| it.len() > LONGEST_PREFIX) {
        return argument("The maximum size of a prefix is 1024.");
    }
    let Some(filter) = &rule.filter else {
        // The first version: a prefix and nothing else.
        let plain = rule.prefix.is_some() && rule.priority.is_none() && rule.delete_marker_replication.is_none();
        return if plain { Ok(()) } else { Err(fault::malformed_xml()) };
    };
    if rule.prefix.is_some() {
        return Err(fault::malformed_xml());
    }
    let given = [filter.prefix.is_some(), filter.tag.is_some(), filter.and.is_some()];
    let few = |and: &api::s3::ReplicationRuleAndOperator| {
        usize::from(and.prefix.is_some()) + and.tags.as_ref().map_or(0, Vec::len) < 2
    };
    if given.iter().filter(|it| **it).count() > 1 || filter.and.as_ref().is_some_and(few) {
        return Err(fault::malformed_xml());
    }
    if rule.priority.is_none() {
        return request(
            "Priority must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.",
        );
    }
    if rule.delete_marker_replication.is_none() {
        return request(
            "DeleteMarkerReplication must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.",
        );
    }
    if replicates_markers(rule) && !wanted_tags(rule).is_empty() {
        return request(
            "Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.",
        );
    }
    Ok(())
}

fn check_destination(cx: &Cx, bucket: &Bucket, rule: &ReplicationRule) -> Result<()> {
    let destination = &rule.destination;
    let Ok(target) = bucket::named(cx, name_of(&destination.bucket)) else {
        return request("Destination bucket must exist.");
    };
    if target.number == bucket.number {
        return request("Destination bucket cannot be the same as the source bucket.");
    }
    if target.versioning != Versioning::Enabled {
        return request("Destination bucket must have versioning enabled.");
    }
    if destination.access_control_translation.is_some() && destination.account.is_none() {
        return request("Account must be specified when AccessControlTranslation is used");
    }
    if destination.account.as_ref().is_some_and(|it| *it != target.account) {
        return request("Destination bucket is not owned by the account that the configuration states");
    }
    StorageClass::of(destination.storage_class.as_deref()).map_err(|_| fault::malformed_xml())?;
    refuse(rule)
}

/// What is not honoured.
fn refuse(rule: &ReplicationRule) -> Result<()> {
    let enabled = |status: Option<&str>| status.filter(|it| *it == "Enabled").map(drop);
    let criteria = rule.source_selection_criteria.clone().unwrap_or_default();
    let encrypted = criteria.sse_kms_encrypted_objects.map(|it| it.status);
    fault::refuse("SseKmsEncryptedObjects", enabled(encrypted.as_deref()).as_ref())?;
    let modified = criteria.replica_modifications.map(|it| it.status);
    fault::refuse("ReplicaModifications", enabled(modified.as_deref()).as_ref())?;
    // AWS no longer has it either: Batch Replication took its place.
    let existing = rule.existing_object_replication.as_ref().map(|it| it.status.as_str());
    fault::refuse("ExistingObjectReplication", enabled(existing).as_ref())?;
    fault::refuse("EncryptionConfiguration", rule.destination.encryption_configuration.as_ref())?;
    let timed = rule.destination.replication_time.as_ref().map(|it| it.status.as_str());
    fault::refuse("ReplicationTime", enabled(timed).as_ref())?;
    let measured = rule.destination.metrics.as_ref().map(|it| it.status.as_str());
    fault::refuse("Metrics", enabled(measured).as_ref())
}

fn argument(message: impl Into<String>) -> Result<()> {
    Err(fault::INVALID_ARGUMENT.with(message))
}

fn request(message: impl Into<String>) -> Result<()> {
    Err(fault::INVALID_REQUEST.with(message))
}
