package event

import (
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"s/pkg/fc"
)

// Every trigger type of s.yaml has a sample, every sample a type.
func TestSamples(t *testing.T) {
	t.Parallel()
	for _, kind := range fc.TriggerTypes() {
		if !slices.Contains(Names(), kind) {
			t.Errorf("no sample of %s", kind)
		}
	}
	files, err := fs.Glob(samples, "samples/*.json")
	if err != nil || len(files) != len(Names()) {
		t.Errorf("%d files for %d types, %v", len(files), len(Names()), err)
	}
	for _, kind := range Types() {
		text, err := Sample(kind.Name)
		var doc any
		if err == nil {
			err = json.Unmarshal(text, &doc)
		}
		if err != nil {
			t.Errorf("%s: %v", kind.Name, err)
			continue
		}
		for _, f := range kind.Fields {
			for _, path := range f.Paths {
				if at(doc, strings.Split(path, ".")) == nil {
					t.Errorf("%s has no %s", kind.Name, path)
				}
			}
			changed, err := Sample(kind.Name, f.Name+"=7357")
			if err != nil || strings.Count(string(changed), "7357") < len(f.Paths) {
				t.Errorf("%s with %s: %s, %v", kind.Name, f.Name, changed, err)
			}
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"oss": "oss", "OSS": "oss", "sls": "log", "mns-topic": "mns_topic", "mns": "mns_topic", "cdn": "cdn_events", "Kafka": "kafka",
	} {
		if got, err := Find(name); err != nil || got.Name != want {
			t.Errorf("%s is %s, %v", name, got.Name, err)
		}
	}
	var unknown *UnknownTypeError
	if _, err := Sample("fax"); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "http, timer, oss") {
		t.Errorf("%v", err)
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	const doc = `{"a":{"name":"x","n":1,"deep":[{"k":"v"},{"k":"w"}]},"b":{"name":"y"},"list":[1,2]}`
	for _, tt := range []struct{ path, value, want string }{
		{"a.name", "z", `"name":"z","n":1`},
		{"a.n", "5", `"n":5`},
		{"a.n", "12345678901234567890", `"n":12345678901234567890`},
		{"a.n", "five", `"n":"five"`},
		{"a.n", "1 2", `"n":"1 2"`},
		{"b.name", "5", `"b":{"name":"5"}`},
		{"n", "true", `"n":true`},
		{"deep.1.k", "q", `{"k":"q"}`},
		{"list.0", `{"x":null}`, `"list":[{"x":null},2]`},
		{"new", "text", `"new":"text"`},
		{"b.new", "[1]", `"new":[1]`},
		{"deep.0.new", "", `"new":""`},
	} {
		got, err := changed(doc, tt.path, tt.value)
		if err != nil || !containsAll(got, tt.want) {
			t.Errorf("%s=%s: %s, %v; want %s", tt.path, tt.value, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ path, want string }{
		{"name", "name is at several places of the event: a.name, b.name"},
		{"k", "a.deep.0.k, a.deep.1.k"},
		{"none.such", "the event has no none.such"},
		{"list.7", "the event has no list.7"},
		{"a.n.x", "the event has no a.n.x"},
		{"k.x", "several places"},
	} {
		var path *PathError
		if got, err := changed(doc, tt.path, "v"); !errors.As(err, &path) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %s, %v; want %s", tt.path, got, err, tt.want)
		}
	}
	if got, err := changed(`[1]`, "new", "v"); err == nil {
		t.Errorf("a list got a key: %s", got)
	}
}

func changed(text, path, value string) (string, error) {
	var doc any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&doc); err != nil {
		return "", err
	}
	if err := set(&doc, path, value); err != nil {
		return "", err
	}
	out, err := json.Marshal(doc)
	return string(out), err
}

// containsAll compares without regard to the order of keys.
func containsAll(got, want string) bool {
	for part := range strings.SplitSeq(want, ",\"") {
		part = strings.TrimPrefix(part, `"`)
		if !strings.Contains(got, part) {
			return false
		}
	}
	return true
}

func TestSetNeedsAValue(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"key", "=v", ""} {
		if _, err := Sample("oss", s); err == nil || !strings.Contains(err.Error(), "PATH=VALUE") {
			t.Errorf("%q: %v", s, err)
		}
	}
	text, err := Sample("http", "headers.X-Token=a=b&c<d>", "path=/x")
	if err != nil || !strings.Contains(string(text), `"X-Token": "a=b&c<d>"`) || strings.Count(string(text), `"/x"`) != 2 {
		t.Errorf("%s, %v", text, err)
	}
}

// What depends on a value that is set fits it, unless it is set itself.
func TestFollow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind string
		sets []string
		want []string
	}{
		{"oss", []string{"bucket=b", "region=cn-beijing"}, []string{`"arn": "acs:oss:cn-beijing:123456789012****:b"`}},
		{"oss", []string{"bucket=b", "events.0.oss.bucket.arn=mine"}, []string{`"arn": "mine"`, `"name": "b"`}},
		{"oss", []string{"arn=mine", "bucket=b"}, []string{`"arn": "mine"`}},
		{"oss", []string{"size=7"}, []string{`"size": 7`, `"deltaSize": 7`, `:example-bucket"`}},
		{"mns_topic", []string{"message=abc"}, []string{`"MessageMD5": "900150983CD24FB0D6963F7D28E17F72"`}},
		{"kafka", []string{"topic=t"}, []string{`"subject": "acs:alikafka:alikafka_pre-cn-example:topic:t"`}},
		{"rocketmq", []string{"topic=t"}, []string{`MQ_INST_example%t"`}},
		{"http", []string{"path=/x/中 y?a=1&b=2&a=3"}, []string{
			`"rawPath": "/x/%E4%B8%AD%20y"`, `"path": "/x/中 y"`, `"a": "1,3"`, `"b": "2"`,
		}},
		{"http", []string{"path=/a%2Fb"}, []string{`"rawPath": "/a%2Fb"`, `"path": "/a/b"`, `"queryParameters": {}`}},
		{"http", []string{"path=/100%"}, []string{`"rawPath": "/100%25"`, `"path": "/100%"`}},
		{"http", []string{"path=/a?x=1", "queryParameters.x=2"}, []string{`"x": 2`}},
		{"http", []string{"host=shop.example.com"}, []string{`"domainPrefix": "shop"`}},
	} {
		got, err := Sample(tt.kind, tt.sets...)
		for _, want := range tt.want {
			if err != nil || !strings.Contains(string(got), want) {
				t.Errorf("%s %q: no %s in %s, %v", tt.kind, tt.sets, want, got, err)
			}
		}
	}
	for _, size := range []string{"big", "-1", "1.5", ""} {
		if got, err := Sample("oss", "size="+size); err == nil || !strings.Contains(err.Error(), "takes a whole number") {
			t.Errorf("size %q: %s, %v", size, got, err)
		}
	}
}

func FuzzSet(f *testing.F) {
	f.Add("a.b", "1")
	f.Add("0", "{")
	f.Add("events..0", "")
	f.Add("bucket.name", `"x"`)
	f.Fuzz(func(t *testing.T, path, value string) {
		text, err := Sample("oss", path+"="+value)
		if err == nil && !json.Valid(text) {
			t.Errorf("%q=%q gives %s", path, value, text)
		}
	})
}
