package control

import (
	"strings"

	"s/pkg/fc"
)

// operation is one that Function Compute has, served here or not.
type operation struct{ name, method, path string }

// operations of an API version, so that one that isn't served is called by its name.
func operations(version string) []operation {
	if version == fc.APIVersion3 {
		return operationsV3
	}
	return operationsV2
}

// actionOf is the name of an operation; empty if there is none.
func actionOf(version, method string, segments []string) string {
	for _, o := range operations(version) {
		if o.method != method {
			continue
		}
		if pattern := strings.Split(o.path, "/"); len(pattern) == len(segments) {
			if _, ok := bind(pattern, segments); ok {
				return o.name
			}
		}
	}
	return ""
}

// operationsV3 are those of version 2023-03-30.
var operationsV3 = []operation{
	{"ChangeResourceGroup", "PUT", "resource-groups"},
	{"CreateAlias", "POST", "functions/{function}/aliases"},
	{"CreateCustomDomain", "POST", "custom-domains"},
	{"CreateFunction", "POST", "functions"},
	{"CreateLayerVersion", "POST", "layers/{layer}/versions"},
	{"CreateSession", "POST", "functions/{function}/sessions"},
	{"CreateSnapshot", "POST", "functions/{function}/snapshots"},
	{"CreateTrigger", "POST", "functions/{function}/triggers"},
	{"CreateVpcBinding", "POST", "functions/{function}/vpc-bindings"},
	{"DeleteAlias", "DELETE", "functions/{function}/aliases/{alias}"},
	{"DeleteAsyncInvokeConfig", "DELETE", "functions/{function}/async-invoke-config"},
	{"DeleteConcurrencyConfig", "DELETE", "functions/{function}/concurrency"},
	{"DeleteCustomDomain", "DELETE", "custom-domains/{domain}"},
	{"DeleteFunction", "DELETE", "functions/{function}"},
	{"DeleteFunctionVersion", "DELETE", "functions/{function}/versions/{version}"},
	{"DeleteLayerVersion", "DELETE", "layers/{layer}/versions/{version}"},
	{"DeleteProvisionConfig", "DELETE", "functions/{function}/provision-config"},
	{"DeleteScalingConfig", "DELETE", "functions/{function}/scaling-config"},
	{"DeleteSession", "DELETE", "functions/{function}/sessions/{session}"},
	{"DeleteSnapshot", "DELETE", "functions/{function}/snapshots/{snapshot}"},
	{"DeleteTrigger", "DELETE", "functions/{function}/triggers/{trigger}"},
	{"DeleteVpcBinding", "DELETE", "functions/{function}/vpc-bindings/{vpc}"},
	{"DescribeRegions", "GET", "regions"},
	{"DisableFunctionInvocation", "POST", "functions/{function}/invoke/disable"},
	{"EnableFunctionInvocation", "POST", "functions/{function}/invoke/enable"},
	{"GetAlias", "GET", "functions/{function}/aliases/{alias}"},
	{"GetAsyncInvokeConfig", "GET", "functions/{function}/async-invoke-config"},
	{"GetAsyncTask", "GET", "functions/{function}/async-tasks/{task}"},
	{"GetConcurrencyConfig", "GET", "functions/{function}/concurrency"},
	{"GetCustomDomain", "GET", "custom-domains/{domain}"},
	{"GetFunction", "GET", "functions/{function}"},
	{"GetFunctionCode", "GET", "functions/{function}/code"},
	{"GetLayerVersion", "GET", "layers/{layer}/versions/{version}"},
	{"GetLayerVersionByArn", "GET", "layerarn/{arn}"},
	{"GetProvisionConfig", "GET", "functions/{function}/provision-config"},
	{"GetScalingConfig", "GET", "functions/{function}/scaling-config"},
	{"GetSession", "GET", "functions/{function}/sessions/{session}"},
	{"GetSnapshot", "GET", "functions/{function}/snapshots/{snapshot}"},
	{"GetTrigger", "GET", "functions/{function}/triggers/{trigger}"},
	{"InvokeFunction", "POST", "functions/{function}/invocations"},
	{"ListAliases", "GET", "functions/{function}/aliases"},
	{"ListAsyncInvokeConfigs", "GET", "async-invoke-configs"},
	{"ListAsyncTasks", "GET", "functions/{function}/async-tasks"},
	{"ListConcurrencyConfigs", "GET", "concurrency-configs"},
	{"ListCustomDomains", "GET", "custom-domains"},
	{"ListFunctionVersions", "GET", "functions/{function}/versions"},
	{"ListFunctions", "GET", "functions"},
	{"ListInstances", "GET", "functions/{function}/instances"},
	{"ListLayerVersions", "GET", "layers/{layer}/versions"},
	{"ListLayers", "GET", "layers"},
	{"ListProvisionConfigs", "GET", "provision-configs"},
	{"ListScalingConfigs", "GET", "scaling-configs"},
	{"ListSessions", "GET", "functions/{function}/sessions"},
	{"ListSnapshots", "GET", "snapshots"},
	{"ListTagResources", "GET", "tags-v2"},
	{"ListTriggers", "GET", "functions/{function}/triggers"},
	{"ListVpcBindings", "GET", "functions/{function}/vpc-bindings"},
	{"PauseSession", "PUT", "functions/{function}/sessions/{session}/pause"},
	{"PublishFunctionVersion", "POST", "functions/{function}/versions"},
	{"PutAsyncInvokeConfig", "PUT", "functions/{function}/async-invoke-config"},
	{"PutConcurrencyConfig", "PUT", "functions/{function}/concurrency"},
	{"PutLayerACL", "PUT", "layers/{layer}/acl"},
	{"PutProvisionConfig", "PUT", "functions/{function}/provision-config"},
	{"PutScalingConfig", "PUT", "functions/{function}/scaling-config"},
	{"ResumeSession", "PUT", "functions/{function}/sessions/{session}/resume"},
	{"StopAsyncTask", "PUT", "functions/{function}/async-tasks/{task}/stop"},
	{"TagResources", "POST", "tags-v2"},
	{"UntagResources", "DELETE", "tags-v2"},
	{"UpdateAlias", "PUT", "functions/{function}/aliases/{alias}"},
	{"UpdateCustomDomain", "PUT", "custom-domains/{domain}"},
	{"UpdateFunction", "PUT", "functions/{function}"},
	{"UpdateSession", "PUT", "functions/{function}/sessions/{session}"},
	{"UpdateTrigger", "PUT", "functions/{function}/triggers/{trigger}"},
}

// operationsV2 are those of version 2021-04-06, and of 2016-08-15, whose clients
// have a few more.
var operationsV2 = []operation{
	{"ClaimGPUInstance", "POST", "gpuInstances"},
	{"CreateAlias", "POST", "services/{service}/aliases"},
	{"CreateCustomDomain", "POST", "custom-domains"},
	{"CreateFunction", "POST", "services/{service}/functions"},
	{"CreateLayerVersion", "POST", "layers/{layer}/versions"},
	{"CreateService", "POST", "services"},
	{"CreateTrigger", "POST", "services/{service}/functions/{function}/triggers"},
	{"CreateVpcBinding", "POST", "services/{service}/bindings"},
	{"DeleteAlias", "DELETE", "services/{service}/aliases/{alias}"},
	{"DeleteCustomDomain", "DELETE", "custom-domains/{domain}"},
	{"DeleteFunction", "DELETE", "services/{service}/functions/{function}"},
	{"DeleteFunctionAsyncInvokeConfig", "DELETE", "services/{service}/functions/{function}/async-invoke-config"},
	{"DeleteFunctionOnDemandConfig", "DELETE", "services/{service}/functions/{function}/on-demand-config"},
	{"DeleteLayerVersion", "DELETE", "layers/{layer}/versions/{version}"},
	{"DeleteService", "DELETE", "services/{service}"},
	{"DeleteServiceVersion", "DELETE", "services/{service}/versions/{version}"},
	{"DeleteTrigger", "DELETE", "services/{service}/functions/{function}/triggers/{trigger}"},
	{"DeleteVpcBinding", "DELETE", "services/{service}/bindings/{vpc}"},
	{"DeregisterEventSource", "DELETE", "services/{service}/functions/{function}/event-sources/{source}"},
	{"GetAccountConfigs", "GET", "accountConfigs"},
	{"GetAccountSettings", "GET", "account-settings"},
	{"GetAdminLayerVersion", "GET", "adminlayers/{account}/{layer}/versions/{version}"},
	{"GetAlias", "GET", "services/{service}/aliases/{alias}"},
	{"GetCustomDomain", "GET", "custom-domains/{domain}"},
	{"GetFunction", "GET", "services/{service}/functions/{function}"},
	{"GetFunctionAsyncInvokeConfig", "GET", "services/{service}/functions/{function}/async-invoke-config"},
	{"GetFunctionCode", "GET", "services/{service}/functions/{function}/code"},
	{"GetFunctionOnDemandConfig", "GET", "services/{service}/functions/{function}/on-demand-config"},
	{"GetLayerVersion", "GET", "layers/{layer}/versions/{version}"},
	{"GetLayerVersionByArn", "GET", "layerarn/{arn}"},
	{"GetProvisionConfig", "GET", "services/{service}/functions/{function}/provision-config"},
	{"GetResourceTags", "GET", "tag"},
	{"GetService", "GET", "services/{service}"},
	{"GetStatefulAsyncInvocation", "GET", "services/{service}/functions/{function}/stateful-async-invocations/{task}"},
	{"GetTempBucketToken", "GET", "tempBucketToken"},
	{"GetTempCodeBucketToken", "GET", "services/{service}/tempCodeBucketToken"},
	{"GetTrigger", "GET", "services/{service}/functions/{function}/triggers/{trigger}"},
	{"InvokeFunction", "POST", "services/{service}/functions/{function}/invocations"},
	{"ListAliases", "GET", "services/{service}/aliases"},
	{"ListCustomDomains", "GET", "custom-domains"},
	{"ListEventSources", "GET", "services/{service}/functions/{function}/event-sources"},
	{"ListFunctionAsyncInvokeConfigs", "GET", "services/{service}/functions/{function}/async-invoke-configs"},
	{"ListFunctions", "GET", "services/{service}/functions"},
	{"ListInstances", "GET", "services/{service}/functions/{function}/instances"},
	{"ListLayerVersions", "GET", "layers/{layer}/versions"},
	{"ListLayers", "GET", "layers"},
	{"ListOnDemandConfigs", "GET", "on-demand-configs"},
	{"ListProvisionConfigs", "GET", "provision-configs"},
	{"ListReservedCapacities", "GET", "reserved-capacities"},
	{"ListReservedCapacities", "GET", "reservedCapacities"},
	{"ListServiceVersions", "GET", "services/{service}/versions"},
	{"ListServices", "GET", "services"},
	{"ListStatefulAsyncInvocationFunctions", "GET", "stateful-async-invocation-functions"},
	{"ListStatefulAsyncInvocations", "GET", "services/{service}/functions/{function}/stateful-async-invocations"},
	{"ListTaggedResources", "GET", "tags"},
	{"ListTriggers", "GET", "services/{service}/functions/{function}/triggers"},
	{"ListVpcBindings", "GET", "services/{service}/bindings"},
	{"PublishServiceVersion", "POST", "services/{service}/versions"},
	{"PutFunctionAsyncInvokeConfig", "PUT", "services/{service}/functions/{function}/async-invoke-config"},
	{"PutFunctionOnDemandConfig", "PUT", "services/{service}/functions/{function}/on-demand-config"},
	{"PutLayerACL", "PUT", "layers/{layer}/acl"},
	{"PutProvisionConfig", "PUT", "services/{service}/functions/{function}/provision-config"},
	{"RegisterEventSource", "POST", "services/{service}/functions/{function}/event-sources"},
	{"ReleaseGPUInstance", "DELETE", "gpuInstances/{instance}"},
	{"StopStatefulAsyncInvocation", "PUT", "services/{service}/functions/{function}/stateful-async-invocations/{task}"},
	{"TagResource", "POST", "tag"},
	{"UntagResource", "DELETE", "tag"},
	{"UntagResource", "PUT", "tag"},
	{"UpdateAlias", "PUT", "services/{service}/aliases/{alias}"},
	{"UpdateCustomDomain", "PUT", "custom-domains/{domain}"},
	{"UpdateFunction", "PUT", "services/{service}/functions/{function}"},
	{"UpdateService", "PUT", "services/{service}"},
	{"UpdateTrigger", "PUT", "services/{service}/functions/{function}/triggers/{trigger}"},
}
