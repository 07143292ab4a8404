package sls

import (
	"net/url"
	"strings"
	"testing"
)

// TestNamesOfWhatIsNotServed: an operation of SLS that isn't served is answered with
// 501 and its name.
func TestNamesOfWhatIsNotServed(t *testing.T) {
	w := newWorld(t)
	for what, name := range map[string]string{
		"PUT /":                                                           "UpdateProject",
		"PUT /logstores/logs":                                             "UpdateLogStore",
		"DELETE /logstores/logs/index":                                    "DeleteIndex",
		"GET /logstores/logs?type=context_log":                            "GetContextLogs",
		"GET /logstores/logs/shards":                                      "ListShards",
		"POST /logstores/logs/shards/0?action=split&key=ef":               "SplitShard",
		"POST /logstores/logs/shards/0?action=merge":                      "MergeShards",
		"GET /logstores/logs/shards/0?type=cursor&from=1":                 "GetCursor",
		"GET /logstores/logs/shards/0?type=log&cursor=a":                  "PullLogs",
		"GET /logstores/logs/consumergroups":                              "ListConsumerGroup",
		"POST /logstores/logs/consumergroups/g?type=heartbeat&consumer=c": "ConsumerGroupHeartBeat",
		"GET /machinegroups":                                              "ListMachineGroup",
		"POST /machinegroups":                                             "CreateMachineGroup",
		"GET /machinegroups/g":                                            "GetMachineGroup",
		"GET /savedsearches":                                              "ListSavedSearch",
		"PUT /dashboards/d":                                               "UpdateDashboard",
		"DELETE /alerts/a":                                                "DeleteAlert",
		"GET /logs?query=x":                                               "GetProjectLogs",
		"GET /neverheardof/a/b/c":                                         "'GET' against '/neverheardof/a/b/c' of SLS",
	} {
		method, target, _ := strings.Cut(what, " ")
		w.do(method, "functions", target, "").is(501, "NotImplemented").says(`"errorMessage":"` + name)
	}
	w.do("GET", "", "/", "").is(501, "NotImplemented").says("ListProject")
}

// TestQueriesThatAreNotServed: what SLS could answer isn't called wrong.
func TestQueriesThatAreNotServed(t *testing.T) {
	w := newWorld(t)
	for query, says := range map[string]string{
		"* | select count(*)":                      "SQL",
		`functionName: f | select message limit 1`: "SQL",
		"__time__ > 5":                             "'\\u003e'",
		"a: [1 2]":                                 "'['",
		`#"a phrase"`:                              "'#'",
	} {
		for _, kind := range []string{"log", "histogram"} {
			w.do("GET", "functions", "/logstores/logs?from=1&to=2&type="+kind+"&query="+url.QueryEscape(query), "").
				is(501, "NotImplemented").says(says).says("is not served by the local cloud")
		}
		body := `{"from":1,"to":2,"query":"` + strings.ReplaceAll(query, `"`, `\"`) + `"}`
		w.do("POST", "functions", "/logstores/logs/logs", body).is(501, "NotImplemented").says(says)
	}
	w.do("GET", "functions", "/logstores/logs?from=1&to=2&type=log&query="+url.QueryEscape(`"a | b"`), "").is(200, "")
}
