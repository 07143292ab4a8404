package eventcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/event"
	"s/pkg/iostreams"
)

func factory(format string) (f *cmdutil.Factory, out, errOut *bytes.Buffer) {
	io, _, out, errOut := iostreams.Test()
	return &cmdutil.Factory{IO: io, Settings: &cmdutil.Settings{Output: format}}, out, errOut
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line, kind, sets, err string
	}{
		{"", "", "", ""},
		{"oss", "oss", "", ""},
		{"oss --key a.png --bucket b --set size=1 --set x=y", "oss", "bucket=b key=a.png size=1 x=y", ""},
		{"sls --project p", "sls", "project=p", ""},
		{"oss --method GET", "", "", `--method is not of "oss" events`},
		{"--key x", "", "", `--key is not of "" events`},
		{"fax", "", "", `no sample event "fax"`},
		{"oss http", "", "", "accepts at most 1 arg"},
	} {
		f, _, _ := factory(cmdutil.OutputDefault)
		var got *Options
		cmd := NewCmd(f, func(_ context.Context, o *Options) error { got = o; return nil })
		cmd.SetArgs(strings.Fields(tt.line))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.Execute()
		switch {
		case tt.err != "":
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: %v, want %s", tt.line, err, tt.err)
			}
		case err != nil:
			t.Errorf("%q: %v", tt.line, err)
		case got.Type != tt.kind || strings.Join(got.Sets, " ") != tt.sets:
			t.Errorf("%q: %+v", tt.line, got)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ format, kind, set, out string }{
		{cmdutil.OutputDefault, "timer", "payload=x", "{\n  \"payload\": \"x\",\n"},
		{cmdutil.OutputRaw, "timer", "payload=x", `{"payload":"x",`},
		{cmdutil.OutputYAML, "timer", "payload=x", "payload: x\n"},
		{cmdutil.OutputDefault, "", "", "oss          --bucket --key"},
		{cmdutil.OutputRaw, "", "", `{"type":"timer","fields":["payload","name","time"]}`},
	} {
		f, out, errOut := factory(tt.format)
		o := &Options{IO: f.IO, Settings: f.Settings, Type: tt.kind}
		if tt.set != "" {
			o.Sets = []string{tt.set}
		}
		if err := run(o); err != nil || !strings.Contains(out.String(), tt.out) || errOut.Len() > 0 {
			t.Errorf("%s %s: %v, %s %s", tt.kind, tt.format, err, out, errOut)
		}
	}
}

// What is printed fits 80 columns, and every name of a field is a flag.
func TestList(t *testing.T) {
	t.Parallel()
	f, out, _ := factory(cmdutil.OutputDefault)
	if err := run(&Options{IO: f.IO, Settings: f.Settings}); err != nil {
		t.Fatal(err)
	}
	cmd := NewCmd(f, nil)
	for line := range strings.Lines(out.String()) {
		words := strings.Fields(line)
		if !slices.Contains(event.Names(), words[0]) || len(line) > 80 {
			t.Errorf("%q", line)
		}
		for _, flag := range words[1:] {
			if cmd.Flags().Lookup(strings.TrimPrefix(flag, "--")) == nil {
				t.Errorf("%s is no flag", flag)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	f, _, _ := factory(cmdutil.OutputDefault)
	for _, set := range []string{"none.such=1", "key"} {
		err := run(&Options{IO: f.IO, Settings: f.Settings, Type: "oss", Sets: []string{set}})
		if cmdutil.CodeOf(err) != cmdutil.ExitUsage {
			t.Errorf("%s: %v, exit code %d", set, err, cmdutil.CodeOf(err))
		}
	}
	if err := run(&Options{IO: f.IO, Settings: f.Settings, Type: "fax"}); cmdutil.CodeOf(err) != cmdutil.ExitUsage {
		t.Errorf("%v", err)
	}
}

// A person is told that the cloud's own event is no JSON.
func TestCBOR(t *testing.T) {
	t.Parallel()
	f, out, errOut := factory(cmdutil.OutputDefault)
	f.IO.SetTTY(false, true, true)
	err := run(&Options{IO: f.IO, Settings: f.Settings, Type: "tablestore"})
	if err != nil || !strings.Contains(errOut.String(), "CBOR") || !json.Valid(out.Bytes()) {
		t.Errorf("%v, %s", err, errOut)
	}
}
