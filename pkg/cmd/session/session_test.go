package sessioncmd

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/spec"
)

// world is a project whose function is deployed.
func world(t *testing.T) *cmdtest.World {
	t.Helper()
	w := cmdtest.New(t, spec.Edition3)
	client, err := w.Target.Client(w.Resource())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateFunction(t.Context(), w.Resource().Function, &fc.Code{ZipFile: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}); err != nil {
		t.Fatal(err)
	}
	w.Server.Reset()
	return w
}

// run runs "s session <line>" and gives the document that it prints.
func run(w *cmdtest.World, line ...string) map[string]any {
	w.T.Helper()
	if err := w.Run(NewCmd(w.Factory, nil), append(line, "-o", "json")...); err != nil {
		w.T.Fatalf("%v: %v", line, err)
	}
	doc := map[string]any{}
	if w.Out.Len() > 0 {
		if err := json.Unmarshal(w.Out.Bytes(), &doc); err != nil {
			w.T.Fatalf("%v: %v in %s", line, err, w.Out)
		}
	}
	return doc
}

func TestSessionCommands(t *testing.T) {
	t.Parallel()
	w := world(t)
	made := run(w, "create", "--session-id", "mine", "--st", "3600", "--session-idle-timeout-in-seconds", "60", "--dsr",
		"--nas-config", `{"userId":7,"mountPoints":[{"serverAddr":"nas:/x","mountDir":"/mnt/x"}]}`)
	if made["sessionId"] != "mine" || made["sessionTTLInSeconds"] != 3600.0 || made["sessionIdleTimeoutInSeconds"] != 60.0 ||
		made["disableSessionIdReuse"] != true || made["nasConfig"].(map[string]any)["userId"] != 7.0 {
		t.Errorf("made %v", made)
	}
	if doc := run(w, "update", "hello", "--session-id", "mine", "--si", "7"); doc["sessionIdleTimeoutInSeconds"] != 7.0 || doc["sessionTTLInSeconds"] != 3600.0 {
		t.Errorf("changed to %v", doc)
	}
	if doc := run(w, "pause", "--session-id", "mine"); doc["sessionStatus"] != "Paused" {
		t.Errorf("paused: %v", doc)
	}
	if doc := run(w, "resume", "--session-id", "mine", "--fso"); doc["sessionStatus"] != "Active" {
		t.Errorf("resumed: %v", doc)
	}
	run(w, "create")
	if doc := run(w, "list"); len(doc["sessions"].([]any)) != 2 {
		t.Errorf("listed %v", doc)
	}
	if doc := run(w, "list", "--session-id", "mine", "--session-status", "Active", "--limit", "5", "--next-token", "x", "--qualifier", "q"); len(doc["sessions"].([]any)) != 1 {
		t.Errorf("listed %v", doc)
	}
	run(w, "remove", "--session-id", "mine", "-y")
	if said := w.ErrOut.String(); !strings.Contains(said, "session mine of hello has ended") {
		t.Errorf("it says %q", said)
	}
	run(w, "remove", "--session-id", "mine", "-y")
	if said := w.ErrOut.String(); !strings.Contains(said, "hello has no session mine") {
		t.Errorf("it says %q", said)
	}
	var asked []string
	for _, call := range w.Server.Calls() {
		asked = append(asked, call.Method+" "+strings.TrimPrefix(call.Path, "/2023-03-30/functions/hello/sessions")+"?"+call.Query)
	}
	want := []string{
		"POST ?", "PUT /mine?", "PUT /mine/pause?", "PUT /mine/resume?fileSystemOnly=true", "POST ?", "GET ?",
		"GET ?limit=5&nextToken=x&qualifier=q&sessionId=mine&sessionStatus=Active", "DELETE /mine?", "DELETE /mine?",
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked\n%q, want\n%q", asked, want)
	}
}

func TestNothingIsSentThatWasNotGiven(t *testing.T) {
	t.Parallel()
	w := world(t)
	run(w, "create")
	if calls := w.Server.Calls(); len(calls) != 1 || string(calls[0].Body) != "{}" {
		t.Errorf("%+v", calls)
	}
}

func TestSessionErrors(t *testing.T) {
	t.Parallel()
	w := world(t)
	for _, tt := range []struct {
		line string
		code int
		says string
	}{
		{"get", cmdutil.ExitUsage, "give --session-id"},
		{"remove -y", cmdutil.ExitUsage, "give --session-id"},
		{"update --st 5", cmdutil.ExitUsage, "give --session-id"},
		{"create --st 21601", cmdutil.ExitUsage, "--session-ttl-in-seconds must be between 0 and 21600"},
		{"create --si -1", cmdutil.ExitUsage, "--session-idle-timeout-in-seconds must be"},
		{"create --nas-config {", cmdutil.ExitUsage, "--nas-config is not the JSON"},
		{"get --session-id none", cmdutil.ExitCloud, "SessionNotFound"},
		{"remove --session-id none", cmdutil.ExitUsage, "no terminal to ask on"},
		{"list other", cmdutil.ExitUsage, "other"},
	} {
		err := w.Run(NewCmd(w.Factory, nil), strings.Fields(tt.line)...)
		if err == nil || cmdutil.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v (exit code %d), want %d %q", tt.line, err, cmdutil.CodeOf(err), tt.code, tt.says)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	w := world(t)
	var got *Options
	cmd := NewCmd(w.Factory, func(_ context.Context, o *Options) error { got = o; return nil })
	if err := w.Run(cmd, "create", "hello", "--polar-fs-config", `{"a":1}`, "--disable-session-id-reuse=false", "--qualifier", "7"); err != nil {
		t.Fatal(err)
	}
	if got.Resource != "hello" || got.Qualifier != "7" || got.Input.PolarFSConfig == nil || got.Input.DisableSessionReuse == nil || *got.Input.DisableSessionReuse {
		t.Errorf("%+v", got)
	}
}
