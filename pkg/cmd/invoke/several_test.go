package invokecmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// worldOf has these functions deployed, beside hello; c takes the output of b.
func worldOf(t *testing.T, names ...string) *cmdtest.World {
	t.Helper()
	w := world(t, spec.Edition3)
	for _, name := range names {
		r := w.Add(name)
		client, err := w.Target.Client(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := deploy.Apply(t.Context(), client, deploy.Plan(deploy.Want(r, nil, nil, nil), deploy.Actual{}), deploy.Hooks{}); err != nil {
			t.Fatal(err)
		}
		if name == "c" {
			r.DependsOn = []spec.Reference{{Resource: "b", What: "output"}}
		}
	}
	w.Server.Reset()
	return w
}

// function is the name of the function that a call is for.
func function(c fctest.Call) string {
	parts := strings.Split(c.Path, "/")
	return parts[len(parts)-2]
}

// sayName makes each function answer with its name; those in failing fail.
func sayName(failing ...string) func(fctest.Call) fctest.Reply {
	return func(c fctest.Call) fctest.Reply {
		name := function(c)
		if slices.Contains(failing, name) {
			return answer(map[string]string{fc.HeaderErrorType: fc.ErrorTypeUnhandled}, []byte(`{"errorMessage":"`+name+`"}`))(c)
		}
		return answer(nil, []byte(name))(c)
	}
}

// called are the functions in the order in which they were called.
func called(w *cmdtest.World) []string {
	var names []string
	for _, c := range w.Server.Calls() {
		if strings.HasSuffix(c.Path, "/invocations") {
			names = append(names, function(c))
		}
	}
	return names
}

// TestSeveralAreKeptTogether: they run at the same time, the last one ends first,
// and each one's log and result are shown together, in the file's order.
func TestSeveralAreKeptTogether(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "a", "b")
	var mu sync.Mutex
	gate := map[string]chan struct{}{"hello": make(chan struct{}), "a": make(chan struct{}), "b": make(chan struct{})}
	close(gate["b"])
	next := map[string]string{"b": "a", "a": "hello"}
	w.Server.Invoke = func(c fctest.Call) fctest.Reply {
		name := function(c)
		<-gate[name]
		mu.Lock()
		defer mu.Unlock()
		if after := next[name]; after != "" {
			defer close(gate[after])
		}
		return sayName()(c)
	}
	if err := w.Run(NewCmd(w.Factory, nil), "-e", "x"); err != nil {
		t.Fatal(err)
	}
	if w.Stdout() != "hello\na\nb\n" {
		t.Errorf("stdout %q", w.Stdout())
	}
	var order []string
	for line := range strings.SplitSeq(w.Stderr(), "\n") {
		switch {
		case strings.HasPrefix(line, "==> "):
			order = append(order, line[4:])
		case strings.HasPrefix(line, "✔ "):
			order = append(order, strings.Join(strings.Fields(line)[1:3], " "))
		case strings.HasPrefix(line, "==="):
			order = append(order, strings.Fields(line)[4])
		}
	}
	if got := strings.Join(order, ", "); got != "hello, begin, end, a, begin, end, b, begin, end, hello called, a called, b called" {
		t.Errorf("%s\n%s", got, w.Stderr())
	}
}

func TestSeveralWithAFailure(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "a", "b", "c")
	w.Server.Invoke = sayName("b")
	err := w.Run(NewCmd(w.Factory, nil), "c", "a", "b", "a")
	var known *cmdutil.Error
	if code(err) != cmdutil.ExitFunction || !errors.As(err, &known) || !known.Quiet {
		t.Errorf("err = %v", err)
	}
	if got := called(w); len(got) != 2 || slices.Contains(got, "hello") || slices.Contains(got, "c") {
		t.Errorf("called %v", got)
	}
	if w.Stdout() != "a\n{\"errorMessage\":\"b\"}\n" {
		t.Errorf("stdout %q", w.Stdout())
	}
	want := `\n\n✔ a  called +\S+ *\n✖ b  failed +\S+ +UnhandledInvocationError\n- c  not tried +b failed\n$`
	if !regexp.MustCompile(want).MatchString(w.Stderr()) {
		t.Errorf("no summary in\n%s", w.Stderr())
	}
}

// TestSeveralWorst: what the cloud refuses and what fails are both shown, and the
// exit code is that of the worse.
func TestSeveralWorst(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "a")
	w.Server.Invoke = func(c fctest.Call) fctest.Reply {
		if function(c) == "a" {
			return fctest.Reply{Status: http.StatusForbidden, Body: []byte(`{"Code":"AccessDenied","Message":"no"}`)}
		}
		return sayName()(c)
	}
	err := w.Run(NewCmd(w.Factory, nil), "-o", "json")
	if code(err) != cmdutil.ExitCloud {
		t.Errorf("err = %v", err)
	}
	w.WantStderr("==> a\nerror: ", "AccessDenied", "hint: access test may not do that", "✖ a      failed")
	var got map[string]map[string]any
	if err := json.Unmarshal(w.Out.Bytes(), &got); err != nil || len(got) != 1 || got["hello"]["body"] != "hello" {
		t.Errorf("%v: %s", err, w.Stdout())
	}
}

func TestSeveralAsData(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "a", "b")
	w.Server.Invoke = sayName("a")
	if err := w.Run(NewCmd(w.Factory, nil), "b", "a", "-o", "json"); code(err) != cmdutil.ExitFunction {
		t.Errorf("err = %v", err)
	}
	var got map[string]map[string]any
	if err := json.Unmarshal(w.Out.Bytes(), &got); err != nil || got["b"]["body"] != "b" || got["a"]["errorType"] == nil ||
		strings.Index(w.Stdout(), `"a": {`) > strings.Index(w.Stdout(), `"b": {`) {
		t.Errorf("%v: %s", err, w.Stdout())
	}
	if strings.Contains(w.Stderr(), "Logs begin") {
		t.Errorf("stderr %q", w.Stderr())
	}
	w.Server.Invoke = func(fctest.Call) fctest.Reply { return fctest.Reply{Status: http.StatusAccepted} }
	if err := w.Run(NewCmd(w.Factory, nil), "b", "a", "--invocation-type", "async"); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^a:\n  requestId: req-\S+\nb:\n  requestId: req-\S+\n$`).MatchString(w.Stdout()) {
		t.Errorf("stdout %q", w.Stdout())
	}
	w.Server.Invoke = sayName()
	if err := w.Run(NewCmd(w.Factory, nil), "b", "a", "--silent"); err != nil || w.Stdout() != "a\nb\n" || w.Stderr() != "" {
		t.Errorf("%v, stdout %q, stderr %q", err, w.Stdout(), w.Stderr())
	}
}

// TestSeveralInTheOrderOfTheFlow: all that it names, or those of them that are
// named.
func TestSeveralInTheOrderOfTheFlow(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "a", "b")
	w.Server.Invoke = sayName()
	w.Project.Flow = [][]string{{"b"}, {"hello"}}
	for _, c := range []struct{ args, want string }{{"", "b hello"}, {"a b hello --parallel 1", "a b hello"}, {"hello", "hello"}, {"a", "a"}} {
		w.Server.Reset()
		w.Server.Invoke = sayName()
		if err := w.Run(NewCmd(w.Factory, nil), strings.Fields(c.args)...); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(called(w), " "); got != c.want {
			t.Errorf("%q: %s", c.args, got)
		}
	}
}

// TestHooksOfSeveral: each one's own run around its call and are shown with it,
// the global ones around all.
func TestHooksOfSeveral(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "a")
	w.Server.Invoke = sayName("a")
	for _, when := range []string{"pre", "success", "fail", "complete"} {
		action := func(of string) spec.Action {
			return spec.Action{When: when, Command: "invoke", Run: fmt.Sprintf("echo %s %s", of, when), Path: w.Project.Dir}
		}
		w.Project.Actions = append(w.Project.Actions, action("all"))
		for _, r := range w.Project.Resources {
			r.Actions = append(r.Actions, action(r.Name))
		}
	}
	if err := w.Run(NewCmd(w.Factory, nil)); code(err) != cmdutil.ExitFunction {
		t.Errorf("err = %v", err)
	}
	var ran []string
	for line := range strings.SplitSeq(w.Stderr(), "\n") {
		if of, when, ok := strings.Cut(line, " "); ok && slices.Contains([]string{"all", "hello", "a"}, of) {
			ran = append(ran, of+"-"+when)
		}
	}
	if got := strings.Join(ran, " "); got != "all-pre hello-pre hello-success hello-complete a-pre a-fail a-complete all-fail all-complete" {
		t.Errorf("ran %s", got)
	}
}

// TestSeveralRunLocally: the target is asked for once, all have the same code.
func TestSeveralRunLocally(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{spec.Edition1, spec.Edition3} {
		w := cmdtest.New(t, edition)
		w.Add("a")
		w.Add("b")
		if err := w.Run(NewCmd(w.Factory, nil), "-e", "x"); err != nil || w.Stdout() != "x\nx\nx\n" {
			t.Errorf("%s: %v, stdout %q\n%s", edition, err, w.Stdout(), w.Stderr())
		}
		for _, name := range []string{"hello", "a", "b"} {
			w.WantStderr("==> " + name + "\n" + name + " is not deployed (access test, cn-hangzhou): running it locally\n=======")
		}
		if w.TargetsRequested != 1 {
			t.Errorf("%s: %d targets", edition, w.TargetsRequested)
		}
	}
}
