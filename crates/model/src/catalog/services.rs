//! The services of AWS: what all of them are called, and the model of each.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use super::embedded;
use crate::parse;
use crate::shape::{Metadata, Service};

/// What routing needs to know of a service without reading its model.
#[derive(Debug)]
pub struct ServiceInfo {
    /// As [`Service::name`].
    pub name: &'static str,
    pub metadata: Metadata,
}

/// Every service, in the order of their names.
pub fn services() -> &'static [ServiceInfo] {
    &INDEX.services
}

pub fn info(name: &str) -> Option<&'static ServiceInfo> {
    INDEX.by_name.get(name).map(|at| &INDEX.services[*at])
}

/// Several services share a signing name: `ses`, `sesv2`, `pinpoint-email`. In the order of their names.
pub fn by_signing_name(name: &str) -> impl Iterator<Item = &'static ServiceInfo> {
    INDEX.find(&INDEX.by_signing_name, name)
}

/// `AmazonSQS`, `DynamoDB_20120810`.
pub fn by_target_prefix(prefix: &str) -> impl Iterator<Item = &'static ServiceInfo> {
    INDEX.find(&INDEX.by_target_prefix, prefix)
}

/// The first label of the service's own host name: `monitoring`.
pub fn by_endpoint_prefix(prefix: &str) -> impl Iterator<Item = &'static ServiceInfo> {
    INDEX.find(&INDEX.by_endpoint_prefix, prefix)
}

/// `AmazonSQS.SendMessage` → `("AmazonSQS", "SendMessage")`. Prefixes may hold dots themselves.
pub fn target_prefix_of(target: &str) -> Option<(&str, &str)> {
    target.rsplit_once('.')
}

/// The model, read at the first call and kept.
pub fn service(name: &str) -> Option<&'static Service> {
    let at = *INDEX.by_name.get(name)?;
    Some(INDEX.models[at].get_or_init(|| {
        let info = &INDEX.services[at];
        let content = super::file(embedded::SERVICES, info.name).expect("the index lists what is embedded");
        parse::service(info.name, &super::unpack(content)).expect("models are checked by a test")
    }))
}

struct Index {
    services: Vec<ServiceInfo>,
    models: Vec<OnceLock<Service>>,
    by_name: HashMap<&'static str, usize>,
    by_signing_name: Places,
    by_target_prefix: Places,
    by_endpoint_prefix: Places,
}

/// Places in `services`, by one of their names, which several may share.
type Places = HashMap<&'static str, Vec<usize>>;

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let entries: Vec<parse::RawMetadata<'static>> = serde_json::from_str(embedded::INDEX).expect("checked by a test");
    let services: Vec<ServiceInfo> = entries
        .iter()
        .map(|raw| ServiceInfo {
            name: raw.name.as_ref().expect("the index names its services").embedded(),
            metadata: parse::metadata(raw, parse::Text::embedded),
        })
        .collect();
    Index {
        by_name: services.iter().enumerate().map(|(at, it)| (it.name, at)).collect(),
        by_signing_name: places(&services, |it| Some(it.metadata.signing_name)),
        by_target_prefix: places(&services, |it| it.metadata.target_prefix),
        by_endpoint_prefix: places(&services, |it| Some(it.metadata.endpoint_prefix)),
        models: services.iter().map(|_| OnceLock::new()).collect(),
        services,
    }
});

fn places(services: &[ServiceInfo], name: impl Fn(&ServiceInfo) -> Option<&'static str>) -> Places {
    let mut places = Places::new();
    for (at, info) in services.iter().enumerate() {
        if let Some(name) = name(info) {
            places.entry(name).or_default().push(at);
        }
    }
    places
}

impl Index {
    fn find(&'static self, places: &'static Places, name: &str) -> impl Iterator<Item = &'static ServiceInfo> + use<> {
        places.get(name).map(Vec::as_slice).unwrap_or_default().iter().map(|at| &self.services[*at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Kind, Protocol};

    #[test]
    fn every_model_can_be_read() {
        assert!(services().len() > 400);
        for info in services() {
            let content = crate::catalog::file(embedded::SERVICES, info.name).expect("embedded");
            let service = parse::service(info.name, &crate::catalog::unpack(content)).expect(info.name);
            assert!(!service.operations.is_empty(), "{}", info.name);
            assert_eq!(service.metadata.signing_name, info.metadata.signing_name);
        }
        assert_eq!(services().len(), embedded::SERVICES.len());
    }

    #[test]
    fn services_are_found_by_each_of_their_names() {
        let names = |found: &mut dyn Iterator<Item = &'static ServiceInfo>| found.map(|it| it.name).collect::<Vec<_>>();
        assert_eq!(names(&mut by_target_prefix("AmazonSQS")), ["sqs"]);
        assert_eq!(names(&mut by_endpoint_prefix("monitoring")), ["cloudwatch"]);
        assert!(names(&mut by_signing_name("ses")).contains(&"sesv2"));
        assert!(names(&mut by_signing_name("ses")).contains(&"ses"));
        assert!(names(&mut by_signing_name("nothing")).is_empty());
        assert_eq!(target_prefix_of("DynamoDB_20120810.PutItem"), Some(("DynamoDB_20120810", "PutItem")));
    }

    #[test]
    fn sqs_speaks_json_and_the_older_query_protocol() {
        let sqs = service("sqs").expect("embedded");
        assert_eq!(sqs.metadata.protocols, [Protocol::AwsJson10, Protocol::AwsQuery]);
        let error = sqs.shape_named("QueueDoesNotExist").expect("modelled").1.error.as_ref().expect("an error");
        assert_eq!((error.code, error.status), ("QueueDoesNotExist", 400));
        assert_eq!(error.query_code, Some("AWS.SimpleQueueService.NonExistentQueue"));
        let result = sqs.structure(sqs.operation("ReceiveMessage").expect("modelled").output.expect("one"));
        let messages = result.expect("a structure").member("Messages").expect("modelled");
        assert!(messages.wire.flattened);
        let Kind::List { .. } = sqs.shape(messages.shape).kind else { panic!("a list") };
    }
}
