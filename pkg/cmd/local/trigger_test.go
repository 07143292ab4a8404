package localcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"s/pkg/cmd/cmdutil"
	"s/pkg/event"
	"s/pkg/fc"
	"s/pkg/iostreams"
	"s/pkg/local"
)

func testOptions(t *testing.T, in string) (*Options, *bytes.Buffer) {
	t.Helper()
	io, stdin, out, _ := iostreams.Test()
	stdin.WriteString(in)
	home := t.TempDir()
	return &Options{IO: io, Settings: &cmdutil.Settings{Output: cmdutil.OutputDefault}, Home: func() (string, error) { return home, nil }}, out
}

func usage(err error) bool {
	var known *cmdutil.Error
	return errors.As(err, &known) && known.Code == cmdutil.ExitUsage
}

func TestTriggerFlags(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want TriggerOptions // zero: wrong usage
	}{
		{[]string{"nightly"}, TriggerOptions{Name: "nightly"}},
		{[]string{"t", "-e", ""}, TriggerOptions{Name: "t", HasEvent: true}},
		{[]string{"t", "--event-file", "x", "--function-name", "f", "--region", "r"}, TriggerOptions{Name: "t", EventFile: "x", Function: "f", Region: "r"}},
		{[]string{"t", "--set", "a=b"}, TriggerOptions{Name: "t", Sets: []string{"a=b"}}},
		{[]string{"t", "-s"}, TriggerOptions{Name: "t", EventStdin: true}},
		{[]string{"t", "-s", "-e", "x"}, TriggerOptions{}},
		{[]string{"t", "-e", "x", "--set", "a=b"}, TriggerOptions{}},
	} {
		opts, _ := testOptions(t, "")
		var got *TriggerOptions
		cmd := newTriggerCmd(opts, func(_ context.Context, o *TriggerOptions) error { got = o; return nil })
		cmd.SetArgs(tt.args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		if tt.want.Name == "" {
			if !usage(err) {
				t.Errorf("%q: %v", tt.args, err)
			}
			continue
		}
		if err != nil || got == nil {
			t.Fatalf("%q: %v", tt.args, err)
		}
		w := tt.want
		if got.Name != w.Name || got.HasEvent != w.HasEvent || got.EventFile != w.EventFile || got.EventStdin != w.EventStdin ||
			got.Function != w.Function || got.Region != w.Region || !slices.Equal(got.Sets, w.Sets) {
			t.Errorf("%q: %+v", tt.args, got)
		}
	}
}

// The sample of each type has what the trigger itself says.
func TestOwnValues(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		trigger fc.Trigger
		want    []string
	}{
		{
			fc.Trigger{TriggerType: fc.TriggerTimer, TriggerName: "nightly", TriggerConfig: `{"cronExpression":"@every 1m","payload":"{\"a\":1}"}`},
			[]string{`"triggerName": "nightly"`, `"payload": "{\"a\":1}"`, `"triggerTime": "2026-01-02T03:04:05Z"`},
		},
		{
			fc.Trigger{TriggerType: fc.TriggerOSS, SourceARN: "acs:oss:cn-hangzhou:1:photos"},
			[]string{`"name": "photos"`, `"arn": "acs:oss:r:77:photos"`, `"eventTime": "2026-01-02T03:04:05.000Z"`, `"region": "r"`},
		},
		{
			fc.Trigger{TriggerType: fc.TriggerLog, SourceARN: "acs:log:r:1:project/p", TriggerConfig: `{"sourceConfig":{"logstore":"ls"}}`},
			[]string{`"projectName": "p"`, `"logstoreName": "ls"`},
		},
		{fc.Trigger{TriggerType: fc.TriggerMNSTopic, SourceARN: "acs:mns:r:1:/topics/t9"}, []string{`"TopicName": "t9"`}},
		{fc.Trigger{TriggerType: fc.TriggerCDNEvents, TriggerConfig: `{"eventName":"LogFileCreated"}`}, []string{`"eventName": "LogFileCreated"`}},
		{fc.Trigger{TriggerType: fc.TriggerTablestore}, []string{`"Records"`}},
		{fc.Trigger{TriggerType: fc.TriggerEventBridge}, []string{`"source"`}},
	} {
		text, err := event.Sample(tt.trigger.TriggerType, ownValues(&local.Trigger{Region: "r", Function: "f", Trigger: tt.trigger}, "77", now)...)
		if err != nil {
			t.Errorf("%s: %v", tt.trigger.TriggerType, err)
			continue
		}
		for _, piece := range tt.want {
			if !strings.Contains(string(text), piece) {
				t.Errorf("%s lacks %s:\n%s", tt.trigger.TriggerType, piece, text)
			}
		}
	}
}

func TestTriggerEvent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "event")
	if err := os.WriteFile(file, []byte("of a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	timer := &local.Trigger{Trigger: fc.Trigger{TriggerType: fc.TriggerTimer, TriggerName: "n"}}
	for _, tt := range []struct {
		o    TriggerOptions
		want string
	}{
		{TriggerOptions{Event: "own", HasEvent: true}, "own"},
		{TriggerOptions{HasEvent: true}, ""},
		{TriggerOptions{EventStdin: true}, "of stdin"},
		{TriggerOptions{EventFile: "-"}, "of stdin"},
		{TriggerOptions{EventFile: file}, "of a file"},
	} {
		tt.o.Options, _ = testOptions(t, "of stdin")
		if got, err := tt.o.event(timer, "1"); err != nil || string(got) != tt.want {
			t.Errorf("%+v: %q %v", tt.o, got, err)
		}
	}
	o := TriggerOptions{Sets: []string{"payload=mine"}}
	got, err := o.event(timer, "1")
	var doc map[string]string
	if err != nil || json.Unmarshal(got, &doc) != nil || doc["payload"] != "mine" || doc["triggerName"] != "n" {
		t.Errorf("%s %v", got, err)
	}
	for _, bad := range []TriggerOptions{{EventFile: file + "x"}, {Sets: []string{"nonsense"}}} {
		bad.Options, _ = testOptions(t, "")
		if _, err := bad.event(timer, "1"); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

func TestQueueFlags(t *testing.T) {
	for _, tt := range []struct {
		args []string
		bad  bool
	}{{[]string{}, false}, {[]string{"--replay", "1,2"}, false}, {[]string{"--discard", "all"}, false}, {[]string{"--replay", "1", "--discard", "2"}, true}} {
		opts, _ := testOptions(t, "")
		ran := false
		cmd := newQueueCmd(opts, func(context.Context, *QueueOptions) error { ran = true; return nil })
		cmd.SetArgs(tt.args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if err := cmd.ExecuteContext(t.Context()); ran == tt.bad || usage(err) != tt.bad {
			t.Errorf("%q: %v", tt.args, err)
		}
	}
	for text, want := range map[string][]int64{"1,20": {1, 20}, "all": nil, "3,all": nil} {
		if got, err := letters(strings.Split(text, ",")); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for _, bad := range []string{"x", "0", "-1", ""} {
		opts, _ := testOptions(t, "")
		if err := (&QueueOptions{Options: opts, Replay: []string{bad}}).run(t.Context()); !usage(err) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Without a local cloud both commands say what helps.
func TestQueueWithoutACloud(t *testing.T) {
	opts, _ := testOptions(t, "")
	for _, err := range []error{(&QueueOptions{Options: opts}).run(t.Context()), (&TriggerOptions{Options: opts, Name: "t"}).run(t.Context())} {
		var known *cmdutil.Error
		if !errors.Is(err, local.ErrNotRunning) || !errors.As(err, &known) || known.Hint != "s deploy -a local" {
			t.Errorf("%v", err)
		}
	}
}
