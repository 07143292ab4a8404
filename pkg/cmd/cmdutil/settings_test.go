package cmdutil

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"s/pkg/iostreams"
)

// TestSettings: a flag wins over its twin, and who chose a value is known.
func TestSettings(t *testing.T) {
	for _, name := range []string{"S_TEMPLATE", "S_OUTPUT_FORMAT", "S_ENV", "S_NO_COLOR"} {
		t.Setenv(name, "")
	}
	t.Setenv("S_ACCESS", "twin")
	t.Setenv("S_DEBUG", "1")
	t.Setenv("S_ENV", "staging")
	flags := pflag.NewFlagSet("s", pflag.ContinueOnError)
	BindFlags(flags)
	if err := flags.Parse([]string{"-a", "flag", "--output-format", "default", "-t", "https://me:hush@host/s.yaml"}); err != nil {
		t.Fatal(err)
	}
	var s Settings
	if err := s.Read(flags); err != nil {
		t.Fatal(err)
	}
	want := Settings{
		Template: "https://me:hush@host/s.yaml", Access: "flag", Output: OutputDefault, Env: "staging", Debug: true,
		From: map[string]string{
			"template": "--template", "access": "--access", "output-format": "--output-format", "env": "S_ENV", "debug": "S_DEBUG", "no-color": FromDefault,
		},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	io, _, _, errOut := iostreams.Test()
	s.Tell(io.Debug())
	if errOut.Len() > 0 {
		t.Errorf("without a log: %s", errOut)
	}
	io.StartDebug(time.Now().Add(time.Hour))
	s.Tell(io.Debug())
	got := ""
	for line := range strings.Lines(errOut.String()) {
		_, text, _ := strings.Cut(line, "] ")
		got += text
	}
	told := `settings: template is https://***@host/s.yaml (--template)
settings: access is flag (--access)
settings: output-format is default (--output-format)
settings: env is staging (S_ENV)
settings: debug is true (S_DEBUG)
`
	if got != told {
		t.Errorf("got\n%s", got)
	}
}

func TestWrongSettings(t *testing.T) {
	t.Setenv("S_OUTPUT_FORMAT", "xml")
	flags := pflag.NewFlagSet("s", pflag.ContinueOnError)
	BindFlags(flags)
	var s Settings
	if err := s.Read(flags); err == nil || !strings.Contains(err.Error(), `"xml"`) {
		t.Errorf("%v", err)
	}
}
