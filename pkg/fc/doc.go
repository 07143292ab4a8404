// Package fc is the vocabulary of Function Compute: functions, triggers,
// services, invocations, limits, runtimes and API errors, in the shape of the
// FC 3.0 API (version 2023-03-30). It holds data and facts only. It imports
// nothing of ours and knows neither HTTP nor YAML.
package fc

// API versions as they stand in request paths.
const (
	APIVersion3    = "2023-03-30"
	APIVersion2    = "2021-04-06"
	APIVersion2Old = "2016-08-15"
)

// LatestQualifier names the unpublished version of a function.
const LatestQualifier = "LATEST"

// ServiceSeparator joins an FC 2.0 service and its function into the name that
// FC 3.0 shows for it, "service$function".
const ServiceSeparator = "$"
