package acceptance

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"s/pkg/fcclient/faultproxy"
)

// allFaultsEnv makes TestFaults try every fault at every call.
const allFaultsEnv = "S_ACCEPTANCE_FAULTS"

// sampled is how many of the faults of TestFaults are tried otherwise: one in so many.
const sampled = 11

// namedFault is a fault and what it is called.
type namedFault struct {
	name string
	faultproxy.Fault
}

// faultKinds are the faults that a call may meet, in a fixed order.
func faultKinds() []namedFault {
	lost500 := faultproxy.Refused(http.StatusInternalServerError, "InternalServerError")
	lost500.Kind = faultproxy.LostAnswer
	soon := time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat)
	return []namedFault{
		{"cut", faultproxy.Fault{Kind: faultproxy.Cut}},
		{"cut in the body", faultproxy.Fault{Kind: faultproxy.CutBody}},
		{"lost", faultproxy.Fault{Kind: faultproxy.Lost}},
		{"lost half", faultproxy.Fault{Kind: faultproxy.LostHalf}},
		{"lost garbled", faultproxy.Fault{Kind: faultproxy.LostGarbled}},
		{"lost in silence", faultproxy.Fault{Kind: faultproxy.LostInSilence}},
		{"hang", faultproxy.Fault{Kind: faultproxy.Hang}},
		{"delay", faultproxy.Fault{Kind: faultproxy.Delay, Wait: 50 * time.Millisecond}},
		{"429", faultproxy.Refused(http.StatusTooManyRequests, "Throttling", "Retry-After", "0")},
		{"503", faultproxy.Refused(http.StatusServiceUnavailable, "ServiceUnavailable", "Retry-After", soon)},
		{"500", faultproxy.Refused(http.StatusInternalServerError, "InternalServerError")},
		{"500 after it was done", lost500},
		{"502 page", faultproxy.Page(http.StatusBadGateway, "Bad gateway of Example Ltd.")},
		{"404 page", faultproxy.Page(http.StatusNotFound, "Not here")},
		{"login page", faultproxy.Page(http.StatusOK, "Log in to Example Ltd.")},
		{"expired token", faultproxy.Refused(http.StatusForbidden, "InvalidSecurityToken.Expired")},
		{"old HTTP", faultproxy.Fault{Kind: faultproxy.OldHTTP}},
	}
}

// calls gives a rule for each of the calls since Set, without their faults.
func (f *faulty) calls() []faultproxy.Rule {
	var rules []faultproxy.Rule
	seen := map[string]int{}
	for _, c := range f.proxy.Calls() {
		path := strings.ReplaceAll(strings.TrimPrefix(c.Path, "/"), f.name, "NAME")
		seen[c.Method+path]++
		rules = append(rules, faultproxy.Rule{Method: c.Method, Path: path, Nth: seen[c.Method+path]})
	}
	return rules
}

// undisturbed deploys both stages and removes, and gives the calls that each takes
// and what is deployed after the first two.
func undisturbed(f *faulty) (calls map[string][]faultproxy.Rule, states map[string]string) {
	calls, states = map[string][]faultproxy.Rule{}, map[string]string{}
	for _, name := range []string{"s1", "s2"} {
		f.write(stage(f.name, name))
		f.must("deploy", "-y")
		calls[name] = f.calls()
		states[name] = f.state()
	}
	f.must("remove", "-y")
	calls["remove"] = f.calls()
	return calls, states
}

// TestFaults: whatever becomes of whichever call of a deployment or a removal, s says
// what happened and how to go on, and the next run brings about what there is if
// nothing had happened: nothing twice, nothing left.
func TestFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.s("local", "up")
	env := w.localEnv()
	calls, states := undisturbed(newFaulty(t, w, env, "undisturbed"))
	n, tried := 0, 0
	for _, phase := range []string{"s1", "s2", "remove"} {
		if len(calls[phase]) < 8 {
			t.Fatalf("%s makes %d calls", phase, len(calls[phase]))
		}
		for _, rule := range calls[phase] {
			for _, kind := range faultKinds() {
				n++
				if os.Getenv(allFaultsEnv) == "" && n%sampled != 0 {
					continue
				}
				tried++
				name := fmt.Sprintf("f%d", n)
				t.Run(fmt.Sprintf("%s/%s %s %d/%s", phase, rule.Method, rule.Path, rule.Nth, kind.name), func(t *testing.T) {
					t.Parallel()
					f := newFaulty(t, w, env, name)
					rule := rule
					rule.Path, rule.Fault = strings.ReplaceAll(rule.Path, "NAME", name), kind.Fault
					f.disturb(phase, rule, states)
				})
			}
		}
	}
	t.Logf("%d of %d faults", tried, n)
}

// disturb runs a phase with a fault, and then again without.
func (f *faulty) disturb(phase string, rule faultproxy.Rule, states map[string]string) {
	command := "deploy"
	switch phase {
	case "s2":
		f.must("deploy", "-y")
		f.write(stage(f.name, "s2"))
	case "remove":
		f.write(stage(f.name, "s2"))
		f.must("deploy", "-y")
		command = "remove"
	}
	if rule.Kind == faultproxy.Hang || rule.Kind == faultproxy.LostInSilence {
		f.vars["FC_CLIENT_READ_TIMEOUT"] = "2"
	}
	f.proxy.Set(rule)
	got := f.run(command, "-y")
	delete(f.vars, "FC_CLIENT_READ_TIMEOUT")
	if f.proxy.Met() != 1 {
		f.t.Fatalf("%d calls met the fault\n%s", f.proxy.Met(), got.stderr)
	}
	if got.code != 0 {
		f.told(command, got)
	}
	if phase != "remove" {
		f.settled(states[phase])
		return
	}
	f.must("remove", "-y")
	f.proxy.Set()
	if gone := f.run("info"); gone.code == 0 {
		f.t.Errorf("it is there still:\n%s", gone.stdout)
	}
}

// told looks at the report of a command that failed.
func (f *faulty) told(command string, got result) {
	f.t.Helper()
	_, report, failed := strings.Cut(got.stderr, "error: ")
	if !failed || !strings.Contains(report, "hint: ") || got.code != 1 && got.code != 5 {
		f.t.Errorf("exit code %d:\n%s", got.code, got.stderr)
	}
	if wrote := strings.Contains(got.stderr, "✖ "); wrote && !strings.Contains(report, "run `s "+command+"` again") {
		f.t.Errorf("it doesn't say how to go on:\n%s", got.stderr)
	}
	if strings.Contains(got.stderr, "<") {
		f.t.Errorf("it shows HTML:\n%s", got.stderr)
	}
}
