package listcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// deployed makes functions f00, f01, ... in the region of the project.
func deployed(t *testing.T, n int) *cmdtest.World {
	t.Helper()
	w := cmdtest.New(t, spec.Edition3)
	client, err := w.Target.Client(w.Resource())
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		f := w.Resource().Function
		f.FunctionName = fmt.Sprintf("f%03d", i)
		f.EnvironmentVariables = map[string]string{"PASSWORD": "sesame"}
		if _, err := client.CreateFunction(context.Background(), f, &fc.Code{ZipFile: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}); err != nil {
			t.Fatal(err)
		}
	}
	w.Server.Reset()
	return w
}

func command(w *cmdtest.World) *cobra.Command { return NewCmd(w.Factory, nil) }

func TestListOfAll(t *testing.T) {
	t.Parallel()
	w := deployed(t, 103) // more than a page
	if err := w.Run(command(w)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(w.Stdout()), "\n")
	if len(lines) != 104 || !strings.HasPrefix(lines[0], "region") || !strings.Contains(lines[1], "f000") || !strings.Contains(lines[103], "f102") {
		t.Errorf("%d lines, from %q to %q", len(lines), lines[0], lines[len(lines)-1])
	}
	if err := w.Run(command(w), "-o", "json", "--prefix", "f10"); err != nil {
		t.Fatal(err)
	}
	var got List
	if err := json.Unmarshal(w.Out.Bytes(), &got); err != nil || len(got.Functions) != 3 || got.Functions[2].FunctionName != "f102" || got.Functions[0].Region != "cn-hangzhou" {
		t.Errorf("%v: %s", err, w.Stdout())
	}
	if strings.Contains(w.Stdout(), "sesame") {
		t.Error("a password was shown")
	}
}

func TestListByPages(t *testing.T) {
	t.Parallel()
	w := deployed(t, 5)
	var names []string
	for next := ""; ; {
		if err := w.Run(command(w), "--limit", "2", "--next-token", next, "-o", "raw"); err != nil {
			t.Fatal(err)
		}
		var got List
		if err := json.Unmarshal(w.Out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		for _, f := range got.Functions {
			names = append(names, f.FunctionName)
		}
		if next = got.NextToken; next == "" {
			break
		}
	}
	if got := strings.Join(names, " "); got != "f000 f001 f002 f003 f004" {
		t.Error(got)
	}
	if err := w.Run(command(w), "--limit", "2"); err != nil || !strings.Contains(w.Stdout(), "nextToken: ") {
		t.Errorf("%v: %s", err, w.Stdout())
	}
}

func TestListOfNothing(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	if err := w.Run(command(w)); err != nil || w.Stdout() != "" || !strings.Contains(w.Stderr(), "no functions") {
		t.Errorf("%v, %q, %q", err, w.Stdout(), w.Stderr())
	}
	if err := w.Run(command(w), "-o", "raw"); err != nil || w.Stdout() != `{"functions":[]}`+"\n" {
		t.Errorf("%v, %q", err, w.Stdout())
	}
}

// TestListWithoutFile: with a region and an alias, no s.yaml is needed.
func TestListWithoutFile(t *testing.T) {
	t.Parallel()
	w := deployed(t, 1)
	w.Factory.Project = func(context.Context, string) (*spec.Project, error) {
		return nil, cmdutil.WithCode(cmdutil.ExitSpec, errors.New("no s.yaml"))
	}
	if err := w.Run(command(w), "--region", "cn-hangzhou", "-a", "prod", "-o", "table"); err != nil || !strings.Contains(w.Stdout(), "f000") {
		t.Errorf("%v: %s", err, w.Stdout())
	}
	var known *cmdutil.Error
	if err := w.Run(command(w), "--region", "cn-hangzhou", "-a", ""); !errors.As(err, &known) || known.Code != cmdutil.ExitSpec || !strings.Contains(known.Hint, "-a ALIAS") {
		t.Errorf("%v", err)
	}
}

func TestListErrors(t *testing.T) {
	t.Parallel()
	w := deployed(t, 1)
	other := w.Add("other")
	other.Region = "cn-beijing"
	usage := func(args ...string) {
		t.Helper()
		var known *cmdutil.Error
		if err := w.Run(command(w), args...); !errors.As(err, &known) || known.Code != cmdutil.ExitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
	usage("--limit", "101")
	usage("--limit", "-1")
	usage("--limit", "5")
	usage("--next-token", "x")
	if err := w.Run(command(w)); err != nil || !strings.Contains(w.Stdout(), "cn-hangzhou") {
		t.Errorf("two regions: %v %s", err, w.Stdout())
	}
	w.Server.Fail(fctest.Failure{Status: 403, Body: `{"Code":"AccessDenied"}`})
	var known *cmdutil.Error
	if err := w.Run(command(w)); !errors.As(err, &known) || known.Code != cmdutil.ExitCloud {
		t.Errorf("refused: %v", err)
	}
	w.Project.Resources = nil
	usage()
}
