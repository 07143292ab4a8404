package sls

import (
	"net/http"
	"strings"
)

// unserved are the operations of SLS (its API reference, version 2020-12-30) that
// aren't served, by method, path and the parameter type or action. A * is any name.
func unserved() map[string]string {
	return map[string]string{
		"GET /logs":                                     "GetProjectLogs",
		"GET /policy":                                   "GetProjectPolicy",
		"POST /policy":                                  "PutProjectPolicy",
		"DELETE /policy":                                "DeleteProjectPolicy",
		"POST /tag":                                     "TagResources",
		"POST /untag":                                   "UntagResources",
		"GET /tags":                                     "ListTagResources",
		"PUT /resourcegroup":                            "ChangeResourceGroup",
		"GET /logging":                                  "GetLogging",
		"POST /logging":                                 "CreateLogging",
		"PUT /logging":                                  "UpdateLogging",
		"DELETE /logging":                               "DeleteLogging",
		"GET /":                                         "ListProject",
		"PUT /":                                         "UpdateProject",
		"PUT /logstores/*":                              "UpdateLogStore",
		"GET /logstores/* context_log":                  "GetContextLogs",
		"DELETE /logstores/*/index":                     "DeleteIndex",
		"PUT /logstores/*/mode":                         "UpdateLogStoreMeteringMode",
		"GET /logstores/*/shards":                       "ListShards",
		"POST /logstores/*/shards/* split":              "SplitShard",
		"POST /logstores/*/shards/* merge":              "MergeShards",
		"GET /logstores/*/shards/* cursor":              "GetCursor",
		"GET /logstores/*/shards/* cursor_time":         "GetCursorTime",
		"GET /logstores/*/shards/* log":                 "PullLogs",
		"GET /logstores/*/shards/* logs":                "PullLogs",
		"POST /logstores/*/consumergroups":              "CreateConsumerGroup",
		"GET /logstores/*/consumergroups":               "ListConsumerGroup",
		"PUT /logstores/*/consumergroups/*":             "UpdateConsumerGroup",
		"GET /logstores/*/consumergroups/*":             "GetCheckPoint",
		"DELETE /logstores/*/consumergroups/*":          "DeleteConsumerGroup",
		"POST /logstores/*/consumergroups/* heartbeat":  "ConsumerGroupHeartBeat",
		"POST /logstores/*/consumergroups/* checkpoint": "ConsumerGroupUpdateCheckPoint",
	}
}

// collections are the resources of a project that are made, listed and so on in one
// way: by the last of their path, what one of them is called and what many are.
func collections() map[string][2]string {
	return map[string][2]string{
		"machinegroups": {"MachineGroup", "MachineGroup"}, "configs": {"Config", "Config"}, "savedsearches": {"SavedSearch", "SavedSearch"}, "savedsearch": {"SavedSearch", "SavedSearch"},
		"dashboards": {"Dashboard", "Dashboard"}, "domains": {"Domain", "Domains"}, "alerts": {"Alert", "Alerts"}, "etls": {"ETL", "ETLs"},
		"ossexports": {"OSSExport", "OSSExports"}, "scheduledsqls": {"ScheduledSQL", "ScheduledSQLs"}, "ossingestions": {"OSSIngestion", "OSSIngestions"},
		"sqlinstance": {"SqlInstance", "SqlInstance"}, "jobs": {"Job", "Jobs"}, "pipelineconfigs": {"LogtailPipelineConfig", "LogtailPipelineConfig"},
		"tickets": {"Ticket", "Tickets"}, "views": {"View", "Views"}, "metricstores": {"MetricStore", "MetricStores"}, "collectionpolicies": {"CollectionPolicy", "CollectionPolicies"},
	}
}

// operationName is what SLS calls an operation that isn't served; empty if that
// isn't known.
func operationName(method string, path []string, kind string) string {
	wild := make([]string, len(path))
	for i, segment := range path {
		if wild[i] = segment; i%2 == 1 && segment != "index" && segment != "mode" {
			wild[i] = "*"
		}
	}
	known := unserved()
	for _, p := range [][]string{path, append(append([]string{}, wild[:len(wild)-1]...), path[len(path)-1]), wild} {
		pattern := method + " /" + strings.Join(p, "/")
		for _, name := range []string{known[strings.TrimSpace(pattern+" "+kind)], known[pattern]} {
			if name != "" {
				return name
			}
		}
	}
	names, ok := collections()[path[0]]
	switch {
	case !ok || len(path) > 2:
		return ""
	case len(path) == 1 && method == http.MethodGet:
		return "List" + names[1]
	case len(path) == 1 && method == http.MethodPost:
		return "Create" + names[0]
	}
	if verb := map[string]string{http.MethodGet: "Get", http.MethodPut: "Update", http.MethodDelete: "Delete"}[method]; verb != "" && len(path) == 2 {
		return verb + names[0]
	}
	return ""
}

func (c *call) notServed(path []string) error {
	what := "'" + c.r.Method + "' against '" + c.r.URL.Path + "' of SLS"
	kind := c.query.Get("type") + c.query.Get("action")
	if name := operationName(c.r.Method, path, kind); name != "" {
		what = name + " (" + what + ")"
	}
	return failure(http.StatusNotImplemented, "NotImplemented", what+" is not served by the local cloud")
}
