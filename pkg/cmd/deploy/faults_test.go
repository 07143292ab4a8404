package deploycmd

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/faultproxy"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// through puts a proxy between the client and the server, which makes a fault.
func through(t *testing.T, w *cmdtest.World, rule faultproxy.Rule) {
	t.Helper()
	proxy := faultproxy.New(t, w.Server.URL)
	proxy.Set(rule)
	w.Target.Client = func(r *spec.Resource) (*fcclient.Client, error) {
		return fcclient.New(fcclient.Config{Region: r.Region, Credentials: fctest.Credentials(), Endpoint: proxy.URL, V2: r.Service != nil}), nil
	}
}

// TestFaultsOfTheNetwork: the report says what was done and what wasn't, the hint
// what to do, and the next run does what is left, nothing twice.
func TestFaultsOfTheNetwork(t *testing.T) {
	t.Parallel()
	early := time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)
	untried := []string{"function hello failed", "trigger t was not tried"}
	rule := func(method, path string, times int, f faultproxy.Fault) faultproxy.Rule {
		return faultproxy.Rule{Method: method, Path: path, Times: times, Fault: f}
	}
	half, lost := faultproxy.Fault{Kind: faultproxy.LostHalf}, faultproxy.Fault{Kind: faultproxy.Lost}
	for name, tt := range map[string]struct {
		rule  faultproxy.Rule
		code  int // of the exit; 0 gets through
		hint  string
		tells []string
	}{
		"503 with Retry-After":           {rule("GET", "functions/hello", 2, faultproxy.Refused(503, "ServiceUnavailable", "Retry-After", "0")), 0, "", nil},
		"429 of a create":                {rule("POST", "functions", 2, faultproxy.Refused(429, "Throttling", "Retry-After", "0")), 0, "", nil},
		"expired token":                  {rule("POST", "functions", 1, faultproxy.Refused(403, fc.CodeTokenExpired)), cmdutil.ExitCloud, "temporary keys of access test have expired", untried},
		"clocks differ":                  {rule("GET", "functions/hello", 1, faultproxy.Refused(403, fc.CodeSignatureNotMatch, "Date", early)), cmdutil.ExitCloud, "behind the service's", nil},
		"cut before a create":            {rule("POST", "functions", 1, faultproxy.Fault{Kind: faultproxy.Cut}), 0, "", nil},
		"cut in the answer to a create":  {rule("POST", "functions", 1, half), 0, "", nil},
		"cut in the answer to a trigger": {rule("POST", "triggers", 1, half), 0, "", nil},
		"cut in the answer to a read":    {rule("GET", "functions/hello", 1, half), 0, "", nil},
		"creates that get no answer": {
			rule("POST", "functions", 1, faultproxy.Page(404, "Not here")), cmdutil.ExitFailed, "then run `s deploy` again", untried,
		},
		"triggers that get no answer": {
			rule("POST", "triggers", -1, lost), cmdutil.ExitFailed, "\nthen run `s deploy` again",
			[]string{"function hello created", "trigger t failed; perhaps it is created all the same"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := cmdtest.New(t, spec.Edition3)
			w.Resource().Triggers = []fc.Trigger{{TriggerName: "t", TriggerType: fc.TriggerTimer, TriggerConfig: `{}`}}
			direct := w.Target.Client
			through(t, w, tt.rule)
			err := w.Run(command(w, nil), "-y")
			if tt.code == 0 && err != nil || tt.code != 0 && (exitCode(err) != tt.code || !strings.Contains(hint(err), tt.hint)) {
				t.Fatalf("%v (%d), hint %q\n%s", err, exitCode(err), hint(err), w.Stderr())
			}
			w.WantStderr(tt.tells...)
			w.Target.Client = direct
			if err := w.Run(command(w, nil), "-y"); err != nil || w.Server.Trigger("hello", "t") == nil {
				t.Fatalf("the next run: %v\n%s", err, w.Stderr())
			}
			w.Server.Reset()
			if err := w.Run(command(w, nil), "-y"); err != nil || len(w.Server.Writes()) > 0 {
				t.Errorf("it isn't settled: %v, %v", err, w.Server.Writes())
			}
		})
	}
}

// TestAnUpdateThatIsCut is sent again: it asks for the same.
func TestAnUpdateThatIsCut(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	if err := w.Run(command(w, nil), "-y"); err != nil {
		t.Fatal(err)
	}
	through(t, w, faultproxy.Rule{Method: "PUT", Path: "functions/hello", Fault: faultproxy.Fault{Kind: faultproxy.Lost}})
	w.Resource().Function.Timeout = 77
	if err := w.Run(command(w, nil), "-y"); err != nil || w.Server.Function("hello")["timeout"] != 77.0 {
		t.Errorf("%v\n%s", err, w.Stderr())
	}
}

// TestAFunctionThatMayBeThere is noted, so that it is found if s.yaml no longer has it.
func TestAFunctionThatMayBeThere(t *testing.T) {
	t.Parallel()
	for kind, noted := range map[faultproxy.Kind]bool{faultproxy.Lost: true, faultproxy.Answer: false} {
		w := cmdtest.New(t, spec.Edition3)
		fault := faultproxy.Refused(http.StatusForbidden, fc.CodeAccessDenied)
		fault.Kind = kind
		through(t, w, faultproxy.Rule{Method: "POST", Path: "functions", Times: -1, Fault: fault})
		if err := w.Run(command(w, nil), "-y"); err == nil {
			t.Fatal("it didn't fail")
		}
		ledger, err := deploy.OpenLedger(w.Project.Dir, cmdutil.PlaceOf(w.Project, w.Target))
		if err != nil {
			t.Fatal(err)
		}
		if got := ledger.Before(w.Resource().Region, "hello").Function == "hello"; got != noted {
			t.Errorf("%s: noted %v", kind, got)
		}
	}
}
