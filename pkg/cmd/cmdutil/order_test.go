package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/spec"
)

// graph makes a project of "a:b,c d" texts: a takes the output of b and c; a name
// with ! takes the other's info.
func graph(text string) *spec.Project {
	p := &spec.Project{File: "s.yaml"}
	for word := range strings.FieldsSeq(text) {
		name, needs, _ := strings.Cut(word, ":")
		r := &spec.Resource{Name: name}
		for need := range strings.SplitSeq(needs, ",") {
			ref := spec.Reference{Resource: strings.TrimSuffix(need, "!"), What: output}
			if strings.HasSuffix(need, "!") {
				ref.What = "info"
			}
			if need != "" {
				r.DependsOn = append(r.DependsOn, ref)
			}
		}
		p.Resources = append(p.Resources, r)
	}
	return p
}

func TestOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, graph, want string }{
		{"none", "", "[]"},
		{"independent", "a b c", "[[a b c]]"},
		{"chain backwards", "a:b b:c c", "[[c] [b] [a]]"},
		{"diamond", "a b:a c:a d:b,c", "[[a] [b c] [d]]"},
		{"the longest way counts", "a b:a c:a,b d:a", "[[a] [b d] [c]]"},
		{"info waits for nobody", "a:b! b", "[[a b]]"},
		{"itself", "a:a b", "[[a b]]"},
		{"one that isn't there", "a:gone b", "[[a b]]"},
		{"a circle ends", "a:b b:a", "[[b] [a]]"},
	} {
		p := graph(c.graph)
		got, err := Order(p, p.Resources, false)
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s (%v)", c.name, got, c.want, err)
		}
		n := 0
		for _, group := range got {
			n += len(group)
		}
		if n != len(p.Resources) {
			t.Errorf("%s: %v has %d of %d resources", c.name, got, n, len(p.Resources))
		}
	}
}

// TestOrderOfSome: what isn't asked for is waited for by nobody.
func TestOrderOfSome(t *testing.T) {
	t.Parallel()
	p := graph("a:b b:c c")
	got, err := Order(p, []*spec.Resource{p.Resources[0], p.Resources[2]}, false)
	if err != nil || fmt.Sprint(got) != "[[a c]]" {
		t.Errorf("%v %v", got, err)
	}
	for _, c := range []struct{ graph, flow, names, want string }{
		{"a b c", "c/a,b", "a b c", "[[c] [a b]]"},
		{"a b c", "c/a,b", "a b", "[[a b]]"},
		{"a b c d", "c/a", "a b c d", "[[b c d] [a]]"},
		{"a b:a c d:a", "c/a", "d a b", "[[a] [b d]]"},
		{"a:d b c d", "b,a/c", "a b c d", "[[b d] [a] [c]]"}, // beside the flow, what a waits for
		{"a b c:a", "b/c/a", "c a", "error"},
		{"a:u b u:b", "a/b", "a u b", "error"}, // only by way of u
		{"a:u b u:b", "a/b", "a b", "[[a] [b]]"},
	} {
		p := graph(c.graph)
		for group := range strings.SplitSeq(c.flow, "/") {
			p.Flow = append(p.Flow, strings.Split(group, ","))
		}
		list, err := Resources(p, strings.Fields(c.names))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Order(p, list, true)
		var known *Error
		if c.want == "error" {
			if !errors.As(err, &known) || known.Code != ExitSpec {
				t.Errorf("%+v: %v %v", c, got, err)
			}
			continue
		}
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%+v: %v %v", c, got, err)
		}
	}
	p.Flow = [][]string{{"b"}, {"c"}}
	got, err = Order(p, p.Resources[:1], true)
	if err != nil || fmt.Sprint(got) != "[[a]]" {
		t.Errorf("one by name: %v %v", got, err)
	}
}

func TestFlowAgainstDependencies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		graph string
		flow  [][]string
		ok    bool
	}{
		{"a b", [][]string{{"b"}, {"a"}}, true},
		{"a:b b", [][]string{{"b"}, {"a"}}, true},
		{"a:b b", [][]string{{"a"}, {"b"}}, false},
		{"a:b b", [][]string{{"a", "b"}}, false},
		{"a:b b", [][]string{{"a"}}, true},
		{"a:b! b", [][]string{{"a"}, {"b"}}, true},
		{"a:a b", [][]string{{"a"}}, true},
		{"a:b b:c c", [][]string{{"c"}, {"b"}, {"a"}}, true},
		{"a:b b:c c", [][]string{{"b"}, {"c"}, {"a"}}, false},
	} {
		p := graph(c.graph)
		p.Flow = c.flow
		got, err := Order(p, p.Resources, false)
		if c.ok {
			if err != nil || !reflect.DeepEqual(got, c.flow) {
				t.Errorf("%s %v: %v %v", c.graph, c.flow, got, err)
			}
			continue
		}
		var known *Error
		if !errors.As(err, &known) || known.Code != ExitSpec || !strings.Contains(known.Hint, "earlier group") {
			t.Errorf("%s %v: %v", c.graph, c.flow, err)
		}
	}
}

func TestBlocked(t *testing.T) {
	t.Parallel()
	p := graph("a:b,c,d!")
	for _, c := range []struct {
		failed []string
		want   string
	}{{nil, ""}, {[]string{"a"}, ""}, {[]string{"c"}, "c"}, {[]string{"c", "b"}, "b"}, {[]string{"d"}, ""}} {
		failed := map[string]bool{}
		for _, name := range c.failed {
			failed[name] = true
		}
		if got := Blocked(p.Resources[0], failed); got != c.want {
			t.Errorf("%v: %q, want %q", c.failed, got, c.want)
		}
	}
}

func TestAsMap(t *testing.T) {
	t.Parallel()
	if m, ok := AsMap(struct {
		A int `json:"a"`
	}{3}); !ok || m["a"] != 3.0 {
		t.Errorf("%v %v", m, ok)
	}
	for _, v := range []any{nil, 3, "x", []int{1}, make(chan int)} {
		if m, ok := AsMap(v); ok {
			t.Errorf("%v is %v", v, m)
		}
	}
}

// reader is what is deployed.
type reader struct {
	deploy.AroundReader // nothing is around it

	function *fc.Function
	err      error
	calls    int
}

func (r *reader) GetService(context.Context, string) (*fc.Service, error) { return nil, r.err }

func (r *reader) GetFunction(context.Context, string, string) (*fc.Function, error) {
	r.calls++
	return r.function, r.err
}

func (r *reader) ListTriggers(context.Context, string) ([]fc.Trigger, error) { return nil, r.err }

func TestDeployed(t *testing.T) {
	t.Parallel()
	p := graph("a b")
	p.Resources[0].Region = "cn-hangzhou"
	p.Resources[0].Function = fc.Function{FunctionName: "fa"}
	there := &reader{function: &fc.Function{FunctionName: "fa", MemorySize: 512, FunctionID: "id-1"}}
	reading := NewDeployed(context.Background(), p, func(*spec.Resource) (deploy.Reader, error) { return there, nil })
	known := reading.Known
	for range 3 {
		m, ok := known("a", false)
		if !ok || m["functionName"] != "fa" || m["memorySize"] != 512.0 || m["functionId"] != nil {
			t.Fatalf("%v %v", m, ok)
		}
	}
	if m, ok := known("a", true); !ok || m["functionId"] != "id-1" {
		t.Errorf("info: %v %v", m, ok)
	}
	if there.calls != 1 {
		t.Errorf("%d calls", there.calls)
	}
	if _, ok := known("gone", false); ok {
		t.Error("a resource that isn't there is known")
	}
	if err := reading.Err(); err != nil {
		t.Errorf("what isn't there is an error: %v", err)
	}
	refused := errors.New("refused")
	for name, remote := range map[string]func(*spec.Resource) (deploy.Reader, error){
		"an error":  func(*spec.Resource) (deploy.Reader, error) { return &reader{err: refused}, nil },
		"no client": func(*spec.Resource) (deploy.Reader, error) { return nil, refused },
	} {
		failing := NewDeployed(context.Background(), p, remote)
		if _, ok := failing.Known("a", false); ok || !errors.Is(failing.Err(), refused) {
			t.Errorf("%s: known %v, %v", name, ok, failing.Err())
		}
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	p, settled := graph("a b:a"), graph("a b:a")
	p.Resources[1].Open = []spec.Open{{Path: "props.description", Reference: spec.Reference{Resource: "a", What: "output"}}}
	calls := 0
	reload := func(_ context.Context, command string, known Known) (*spec.Project, error) {
		calls++
		if m, ok := known("a", false); command != "deploy" || !ok || m["x"] != 1 {
			t.Errorf("%s: %v %v", command, m, ok)
		}
		return settled, nil
	}
	known := func(string, bool) (map[string]any, bool) { return map[string]any{"x": 1}, true }
	for _, c := range []struct {
		names  []string
		reload Reload
		want   *spec.Project
	}{
		{[]string{"a"}, reload, p},
		{[]string{"gone"}, reload, p},
		{[]string{"a", "b"}, nil, p},
		{[]string{"a", "b"}, reload, settled},
	} {
		got, err := Settle(context.Background(), "deploy", p, c.names, c.reload, known)
		if err != nil || got != c.want {
			t.Errorf("%v: %p %v", c.names, got, err)
		}
	}
	if calls != 1 {
		t.Errorf("loaded %d times", calls)
	}
	var said *Error
	err := Unsettled(p.Resources[1], FirstOpen(p.Resources[1]), "-a", "x")
	if err == nil || !strings.Contains(err.Error(), "props.description of b needs the output of a") || !errors.As(err, &said) || said.Hint != "s deploy a -a x" {
		t.Errorf("got %#v", err)
	}
	if err := Unsettled(p.Resources[0], FirstOpen(p.Resources[0])); err != nil {
		t.Errorf("all is known: %v", err)
	}
}

func TestWaitsFor(t *testing.T) {
	t.Parallel()
	p := graph("a:b,c,b d")
	if got := WaitsFor(p.Resources[0]); got != "b, c" {
		t.Errorf("a waits for %q", got)
	}
	if got := WaitsFor(p.Resources[1]); got != "" {
		t.Errorf("d waits for %q", got)
	}
}
