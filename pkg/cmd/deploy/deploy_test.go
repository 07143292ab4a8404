package deploycmd

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// command is deploy with builds that a test controls.
func command(w *cmdtest.World, artifacts deploy.Artifacts) *cobra.Command {
	return NewCmd(w.Factory, func(ctx context.Context, opts *Options) error {
		opts.Artifacts, opts.Build = artifacts, nil
		return Run(ctx, opts)
	})
}

func exitCode(err error) int {
	var known *cmdutil.Error
	if errors.As(err, &known) {
		return known.Code
	}
	if err != nil {
		return cmdutil.ExitFailed
	}
	return cmdutil.ExitOK
}

func hint(err error) string {
	var known *cmdutil.Error
	if errors.As(err, &known) {
		return known.Hint
	}
	return ""
}

func TestFlags(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	var got *Options
	cmd := NewCmd(w.Factory, func(_ context.Context, opts *Options) error { got = opts; return nil })
	if err := w.Run(cmd, "hello", "-y", "--dry-run", "--no-build", "--skip-actions", "--no-default-ignore"); err != nil {
		t.Fatal(err)
	}
	if len(got.Resources) != 1 || got.Resources[0] != "hello" || !got.Yes || !got.DryRun || !got.NoBuild || !got.SkipActions || !got.NoDefaultIgnore {
		t.Errorf("%+v", got)
	}
	if got.Artifacts == nil || got.Build == nil {
		t.Error("no builder is wired")
	}
	if err := w.Run(NewCmd(w.Factory, nil), "a", "b"); err == nil {
		t.Error("two resources were taken")
	}
}

func TestDeployPrintsWhatPeersPrint(t *testing.T) {
	t.Parallel()
	tests := []struct{ edition, want string }{
		{spec.Edition1, `region:   cn-hangzhou
service:
  name: svc
function:
  name:       hello
  runtime:    python3.10
  handler:    index.handler
  memorySize: 1536
  timeout:    30
url:
  system_url:          https://fn.example.test
  system_intranet_url: https://fn-internal.example.test
triggers:
  -
    type: http
    name: http_t
`},
		{spec.Edition3, `region:         cn-hangzhou
functionName:   hello
runtime:        python3.10
handler:        index.handler
memorySize:     1536
timeout:        30
internetAccess: true
triggers:
  -
    triggerName:   http_t
    triggerType:   http
    triggerConfig:
      methods:
        - GET
url:
  system_url:          https://fn.example.test
  system_intranet_url: https://fn-internal.example.test
`},
	}
	for _, tt := range tests {
		t.Run(tt.edition, func(t *testing.T) {
			t.Parallel()
			w := cmdtest.New(t, tt.edition)
			w.Resource().Triggers = []fc.Trigger{{TriggerName: "http_t", TriggerType: fc.TriggerHTTP, TriggerConfig: `{"methods":["GET"]}`}}
			if err := w.Run(command(w, nil)); err != nil {
				t.Fatal(err)
			}
			got := w.Stdout()
			if d := cmp.Diff(tt.want, got); tt.edition == spec.Edition1 && d != "" {
				t.Error(d)
			}
			for line := range strings.Lines(tt.want) {
				if !strings.Contains(got, strings.TrimSpace(line)) {
					t.Errorf("no line %q in\n%s", line, got)
				}
			}
			w.WantStderr("+ function", "Plan: ", "created")
			if w.ProjectCommand != "deploy" {
				t.Errorf("the project was loaded for %q", w.ProjectCommand)
			}
		})
	}
}

// Without a change: no write, at most five calls, and still the result.
func TestDeployUnchanged(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{spec.Edition1, spec.Edition3} {
		w := cmdtest.New(t, edition)
		w.Resource().Triggers = []fc.Trigger{{TriggerName: "t", TriggerType: fc.TriggerHTTP, TriggerConfig: `{"methods":["GET"]}`}}
		if err := w.Run(command(w, nil)); err != nil {
			t.Fatal(err)
		}
		first := w.Stdout()
		w.Server.Reset()
		w.TTY(false) // a question would be answered with no
		if err := w.Run(command(w, nil)); err != nil {
			t.Fatal(err)
		}
		if writes := w.Server.Writes(); len(writes) != 0 {
			t.Errorf("%s: writes %v", edition, writes)
		}
		if n := len(w.Server.Calls()); n > 5 {
			t.Errorf("%s: %d calls", edition, n)
		}
		if d := cmp.Diff(first, w.Stdout()); d != "" {
			t.Errorf("%s: another result: %s", edition, d)
		}
		w.WantStderr("no changes")
		if strings.Contains(w.Stderr(), "Plan:") {
			t.Errorf("a plan of nothing was shown:\n%s", w.Stderr())
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition1)
	if err := w.Run(command(w, nil), "-o", "json"); err != nil {
		t.Fatal(err)
	}
	var one deploy.Result1
	if err := json.Unmarshal(w.Out.Bytes(), &one); err != nil || one.Function.Name != "hello" {
		t.Errorf("%+v, %v", one, err)
	}
	if err := w.Run(command(w, nil), "-o", "raw"); err != nil || strings.Count(w.Stdout(), "\n") != 1 {
		t.Errorf("raw: %v, %q", err, w.Stdout())
	}
	w.Add("other")
	if err := w.Run(command(w, nil), "-o", "json"); err != nil {
		t.Fatal(err)
	}
	var all map[string]deploy.Result1
	if err := json.Unmarshal(w.Out.Bytes(), &all); err != nil || all["hello"].Function.Name != "hello" || all["other"].Function.Name != "other" {
		t.Errorf("%s: %v", w.Stdout(), err)
	}
	if len(w.Server.Writes()) != 3 { // service, two functions
		t.Errorf("writes %v", w.Server.Writes())
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	marker := filepath.Join(w.Project.Dir, "ran")
	w.Resource().Actions = []spec.Action{{When: "pre", Command: "deploy", Run: "touch " + marker, Path: w.Project.Dir}}
	if err := w.Run(command(w, nil), "--dry-run"); err != nil {
		t.Fatal(err)
	}
	if writes := w.Server.Writes(); len(writes) != 0 || w.Stdout() != "" {
		t.Errorf("writes %v, stdout %q", writes, w.Stdout())
	}
	w.WantStderr("+ function hello", "Plan: 1 to create")
	if _, err := os.Stat(marker); err == nil {
		t.Error("an action ran")
	}
}

func TestQuestion(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.TTY(false)
	err := w.Run(command(w, nil))
	if exitCode(err) != cmdutil.ExitFailed || len(w.Prompter.Asked) != 1 || len(w.Server.Writes()) != 0 {
		t.Errorf("no: err %v, asked %v, writes %v", err, w.Prompter.Asked, w.Server.Writes())
	}
	w.WantStderr("nothing was deployed")
	w.Prompter.Err = iostreams.ErrInterrupted
	if err = w.Run(command(w, nil)); !errors.Is(err, iostreams.ErrInterrupted) {
		t.Errorf("ctrl-c: %v", err)
	}
	w.Prompter.Err = nil
	w.TTY(true)
	if err = w.Run(command(w, nil)); err != nil || len(w.Server.Writes()) != 1 {
		t.Errorf("yes: err %v, writes %v", err, w.Server.Writes())
	}
	asked := len(w.Prompter.Asked)
	w.Resource().Function.Timeout = 31
	if err = w.Run(command(w, nil), "-y"); err != nil || len(w.Prompter.Asked) != asked || len(w.Server.Writes()) != 2 {
		t.Errorf("-y: err %v, asked %v, writes %v", err, w.Prompter.Asked, w.Server.Writes())
	}
}

// Without a terminal creates and updates go ahead; what deletes needs -y.
func TestWithoutATerminal(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Resource().Triggers = []fc.Trigger{{TriggerName: "t", TriggerType: fc.TriggerHTTP, TriggerConfig: `{}`}}
	if err := w.Run(command(w, nil)); err != nil {
		t.Fatal(err)
	}
	w.Resource().Function.Timeout = 60
	if err := w.Run(command(w, nil)); err != nil {
		t.Fatal(err)
	}
	w.Resource().Triggers[0].TriggerType = fc.TriggerTimer
	w.Server.Reset()
	err := w.Run(command(w, nil))
	if exitCode(err) != cmdutil.ExitUsage || hint(err) != "s deploy -y" || len(w.Server.Writes()) != 0 {
		t.Errorf("err %v, hint %q, writes %v", err, hint(err), w.Server.Writes())
	}
	if err = w.Run(command(w, nil), "-y"); err != nil || len(w.Server.Writes()) != 2 {
		t.Errorf("-y: %v, %v", err, w.Server.Writes())
	}
}

func TestNoCredentials(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	marker := filepath.Join(w.Project.Dir, "ran")
	w.Project.Actions = []spec.Action{{When: "pre", Command: "deploy", Run: "touch " + marker, Path: w.Project.Dir}}
	w.TargetErr = cmdutil.WithHint(cmdutil.ExitCredentials, access.ErrNotFound, "s config add, or -a local")
	err := w.Run(command(w, nil))
	if exitCode(err) != cmdutil.ExitCredentials || len(w.Server.Calls()) != 0 {
		t.Errorf("err %v, calls %v", err, w.Server.Calls())
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("an action ran")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		failure fctest.Failure
		code    int
		hint    string
	}{
		{"read", fctest.Failure{Method: "GET", Status: 403, Body: `{"Code":"AccessDenied","Message":"no","RequestId":"rid"}`}, cmdutil.ExitCloud, "AliyunFCFullAccess"},
		{"keys", fctest.Failure{Method: "GET", Status: 403, Body: `{"Code":"InvalidAccessKeyID","Message":"no","RequestId":"rid"}`}, cmdutil.ExitCloud, "-a local"},
		{
			"create",
			fctest.Failure{Method: "POST", Path: "/functions", Status: 400, Body: `{"Code":"InvalidArgument","Message":"no","RequestId":"rid"}`},
			cmdutil.ExitCloud, "`s deploy` again",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := cmdtest.New(t, spec.Edition3)
			w.Server.Fail(tt.failure)
			err := w.Run(command(w, nil))
			if exitCode(err) != tt.code || !strings.Contains(hint(err), tt.hint) {
				t.Errorf("err %v (exit %d), hint %q", err, exitCode(err), hint(err))
			}
			if !strings.Contains(err.Error(), "rid") {
				t.Errorf("no request id: %v", err)
			}
			if w.Stdout() != "" {
				t.Errorf("stdout %q", w.Stdout())
			}
		})
	}
}

func TestPartialFailureSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition1)
	w.Resource().Triggers = []fc.Trigger{{TriggerName: "t", TriggerType: fc.TriggerTimer, TriggerConfig: `{}`}}
	w.Server.Fail(fctest.Failure{Method: "POST", Path: "/functions", Times: 1, Status: 400, Body: `{"ErrorCode":"InvalidArgument","ErrorMessage":"bad"}`})
	err := w.Run(command(w, nil))
	if exitCode(err) != cmdutil.ExitCloud || !strings.Contains(err.Error(), "create function svc$hello: InvalidArgument: bad") {
		t.Errorf("err = %v", err)
	}
	w.WantStderr("hello service svc created", "hello function svc$hello failed", "hello trigger t was not tried")
	if err := w.Run(command(w, nil)); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("service svc (no changes)", "+ function svc$hello")
}

func TestUnknownResource(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Add("other")
	if err := w.Run(command(w, nil), "nope"); exitCode(err) != cmdutil.ExitUsage || hint(err) != "known here: hello, other" {
		t.Errorf("err = %v", err)
	}
	if err := w.Run(command(w, nil), "other"); err != nil || w.Server.Function("hello") != nil || w.Server.Function("other") == nil {
		t.Errorf("only other: %v", err)
	}
}

func TestChineseMessages(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.IO.SetLang("zh")
	if err := w.Run(command(w, nil)); err != nil || w.Stderr() == "" {
		t.Errorf("%v %q", err, w.Stderr())
	}
}

// TestInstancesAreTold: how far they are, and what is wrong, without repeating it.
func TestInstancesAreTold(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	w.Resource().Around.Provision = &fc.ProvisionConfig{DefaultTarget: 2}
	w.Server.Fail(fctest.Failure{Method: "PUT", Path: "provision-config", Times: 1, Status: 200, Body: `{"defaultTarget":2,"target":2,"current":1,"currentError":"no memory"}`})
	w.Server.Fail(fctest.Failure{Method: "GET", Path: "provision-config", Times: 1, Status: 404, Body: `{"Code":"ProvisionConfigNotFound"}`})
	w.Server.Fail(fctest.Failure{Method: "GET", Path: "provision-config", Times: 1, Status: 200, Body: `{"defaultTarget":2,"target":2,"current":1,"currentError":"no memory"}`})
	w.Server.Fail(fctest.Failure{Method: "GET", Path: "provision-config", Times: 1, Status: 200, Body: `{"defaultTarget":2,"target":2,"current":2}`})
	if err := w.Run(command(w, nil), "-y"); err != nil {
		t.Fatal(err)
	}
	w.WantStderr("hello provisionConfig hello: 1 of 2 instances", "no memory", "2 of 2 instances", "hello provisionConfig hello created")
	if n := strings.Count(w.Stderr(), "1 of 2 instances"); n != 1 {
		t.Errorf("told %d times:\n%s", n, w.Stderr())
	}
}
