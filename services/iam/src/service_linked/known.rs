//! The services for which roles can be made, as their own documentation names the roles. The policies are in the catalogue.

/// What a service's role is called, and what it may do.
#[derive(Debug)]
pub struct Linked {
    /// The service's principal.
    pub service: &'static str,
    /// Behind `AWSServiceRoleFor`.
    pub role: &'static str,
    /// A managed policy in `/aws-service-role/`.
    pub policy: &'static str,
}

/// In the order of the services.
static LINKED: &[Linked] = &[
    linked("access-analyzer.amazonaws.com", "AccessAnalyzer", "AccessAnalyzerServiceRolePolicy"),
    linked("acm.amazonaws.com", "CertificateManager", "CertificateManagerServiceRolePolicy"),
    linked(
        "apidestinations.events.amazonaws.com",
        "AmazonEventBridgeApiDestinations",
        "AmazonEventBridgeApiDestinationsServiceRolePolicy",
    ),
    linked(
        "application-insights.amazonaws.com",
        "ApplicationInsights",
        "CloudwatchApplicationInsightsServiceLinkedRolePolicy",
    ),
    linked("apprunner.amazonaws.com", "AppRunner", "AppRunnerServiceRolePolicy"),
    linked("autoscaling.amazonaws.com", "AutoScaling", "AutoScalingServiceRolePolicy"),
    linked("backup.amazonaws.com", "Backup", "AWSBackupServiceLinkedRolePolicyForBackup"),
    linked("batch.amazonaws.com", "Batch", "BatchServiceRolePolicy"),
    linked(
        "cassandra.application-autoscaling.amazonaws.com",
        "ApplicationAutoScaling_CassandraTable",
        "AWSApplicationAutoscalingCassandraTablePolicy",
    ),
    linked(
        "cks.kms.amazonaws.com",
        "KeyManagementServiceCustomKeyStores",
        "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy",
    ),
    linked("cloudtrail.amazonaws.com", "CloudTrail", "CloudTrailServiceRolePolicy"),
    linked("cloudwatch-crossaccount.amazonaws.com", "CloudWatchCrossAccount", "CloudWatch-CrossAccountAccess"),
    linked("cognito-idp.amazonaws.com", "AmazonCognitoIdp", "AmazonCognitoIdpServiceRolePolicy"),
    linked("config.amazonaws.com", "Config", "AWSConfigServiceRolePolicy"),
    linked(
        "dynamodb.application-autoscaling.amazonaws.com",
        "ApplicationAutoScaling_DynamoDBTable",
        "AWSApplicationAutoscalingDynamoDBTablePolicy",
    ),
    linked("ec2fleet.amazonaws.com", "EC2Fleet", "AWSEC2FleetServiceRolePolicy"),
    linked("ecs.amazonaws.com", "ECS", "AmazonECSServiceRolePolicy"),
    linked(
        "ecs.application-autoscaling.amazonaws.com",
        "ApplicationAutoScaling_ECSService",
        "AWSApplicationAutoscalingECSServicePolicy",
    ),
    linked("eks-fargate.amazonaws.com", "AmazonEKSForFargate", "AmazonEKSForFargateServiceRolePolicy"),
    linked("eks-nodegroup.amazonaws.com", "AmazonEKSNodegroup", "AWSServiceRoleForAmazonEKSNodegroup"),
    linked("eks.amazonaws.com", "AmazonEKS", "AmazonEKSServiceRolePolicy"),
    linked("elasticache.amazonaws.com", "ElastiCache", "ElastiCacheServiceRolePolicy"),
    linked("elasticbeanstalk.amazonaws.com", "ElasticBeanstalk", "AWSElasticBeanstalkServiceRolePolicy"),
    linked("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"),
    linked("email.cognito-idp.amazonaws.com", "AmazonCognitoIdpEmailService", "AmazonCognitoIdpEmailServiceRolePolicy"),
    linked("es.amazonaws.com", "AmazonElasticsearchService", "AmazonElasticsearchServiceRolePolicy"),
    linked("events.amazonaws.com", "CloudWatchEvents", "CloudWatchEventsServiceRolePolicy"),
    linked("globalaccelerator.amazonaws.com", "GlobalAccelerator", "AWSGlobalAcceleratorSLRPolicy"),
    linked("guardduty.amazonaws.com", "AmazonGuardDuty", "AmazonGuardDutyServiceRolePolicy"),
    linked("inspector2.amazonaws.com", "AmazonInspector2", "AmazonInspector2ServiceRolePolicy"),
    linked("kafka.amazonaws.com", "Kafka", "KafkaServiceRolePolicy"),
    linked(
        "kafka.application-autoscaling.amazonaws.com",
        "ApplicationAutoScaling_KafkaCluster",
        "AWSApplicationAutoscalingKafkaClusterPolicy",
    ),
    linked(
        "lambda.application-autoscaling.amazonaws.com",
        "ApplicationAutoScaling_LambdaConcurrency",
        "AWSApplicationAutoscalingLambdaConcurrencyPolicy",
    ),
    linked("logger.cloudfront.amazonaws.com", "CloudFrontLogger", "AWSCloudFrontLogger"),
    linked("macie.amazonaws.com", "AmazonMacie", "AmazonMacieServiceRolePolicy"),
    linked(
        "maintenance.elasticbeanstalk.amazonaws.com",
        "ElasticBeanstalkMaintenance",
        "AWSElasticBeanstalkMaintenance",
    ),
    linked(
        "managedupdates.elasticbeanstalk.amazonaws.com",
        "ElasticBeanstalkManagedUpdates",
        "AWSElasticBeanstalkManagedUpdatesServiceRolePolicy",
    ),
    linked("memorydb.amazonaws.com", "MemoryDB", "MemoryDBServiceRolePolicy"),
    linked("mq.amazonaws.com", "AmazonMQ", "AmazonMQServiceRolePolicy"),
    linked(
        "mrk.kms.amazonaws.com",
        "KeyManagementServiceMultiRegionKeys",
        "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy",
    ),
    linked("network-firewall.amazonaws.com", "NetworkFirewall", "AWSNetworkFirewallServiceRolePolicy"),
    linked("networking.apprunner.amazonaws.com", "AppRunnerNetworking", "AppRunnerNetworkingServiceRolePolicy"),
    linked(
        "observability.aoss.amazonaws.com",
        "AmazonOpenSearchServerless",
        "AmazonOpenSearchServerlessServiceRolePolicy",
    ),
    linked("opensearchservice.amazonaws.com", "AmazonOpenSearchService", "AmazonOpenSearchServiceRolePolicy"),
    linked("ops.apigateway.amazonaws.com", "APIGateway", "APIGatewayServiceRolePolicy"),
    linked("organizations.amazonaws.com", "Organizations", "AWSOrganizationsServiceTrustPolicy"),
    linked("ram.amazonaws.com", "ResourceAccessManager", "AWSResourceAccessManagerServiceRolePolicy"),
    linked("rds.amazonaws.com", "RDS", "AmazonRDSServiceRolePolicy"),
    linked(
        "rds.application-autoscaling.amazonaws.com",
        "ApplicationAutoScaling_RDSCluster",
        "AWSApplicationAutoscalingRDSClusterPolicy",
    ),
    linked("redshift.amazonaws.com", "Redshift", "AmazonRedshiftServiceLinkedRolePolicy"),
    linked("replication.dynamodb.amazonaws.com", "DynamoDBReplication", "DynamoDBReplicationServiceRolePolicy"),
    linked("replicator.lambda.amazonaws.com", "LambdaReplicator", "AWSLambdaReplicator"),
    linked("resource-explorer-2.amazonaws.com", "ResourceExplorer", "AWSResourceExplorerServiceRolePolicy"),
    linked("route53resolver.amazonaws.com", "Route53Resolver", "Route53ResolverServiceRolePolicy"),
    linked("securityhub.amazonaws.com", "SecurityHub", "AWSSecurityHubServiceRolePolicy"),
    linked("servicequotas.amazonaws.com", "ServiceQuotas", "ServiceQuotasServiceRolePolicy"),
    linked("spot.amazonaws.com", "EC2Spot", "AWSEC2SpotServiceRolePolicy"),
    linked("spotfleet.amazonaws.com", "EC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy"),
    linked("ssm.amazonaws.com", "AmazonSSM", "AmazonSSMServiceRolePolicy"),
    linked("sso.amazonaws.com", "SSO", "AWSSSOServiceRolePolicy"),
    linked("support.amazonaws.com", "Support", "AWSSupportServiceRolePolicy"),
    linked("transitgateway.amazonaws.com", "VPCTransitGateway", "AWSVPCTransitGatewayServiceRolePolicy"),
    linked("trustedadvisor.amazonaws.com", "TrustedAdvisor", "AWSTrustedAdvisorServiceRolePolicy"),
    linked("wafv2.amazonaws.com", "WAFV2Logging", "WAFV2LoggingServiceRolePolicy"),
];

/// Those whose role may have a suffix, so that there may be several.
const WITH_SUFFIX: [&str; 1] = ["autoscaling.amazonaws.com"];

pub fn find(service: &str) -> Option<&'static Linked> {
    LINKED.binary_search_by(|it| it.service.cmp(service)).ok().map(|at| &LINKED[at])
}

impl Linked {
    pub fn takes_suffix(&self) -> bool {
        WITH_SUFFIX.contains(&self.service)
    }
}

const fn linked(service: &'static str, role: &'static str, policy: &'static str) -> Linked {
    Linked { service, role, policy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::catalog::managed_policy;

    #[test]
    fn every_service_is_found_and_its_policy_is_in_the_catalogue() {
        for it in LINKED {
            assert!(find(it.service).is_some(), "{} is out of order", it.service);
            let arn = format!("arn:aws:iam::aws:policy/aws-service-role/{}", it.policy);
            assert!(managed_policy(&arn).is_some(), "{arn}");
        }
    }
}
