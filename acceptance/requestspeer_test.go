package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"s/pkg/fc/shape"
)

// peerFacts are facts about the peer's client (fc3 0.1.22), recorded for the same
// blocks of s.yaml: how many calls it makes for a command, and what its writes say.
// Names of functions, layers and domains are those of our files.
type peerFacts struct {
	Calls    map[string]int           `json:"calls"`
	Requests map[string][]peerRequest `json:"requests"`
}

type peerRequest struct {
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Query  map[string]string `json:"query"`
	Body   map[string]any    `json:"body"`
}

func readPeerFacts(t *testing.T, name, account string) peerFacts {
	t.Helper()
	var facts peerFacts
	data, err := os.ReadFile(filepath.Join("testdata", "requests", name, "peer.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return facts
	}
	if err == nil {
		err = json.Unmarshal(bytes.ReplaceAll(data, []byte(someAccount), []byte(account)), &facts)
	}
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// check holds our calls of a command against the peer's: ours makes each of them,
// unless it is one that isn't needed, and says the same.
func (f peerFacts) check(t *testing.T, step string, calls []*call) {
	t.Helper()
	for _, theirs := range f.Requests[step] {
		operation := shape.Operation(theirs.Method, theirs.Path)
		if operation == "" {
			t.Fatalf("%s %s of the peer is no operation", theirs.Method, theirs.Path)
		}
		best := []string{"we don't make it"}
		for i, ours := range same(theirs, calls) {
			if found := theirs.differences(t, operation, ours); i == 0 || len(found) < len(best) {
				best = found
			}
		}
		if reason := needless(step, operation); reason != "" && len(same(theirs, calls)) == 0 {
			continue
		}
		for _, difference := range best {
			t.Errorf("%s: %s %s of the peer: %s", step, theirs.Method, theirs.Path, difference)
		}
	}
}

// same finds the calls of ours that may be one of the peer's.
func same(theirs peerRequest, calls []*call) []*call {
	query := url.Values{}
	for name, value := range theirs.Query {
		query.Set(name, value)
	}
	return slices.DeleteFunc(slices.Clone(calls), func(c *call) bool {
		return c.method != theirs.Method || c.path != theirs.Path || c.query.Encode() != query.Encode() || c.status >= 300
	})
}

// differences tells what ours says otherwise, but for what is meant to be so.
func (p peerRequest) differences(t *testing.T, operation string, ours *call) []string {
	t.Helper()
	var body map[string]any
	if len(ours.body) > 0 {
		if err := json.Unmarshal(ours.body, &body); err != nil {
			t.Fatal(err)
		}
	}
	names := map[string]bool{}
	for name := range p.Body {
		names[name] = true
	}
	for name := range body {
		names[name] = true
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		theirs, mine := meaning(name, p.Body[name]), meaning(name, body[name])
		if reflect.DeepEqual(theirs, mine) || deliberate(operation, name, theirs, mine, body) {
			continue
		}
		found = append(found, fmt.Sprintf("%s is %s, ours is %s", name, asJSON(theirs), asJSON(mine)))
	}
	return found
}

// meaning is a value without its spelling: a trigger's configuration is JSON in text.
func meaning(name string, value any) any {
	text, ok := value.(string)
	if !ok || name != "triggerConfig" {
		return value
	}
	var config any
	if json.Unmarshal([]byte(text), &config) != nil {
		return value
	}
	return config
}

func asJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// needless gives the reason why we don't make a call of the peer's.
func needless(step, operation string) string {
	switch {
	case step == "back" && strings.HasPrefix(operation, "Update"), step == "back" && strings.HasPrefix(operation, "Put"):
		return "it writes everything at every deployment, we write what changed"
	}
	return ""
}

// difference is something that ours says otherwise, on purpose.
type difference struct {
	operations string // in which; empty is all
	field      string
	theirs     []string // what the peer may say there, as JSON; empty is anything
	ours       string   // what we must say, as JSON; "null" is nothing, empty is anything
	reason     string
}

const (
	unnamed    = "s.yaml doesn't name it: the API's default, which is the same, or what was there"
	nothingSet = "s.yaml doesn't name it, and the peer's value sets nothing"
)

// differences is the list of them.
func differences() []difference {
	const function = "CreateFunction UpdateFunction"
	return []difference{
		{"CreateFunction UpdateFunction CreateLayerVersion", "code", nil, "", "small code is in the request itself, with its checksum, instead of in an object: two calls less"},
		{"", "description", []string{`""`}, "null", nothingSet},
		{function, "environmentVariables", []string{`{}`}, "null", nothingSet},
		{function, "layers", []string{`[]`}, "null", nothingSet},
		{function, "role", []string{`""`}, "null", nothingSet},
		{function, "tracingConfig", []string{`{}`}, "null", nothingSet},
		{function, "vpcConfig", []string{`{"securityGroupId":"","vSwitchIds":[],"vpcId":""}`}, "null", nothingSet},
		{function, "nasConfig", []string{`{"groupId":0,"mountPoints":[],"userId":0}`}, "null", nothingSet},
		{function, "ossMountConfig", []string{`{"mountPoints":[]}`}, "null", nothingSet},
		{function, "logConfig", []string{`{"enableInstanceMetrics":false,"enableRequestMetrics":false,"logBeginRule":"None","logstore":"","project":""}`}, "null", nothingSet},
		{function, "instanceLifecycleConfig", []string{`{}`, `{"initializer":{"command":[],"handler":"","timeout":3},"preStop":{"command":[],"handler":"","timeout":3}}`}, "null", nothingSet},
		{function, "instanceIsolationMode", []string{`"SHARE"`}, "null", unnamed},
		{function, "sessionAffinity", []string{`"NONE"`}, "null", unnamed},
		{"PutProvisionConfig", "alwaysAllocateGPU", []string{`null`}, "false", "s.yaml must name it; the recorded file didn't"},
		{"PutProvisionConfig", "target", []string{`1`}, "null", "its name in 3.0 is defaultTarget"},
		{"PutProvisionConfig", "defaultTarget", []string{`null`}, "1", "the same"},
		{"CreateAlias", "additionalVersionWeight", []string{`null`}, "{}", "an alias without a split says so, as an update of it must"},
		{"CreateAlias", "description", []string{`null`}, `""`, "the same"},
		{"PutAsyncInvokeConfig", "destinationConfig", []string{`{}`}, "null", nothingSet},
	}
}

// deliberate tells whether a difference is on the list.
func deliberate(operation, field string, theirs, ours any, body map[string]any) bool {
	for _, d := range differences() {
		if d.field != field || d.operations != "" && !slices.Contains(strings.Fields(d.operations), operation) {
			continue
		}
		if field == "code" {
			code, _ := body["code"].(map[string]any)
			return theirs != nil && code["zipFile"] != nil
		}
		if slices.Contains(d.theirs, asJSON(theirs)) && asJSON(ours) == d.ours {
			return true
		}
	}
	return false
}

// TestPeerDifferences: another value isn't taken for the same, and a call that isn't
// made is missed.
func TestPeerDifferences(t *testing.T) {
	t.Parallel()
	put := func(body string) []*call {
		return []*call{{method: "PUT", path: "/2023-03-30/functions/f/triggers/t", status: 200, body: []byte(body)}}
	}
	theirs := peerRequest{Method: "PUT", Path: "/2023-03-30/functions/f/triggers/t", Body: map[string]any{
		"description": "", "qualifier": "LATEST", "triggerConfig": `{"a":1,"b":[2]}`,
	}}
	for _, test := range []struct {
		body string
		want string
	}{
		{`{"qualifier":"LATEST","triggerConfig":"{\"b\":[2],\"a\":1}"}`, ""},
		{`{"qualifier":"LATEST","triggerConfig":"{\"b\":[2]}"}`, `triggerConfig is {"a":1,"b":[2]}, ours is {"b":[2]}`},
		{`{"triggerConfig":"{\"b\":[2],\"a\":1}","invocationRole":"r"}`, `invocationRole is null, ours is "r"; qualifier is "LATEST", ours is null`},
		{`{"qualifier":"LATEST","description":"x","triggerConfig":"{\"b\":[2],\"a\":1}"}`, `description is "", ours is "x"`},
	} {
		ours := same(theirs, put(test.body))
		if len(ours) != 1 {
			t.Fatal("not the same call")
		}
		if got := strings.Join(theirs.differences(t, "UpdateTrigger", ours[0]), "; "); got != test.want {
			t.Errorf("%s: %s, want %s", test.body, got, test.want)
		}
	}
	theirs.Query = map[string]string{"qualifier": "LATEST"}
	if found := same(theirs, put("{}")); len(found) > 0 {
		t.Error("a call with another query is taken for the same")
	}
	for _, d := range differences() {
		if d.reason == "" {
			t.Errorf("%s %s has no reason", d.operations, d.field)
		}
	}
}
