package logscmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"s/pkg/alicloud/alicloudtest"
	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/logs"
	"s/pkg/spec"
)

// start is where a minute begins; the clock of the tests stands 30 s later.
const start = 1_800_000_000

// world is a project with a deployed function, and what it printed.
type world struct {
	*cmdtest.World
	logs *alicloudtest.LogServer
}

func newWorld(t *testing.T, edition string) *world {
	t.Helper()
	w := &world{cmdtest.New(t, edition), alicloudtest.NewLogs(t)}
	w.logs.Match = alicloudtest.HasPhrases
	r := w.Resource()
	if config := (&fc.LogConfig{Project: "p", Logstore: "l"}); r.Service != nil {
		r.Service.LogConfig = config
	} else {
		r.Function.LogConfig = config
	}
	w.deploy(r)
	return w
}

func (w *world) deploy(r *spec.Resource) {
	w.T.Helper()
	client, err := w.Target.Client(r)
	if err != nil {
		w.T.Fatal(err)
	}
	desired := deploy.Want(r, nil, nil, nil)
	actual, err := deploy.Read(w.T.Context(), client, desired)
	if err == nil {
		_, err = deploy.Apply(w.T.Context(), client, deploy.Plan(desired, actual), deploy.Hooks{})
	}
	if err != nil {
		w.T.Fatal(err)
	}
}

// prints puts lines of a request of hello, a second after one another.
func (w *world) prints(second int, request string, messages ...string) {
	topic := "FCLogs:hello"
	if w.Resource().Service != nil {
		topic = "svc"
	}
	for i, message := range messages {
		w.logs.Put(map[string]string{
			"__time__": strconv.Itoa(start + second + i), "__topic__": topic, "functionName": "hello", "qualifier": "LATEST",
			"instanceID": "c-1", "requestId": request, "message": message,
		})
	}
}

// command is the command at the clock of the tests.
func (w *world) command(sleep func(context.Context, time.Duration) error) *cobra.Command {
	return NewCmd(w.Factory, func(ctx context.Context, o *Options) error {
		o.Now = func() time.Time { return time.Unix(start+30, 0) }
		o.Source = func(_ *cmdutil.Target, r *spec.Resource) logs.Source { return w.logs.Client(r.Region) }
		if o.Sleep = sleep; sleep == nil {
			o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
		}
		return Run(ctx, o)
	})
}

func (w *world) run(args ...string) error { return w.Run(w.command(nil), args...) }

// shown is a time as people see it.
func shown(second int) string { return time.Unix(start+int64(second), 0).Format(timeShown) }

func TestLogs(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{spec.Edition1, spec.Edition3} {
		w := newWorld(t, edition)
		w.prints(0, "r1", "FC Invoke Start RequestId: r1", "two\nlines")
		w.prints(5, "r2", "of another")
		w.prints(-3601, "r0", "too old")
		if err := w.run(); err != nil {
			t.Fatal(err)
		}
		want := "c-1 " + shown(0) + " FC Invoke Start RequestId: r1\nc-1 " + shown(1) + " two\nlines\n\nc-1 " + shown(5) + " of another\n"
		if d := cmp.Diff(want, w.Stdout()); d != "" || w.Stderr() != "" {
			t.Errorf("%s: %s\n%s", edition, d, w.Stderr())
		}
		asked := w.logs.Asked()
		if len(asked) != 1 || asked[0].Host != "p.cn-hangzhou.log.aliyuncs.com" || asked[0].Path != "/logstores/l" || asked[0].From != start+30-3600 || asked[0].To != start+30 {
			t.Errorf("asked for %+v", asked)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	w := newWorld(t, spec.Edition3)
	w.prints(0, "r1", "a <b>", "c")
	for _, format := range []string{"json", "raw"} {
		if err := w.run("-o", format); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(w.Stdout(), "\n"), "\n")
		var got logs.Line
		if len(lines) != 2 || json.Unmarshal([]byte(lines[0]), &got) != nil || got.Message != "a <b>" || got.RequestID != "r1" || got.InstanceID != "c-1" || got.Time.Unix() != start {
			t.Errorf("%s: %s", format, w.Stdout())
		}
	}
	if err := w.run("-o", "yaml"); err != nil || strings.Count(w.Stdout(), "- time: ") != 2 || !strings.Contains(w.Stdout(), "  message: a <b>\n") {
		t.Errorf("yaml: %v %s", err, w.Stdout())
	}
	w.TTY(true)
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	want := "instance c-1\nrequest r1\n" + shown(0) + " a <b>\n" + shown(1) + " c\n"
	if d := cmp.Diff(want, w.Stdout()); d != "" {
		t.Error(d)
	}
}

func TestColours(t *testing.T) {
	t.Parallel()
	w := newWorld(t, spec.Edition3)
	w.prints(0, "", "a ValueError: x", "\x1b[2J\x1b[1;31mred\x1b[0m\x1b]0;title\x07 b\x08c\ttab\x7f")
	w.TTY(true)
	w.IO.SetColorEnabled(true)
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"a \x1b[31mValueError\x1b[0m: x", " \x1b[1;31mred\x1b[0m bc\ttab\n"} {
		if !strings.Contains(w.Stdout(), part) {
			t.Errorf("no %q in %q", part, w.Stdout())
		}
	}
	if err := w.run("--match", "VALUE"); err != nil || !strings.Contains(w.Stdout(), "\x1b[33m\x1b[1mValue\x1b[0m\x1b[0mError") {
		t.Errorf("match: %v %q", err, w.Stdout())
	}
	w.IO.SetColorEnabled(false)
	w.IO.SetTTY(false, false, false)
	if err := w.run("--match", "VALUE"); err != nil || !strings.Contains(w.Stdout(), "a ValueError: x\n") || !strings.Contains(w.Stdout(), "\x1b[2J") {
		t.Errorf("piped: %v %q", err, w.Stdout())
	}
}

func TestChoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, spec.Edition3)
	w.prints(0, "r1", "FC Invoke Start RequestId: r1", "fine", "FC Invoke End RequestId: r1")
	w.prints(10, "r2", "FC Invoke Start RequestId: r2", "bad", "FC Invoke End RequestId: r2, Error: Unhandled function error")
	w.prints(20, "r3", "FC Invoke Start RequestId: r3", "bad, too")
	for args, want := range map[string]string{
		"-r r1":                     "r1,fine,r1",
		"--type fail":               "r2,bad,error,r3,bad, too",
		"--type FAIL --search bad":  "bad,bad, too",
		"--type success":            "r1,fine,r1",
		"--search fine":             "fine",
		"-s 19s":                    "bad,error,r3,bad, too",
		"-e 1800000012 -s 1h":       "r1,fine,r1,r2,bad",
		"-e 1800000001":             "r1",
		"--qualifier LATEST -s 10s": "r3,bad, too",
		"--qualifier 3":             "",
		"--instance-id c-2":         "",
	} {
		if err := w.run(strings.Fields(args)...); err != nil {
			t.Errorf("%s: %v", args, err)
			continue
		}
		var got []string
		for line := range strings.Lines(w.Stdout()) {
			_, message, ok := strings.Cut(strings.TrimSpace(line), " ")
			if !ok {
				continue // between requests
			}
			message = message[len(timeShown)+1:]
			for prefix, short := range map[string]string{"FC Invoke Start RequestId: ": "", "FC Invoke End RequestId: ": ""} {
				message = strings.Replace(message, prefix, short, 1)
			}
			if strings.Contains(message, "Error:") {
				message = "error"
			}
			got = append(got, message)
		}
		if joined := strings.Join(got, ","); joined != want {
			t.Errorf("%s: %s, want %s", args, joined, want)
		}
		if want == "" {
			w.WantStderr("no lines of hello between", "new lines take some seconds")
		}
	}
	w.logs.Asked()
	id := fmt.Sprintf("1-%08x-1234", start-90_000)
	if err := w.run("-r", id); err != nil || w.logs.Asked()[0].From != start-90_000-60 {
		t.Errorf("%v: a request isn't looked for when it was", err)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, spec.Edition3)
	for args, says := range map[string]string{
		"--type broken":            `unknown --type "broken"`,
		"--tail -e 5m":             "--tail and --end-time",
		"-s yesterday":             `--start-time is "yesterday": it takes a time`,
		"-e 25:00":                 `--end-time is "25:00"`,
		"-s 5m -e 10m":             "there is no time between",
		"--query (a":               "--query can't be read: its brackets don't pair",
		"--query a|select":         "SQL",
		"hello other":              "about one resource",
		"hello --tail other -s 5m": "about one resource",
	} {
		err := w.run(strings.Fields(args)...)
		var known *cmdutil.Error
		if !errors.As(err, &known) || known.Code != cmdutil.ExitUsage || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", args, err)
		}
	}
	if len(w.logs.Asked()) > 0 {
		t.Error("the service was asked")
	}
	var got *Options
	take := func(_ context.Context, o *Options) error { got = o; return nil }
	if err := w.Run(NewCmd(w.Factory, take), "-t", "other.yaml", "hello"); err != nil || got.Tail || got.Settings.Template != "other.yaml" || got.Resource != "hello" {
		t.Errorf("-t with a file: %v, %+v", err, got)
	}
	if err := w.Run(NewCmd(w.Factory, take), "hello", "-t"); err != nil || !got.Tail || got.Settings.Template != "" || got.Resource != "hello" {
		t.Errorf("-t: %v, %+v", err, got)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, spec.Edition3)
	bare := w.Add("bare")
	w.Add("missing")
	w.deploy(bare)
	for _, tc := range []struct {
		resource, code string
		status, exit   int
		says, hint     string
	}{
		{"bare", "", 0, cmdutil.ExitFailed, "bare has no logConfig", "logConfig: auto"},
		{"missing", "", 0, cmdutil.ExitCloud, "FunctionNotFound", "s deploy"},
		{"hello", "ProjectNotExist", 404, cmdutil.ExitCloud, "ProjectNotExist", "the logstore l of the project p"},
		{"hello", "IndexConfigNotExist", 400, cmdutil.ExitCloud, "IndexConfigNotExist", "index"},
		{"hello", "Unauthorized", 401, cmdutil.ExitCloud, "Unauthorized", "AliyunLogReadOnlyAccess"},
		{"hello", "RequestTimeExpired", 400, cmdutil.ExitCloud, "RequestTimeExpired", "clock"},
		{"hello", "ParameterInvalid", 400, cmdutil.ExitCloud, "ParameterInvalid", "--query"},
		{"hello", "Else", 400, cmdutil.ExitCloud, "Else", ""},
	} {
		if tc.code != "" {
			w.logs.Fail(alicloudtest.Failure{Status: tc.status, Code: tc.code})
		}
		var known *cmdutil.Error
		err := w.run(tc.resource)
		if !errors.As(err, &known) || known.Code != tc.exit || !strings.Contains(err.Error(), tc.says) || !strings.Contains(known.Hint, tc.hint) {
			t.Errorf("%s %s: %v, %+v", tc.resource, tc.code, err, known)
		}
	}
	w.logs.Search(1000)
	if err := w.run("hello"); err != nil {
		t.Error(err)
	}
	w.WantStderr("has not searched everything")
}

func TestTail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, spec.Edition3)
	w.prints(25, "r1", "just now")
	w.prints(0, "r0", "long ago")
	ctx, cancel := context.WithCancel(t.Context())
	looks := 0
	w.TTY(true)
	err := w.RunContext(ctx, w.command(func(ctx context.Context, _ time.Duration) error {
		switch looks++; looks {
		case 1:
			w.prints(30, "r2", "more")
			w.logs.Fail(alicloudtest.Failure{Status: 500, Code: "InternalServerError", Times: 5})
		case 12:
			cancel()
		}
		return ctx.Err()
	}), "--tail")
	if err != nil {
		t.Fatal(err)
	}
	want := "instance c-1\nrequest r1\n" + shown(25) + " just now\n\nrequest r2\n" + shown(30) + " more\n"
	if d := cmp.Diff(want, w.Stdout()); d != "" {
		t.Error(d)
	}
	w.WantStderr("ctrl-c ends", "InternalServerError", ": trying again\n", "the log service answers again\n")
}

// TestTailOfFailures: a request is shown when it is known that it failed.
func TestTailOfFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, spec.Edition3)
	w.prints(25, "good", "FC Invoke Start RequestId: good", "fine")
	w.prints(25, "bad", "FC Invoke Start RequestId: bad", "oh")
	ctx, cancel := context.WithCancel(t.Context())
	looks, shown := 0, []string{}
	err := w.RunContext(ctx, w.command(func(ctx context.Context, _ time.Duration) error {
		shown = append(shown, w.Stdout())
		switch looks++; looks {
		case 1:
			w.prints(28, "bad", "FC Invoke End RequestId: bad, Error: Unhandled function error")
			w.prints(28, "good", "FC Invoke End RequestId: good")
		case 2:
			cancel()
		}
		return ctx.Err()
	}), "--tail", "--type", "fail")
	if err != nil || shown[0] != "" || strings.Count(shown[1], "\n") != 3 || strings.Contains(shown[1], "good") || !strings.Contains(shown[1], " oh\n") {
		t.Errorf("%v: %q", err, shown)
	}
}

func TestByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, spec.Edition3)
	w.prints(0, "r1", "a")
	w.Project.Resources = nil
	if err := w.run("--function-name", "hello", "--region", "cn-hangzhou"); err != nil || !strings.HasSuffix(w.Stdout(), " a\n") {
		t.Errorf("%v %s", err, w.Stdout())
	}
}
