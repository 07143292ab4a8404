package invokecmd

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/invoke"
	"s/pkg/spec"
)

// webTarget answers a request to a trigger.
type webTarget struct {
	invoke.Target
	asked  []fcclient.HTTPCall
	result fc.InvokeResult
}

func (w *webTarget) HTTPURL(in fcclient.HTTPCall) (string, error) { return "http://h" + in.Path, nil }

func (w *webTarget) CallHTTP(_ context.Context, in fcclient.HTTPCall) (*fc.InvokeResult, error) {
	w.asked = append(w.asked, in)
	result := w.result
	return &result, nil
}

// webWorld has a function with an HTTP trigger, which target answers.
func webWorld(t *testing.T, config, qualifier string, target *webTarget, args ...string) (*cmdtest.World, error) {
	t.Helper()
	w := cmdtest.New(t, spec.Edition1)
	w.Resource().Triggers = []fc.Trigger{{TriggerName: "web", TriggerType: fc.TriggerHTTP, TriggerConfig: config, Qualifier: qualifier}}
	return w, w.Run(NewCmd(w.Factory, func(ctx context.Context, o *Options) error {
		o.Remote = func(*cmdutil.Target, *spec.Resource) (invoke.Target, error) { return target, nil }
		return Run(ctx, o)
	}), args...)
}

func TestHTTPFunction(t *testing.T) {
	t.Parallel()
	const anonymous = `{"authType":"anonymous","methods":["GET","POST"]}`
	target := &webTarget{result: fc.InvokeResult{
		StatusCode: 418, Body: []byte{0, 0xff}, RequestID: "r1", LogTail: "a line\n", Header: http.Header{"X-Own": {"1", "2"}},
	}}
	w, err := webWorld(t, anonymous, "", target, "-e", `{"method":"post","path":"/a","body":"x"}`)
	if err != nil || w.Stdout() != "\x00\xff" {
		t.Fatalf("%v, %q", err, w.Stdout())
	}
	w.WantStderr("Request url: http://h/a\n", "\na line\n", "Status: 418 I'm a teapot\n", "RequestId: r1")
	if in := target.asked[0]; in.Method != "POST" || string(in.Body) != "x" || in.Function != "svc$hello" || in.Signed || !in.LogTail || in.Qualifier != "" {
		t.Errorf("asked %+v", in)
	}
	w, err = webWorld(t, anonymous, "", target, "-o", "json")
	var document struct {
		StatusCode      int
		Headers         map[string][]string
		Body            string
		IsBase64Encoded bool
	}
	if err != nil || json.Unmarshal([]byte(w.Stdout()), &document) != nil || w.Stderr() != "" {
		t.Fatalf("%v, %s, %s", err, w.Stdout(), w.Stderr())
	}
	if document.StatusCode != 418 || document.Body != "AP8=" || !document.IsBase64Encoded || len(document.Headers["X-Own"]) != 2 {
		t.Errorf("%+v", document)
	}
	target.result = fc.InvokeResult{StatusCode: 502, ErrorType: fc.ErrorTypeUnhandled, Body: []byte(`{"errorMessage":"no","errorType":"E"}`), Header: http.Header{}}
	w, err = webWorld(t, anonymous, "", target)
	if code(err) != cmdutil.ExitFunction {
		t.Errorf("a failed function: %v", err)
	}
	w.WantStderr("Error Type: UnhandledInvocationError", "E: no")
}

func TestHowATriggerIsCalled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		config, qualifier, args, asked string
		signed                         bool
	}{
		{config: `{"authType":"function"}`, signed: true},
		{config: `{"authType":"jwt"}`},
		{config: `{}`, qualifier: "LATEST"},
		{config: `{}`, qualifier: "prod", asked: "prod"},
		{config: `{}`, qualifier: "prod", args: "--qualifier 7", asked: "7"},
	} {
		target := &webTarget{}
		if _, err := webWorld(t, tt.config, tt.qualifier, target, strings.Fields(tt.args)...); err != nil {
			t.Errorf("%+v: %v", tt, err)
			continue
		}
		if in := target.asked[0]; in.Signed != tt.signed || in.Qualifier != tt.asked || in.Method != "GET" || in.Path != "/" {
			t.Errorf("%+v: %+v", tt, in)
		}
	}
}

func TestWhatNoTriggerTakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"-e hello", "describes a request"},
		{`-e {"method":"DELETE"}`, "trigger web of hello doesn't have the method DELETE, it has GET, POST"},
		{`-e {"headers":{"authorization":"x"}}`, "s signs the request"},
		{"--invocation-type async", "can't be called with --invocation-type async"},
	} {
		target := &webTarget{}
		_, err := webWorld(t, `{"authType":"function","methods":["GET","POST"]}`, "", target, strings.Fields(tt.args)...)
		if code(err) != cmdutil.ExitUsage || !strings.Contains(err.Error(), tt.want) || len(target.asked) > 0 {
			t.Errorf("%s: %v, asked %v", tt.args, err, target.asked)
		}
	}
	if _, err := webWorld(t, `{`, "", &webTarget{}); err == nil || !strings.Contains(err.Error(), "hello: trigger web") {
		t.Errorf("a configuration that is no JSON: %v", err)
	}
}

func TestLocallyTriggersLeadToWhatRuns(t *testing.T) {
	t.Parallel()
	plain := &spec.Resource{Triggers: []fc.Trigger{{TriggerName: "a"}}}
	if latest(plain) != plain {
		t.Error("a resource that needs no change was copied")
	}
	r := &spec.Resource{Name: "web", Triggers: []fc.Trigger{{TriggerName: "a", Qualifier: "prod"}, {TriggerName: "b"}}}
	got := latest(r)
	if got.Name != "web" || len(got.Triggers) != 2 || got.Triggers[0].Qualifier != "" || r.Triggers[0].Qualifier != "prod" {
		t.Errorf("%+v of %+v", got.Triggers, r.Triggers)
	}
}
