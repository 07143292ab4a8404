package fc

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAffinity(t *testing.T) {
	hours := 6 * time.Hour
	for _, c := range []struct {
		name string
		f    Function
		want *Affinity
	}{
		{"none", Function{}, nil},
		{"NONE", Function{SessionAffinity: "NONE", SessionAffinityConfig: "{"}, nil},
		{"defaults", Function{Runtime: "custom", SessionAffinity: AffinityCookie}, &Affinity{
			Type: AffinityCookie, PerInstance: 20, TTL: hours, Idle: 30 * time.Minute,
		}},
		{"header", Function{Runtime: "custom", SessionAffinity: AffinityHeader, SessionAffinityConfig: `{
			"affinityHeaderFieldName": "mySession", "sessionConcurrencyPerInstance": 200, "sessionIdleTimeoutInSeconds": 5,
			"sessionTTLInSeconds": 21600, "disableSessionIdReuse": true}`}, &Affinity{
			Type: AffinityHeader, Header: "Mysession", PerInstance: 200, TTL: hours, Idle: 5 * time.Second, DisableReuse: true,
		}},
		{"zero is the default", Function{Runtime: "custom", SessionAffinity: AffinityCookie, SessionAffinityConfig: `{
			"sessionIdleTimeoutInSeconds": 0, "sessionTTLInSeconds": 0}`}, &Affinity{
			Type: AffinityCookie, PerInstance: 20, TTL: hours, Idle: 30 * time.Minute,
		}},
		{"stream", Function{Runtime: "custom.debian10", SessionAffinity: AffinityMCPSSE}, &Affinity{
			Type: AffinityMCPSSE, SSEPath: "/sse", PerInstance: 20,
		}},
		{"path", Function{Runtime: "custom-container", SessionAffinity: AffinityMCPSSE, SessionAffinityConfig: `{"sseEndpointPath": "mcp/sse"}`}, &Affinity{
			Type: AffinityMCPSSE, SSEPath: "/mcp/sse", PerInstance: 20,
		}},
		{"streamable", Function{Runtime: "custom", SessionAffinity: "MCP_STREAMABLE_HTTP"}, &Affinity{
			Type: AffinityMCPStreamable, Header: "Mcp-Session-Id", PerInstance: 20, TTL: hours, Idle: 30 * time.Minute,
		}},
		{"a built-in runtime has one", Function{Runtime: "python3.10", InstanceConcurrency: 1, SessionAffinity: AffinityCookie}, &Affinity{
			Type: AffinityCookie, PerInstance: 1, TTL: hours, Idle: 30 * time.Minute,
		}},
		{"exclusive", Function{Runtime: "custom", CPU: 2, SessionAffinity: AffinityCookie, InstanceIsolationMode: IsolationSession}, &Affinity{
			Type: AffinityCookie, PerInstance: 1, TTL: hours, Idle: 30 * time.Minute, Exclusive: true,
		}},
	} {
		got, err := c.f.Affinity()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestAffinityErrors(t *testing.T) {
	for _, c := range []struct {
		want string
		f    Function
	}{
		{"sessionAffinity 'cookie' is not one of", Function{SessionAffinity: "cookie"}},
		{"is not the JSON", Function{SessionAffinity: AffinityCookie, SessionAffinityConfig: "{"}},
		{"is not the JSON", Function{SessionAffinity: AffinityCookie, SessionAffinityConfig: `{"sessionTTLInSeconds": "1"}`}},
		{"sessionConcurrencyPerInstance must be between 1 and 200, it is 0", Function{SessionAffinity: AffinityCookie, SessionAffinityConfig: `{"sessionConcurrencyPerInstance": 0}`}},
		{"it is 201", Function{SessionAffinity: AffinityCookie, SessionAffinityConfig: `{"sessionConcurrencyPerInstance": 201}`}},
		{"sessionTTLInSeconds must be between 0 and 21600, it is 21601", Function{SessionAffinity: AffinityCookie, SessionAffinityConfig: `{"sessionTTLInSeconds": 21601}`}},
		{"sessionIdleTimeoutInSeconds must be between 0 and 21600, it is -1", Function{SessionAffinity: AffinityCookie, SessionAffinityConfig: `{"sessionIdleTimeoutInSeconds": -1}`}},
		{"affinityHeaderFieldName must be", Function{SessionAffinity: AffinityHeader}},
		{"it is 'four'", Function{SessionAffinity: AffinityHeader, SessionAffinityConfig: `{"affinityHeaderFieldName": "four"}`}},
		{"it is 'X-Fc-Mine'", Function{SessionAffinity: AffinityHeader, SessionAffinityConfig: `{"affinityHeaderFieldName": "X-Fc-Mine"}`}},
		{"it is '1session'", Function{SessionAffinity: AffinityHeader, SessionAffinityConfig: `{"affinityHeaderFieldName": "1session"}`}},
		{"isn't for built-in runtimes", Function{Runtime: "python3.10", SessionAffinity: AffinityMCPSSE}},
		{"SESSION_EXCLUSIVE needs a sessionAffinity", Function{InstanceIsolationMode: IsolationSession}},
		{"can't be together", Function{SessionAffinity: AffinityCookie, InstanceIsolationMode: IsolationRequest}},
		{"needs a cpu of at least 2, it is 1.5", Function{CPU: 1.5, InstanceIsolationMode: IsolationRequest}},
		{"instanceIsolationMode 'ALONE' is not one of", Function{InstanceIsolationMode: "ALONE"}},
	} {
		a, err := c.f.Affinity()
		if err == nil || a != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.f, err, c.want)
		}
	}
}

func TestConcurrency(t *testing.T) {
	for _, c := range []struct {
		f    Function
		want int
	}{
		{Function{}, 1},
		{Function{InstanceConcurrency: 7}, 7},
		{Function{InstanceConcurrency: 1000}, 200},
		{Function{Runtime: "custom", InstanceConcurrency: 7}, 7},
		{Function{Runtime: "custom", InstanceConcurrency: 7, SessionAffinity: AffinityNone}, 7},
		{Function{Runtime: "custom", InstanceConcurrency: 7, SessionAffinity: AffinityCookie}, 200},
		{Function{Runtime: "python3.10", InstanceConcurrency: 7, SessionAffinity: AffinityCookie}, 7},
		{Function{Runtime: "custom", InstanceConcurrency: 7, InstanceIsolationMode: IsolationRequest}, 1},
	} {
		if got := c.f.Concurrency(); got != c.want {
			t.Errorf("%+v: %d, want %d", c.f, got, c.want)
		}
	}
}

func TestIsSessionID(t *testing.T) {
	for id, want := range map[string]bool{
		"a": true, "_": true, "0-_": true, strings.Repeat("a", 64): true,
		"": false, "-a": false, strings.Repeat("a", 65): false, "a b": false, "ä": false, "a\n": false,
	} {
		if IsSessionID(id) != want {
			t.Errorf("%q: want %v", id, want)
		}
	}
}
