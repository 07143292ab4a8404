package publishcmd

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// world is a project whose function is deployed, and published so many times.
func world(t *testing.T, edition string, versions int) (*cmdtest.World, *fcclient.Client) {
	t.Helper()
	w := cmdtest.New(t, edition)
	client, err := w.Target.Client(w.Resource())
	if err != nil {
		t.Fatal(err)
	}
	if s := w.Resource().Service; s != nil {
		if _, err := client.CreateService(t.Context(), *s); err != nil {
			t.Fatal(err)
		}
	}
	f := w.Resource().Function
	if _, err := client.CreateFunction(t.Context(), f, &fc.Code{ZipFile: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}); err != nil {
		t.Fatal(err)
	}
	for i := range versions {
		f.Description = strings.Repeat("x", i+1)
		if _, err := client.UpdateFunction(t.Context(), f, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := client.PublishVersion(t.Context(), f.FunctionName, ""); err != nil {
			t.Fatal(err)
		}
	}
	w.Server.Reset()
	return w, client
}

// run runs "s <line>" as a user would.
func run(w *cmdtest.World, line ...string) error {
	w.T.Helper()
	version := &cobra.Command{Use: "version"}
	version.AddCommand(NewVersionCmds(w.Factory)...)
	for _, cmd := range []*cobra.Command{version, NewAliasCmd(w.Factory)} {
		if cmd.Name() == line[0] {
			return w.Run(cmd, line[1:]...)
		}
	}
	w.T.Fatalf("no command %s", line[0])
	return nil
}

// must runs a line that must work, and reads the JSON that it prints.
func must[T any](w *cmdtest.World, line ...string) T {
	w.T.Helper()
	var out T
	if err := run(w, append(line, "-o", "json")...); err != nil {
		w.T.Fatalf("s %s: %v\n%s", strings.Join(line, " "), err, w.Stderr())
	}
	if err := json.Unmarshal([]byte(w.Stdout()), &out); err != nil {
		w.T.Fatalf("s %s: %v in %s", strings.Join(line, " "), err, w.Stdout())
	}
	return out
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for edition, owner := range map[string]string{spec.Edition3: "hello", spec.Edition1: "svc"} {
		w, _ := world(t, edition, 0)
		if all := must[[]fc.Version](w, "version", "list"); len(all) != 0 || !strings.HasPrefix(w.Stdout(), "[") {
			t.Errorf("none: %s", w.Stdout())
		}
		if v := must[fc.Version](w, "version", "publish", "--description", "the first"); v.VersionID != "1" || v.Description != "the first" {
			t.Errorf("%+v", v)
		}
		if err := run(w, "version", "publish"); !fc.IsCode(err, fc.CodeVersionPublishError) || cmdutil.CodeOf(err) != cmdutil.ExitCloud {
			t.Errorf("published twice: %v", err)
		}
		w.Server.Reset()
		w, client := world(t, edition, 3)
		all := must[[]fc.Version](w, "version", "list", "hello")
		if ids := idsOf(all); !slices.Equal(ids, []string{"3", "2", "1"}) {
			t.Errorf("%s: %q", edition, ids)
		}
		if err := run(w, "version", "list", "--table"); err != nil || !strings.Contains(w.Stdout(), "versionId") || strings.Contains(w.Stdout(), "{") {
			t.Errorf("%v\n%s", err, w.Stdout())
		}
		for _, id := range []string{"latest", "1", "LATEST"} {
			if err := run(w, "version", "remove", "--version-id", id, "-y"); err != nil {
				t.Errorf("remove %s: %v", id, err)
			}
		}
		if left := w.Server.Published(owner); len(left) != 0 {
			t.Errorf("%s: %q are left", edition, left)
		}
		if w.Stdout() != "" {
			t.Errorf("remove printed %q", w.Stdout())
		}
		w.WantStderr("version 2 of " + w.Resource().Function.FunctionName + " is removed")
		if _, err := client.GetFunction(t.Context(), w.Resource().Function.FunctionName, ""); err != nil {
			t.Errorf("the function: %v", err)
		}
	}
}

func idsOf(all []fc.Version) []string {
	var ids []string
	for _, v := range all {
		ids = append(ids, v.VersionID)
	}
	return ids
}

func TestAliases(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{spec.Edition3, spec.Edition1} {
		w, client := world(t, edition, 2)
		function := w.Resource().Function.FunctionName
		if all := must[[]fc.Alias](w, "alias", "list"); len(all) != 0 || !strings.HasPrefix(w.Stdout(), "[") {
			t.Errorf("none: %s", w.Stdout())
		}
		check := func(what string, want fc.Alias, lines ...string) {
			t.Helper()
			for _, got := range []func() (*fc.Alias, error){
				func() (*fc.Alias, error) { a := must[fc.Alias](w, lines...); return &a, nil },
				func() (*fc.Alias, error) { return client.GetAlias(t.Context(), function, want.AliasName) },
			} {
				a, err := got()
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				a.CreatedTime, a.LastModifiedTime, a.ResolvePolicy = "", "", ""
				if len(a.AdditionalVersionWeight) == 0 {
					a.AdditionalVersionWeight = nil
				}
				if d := cmp.Diff(want, *a); d != "" {
					t.Errorf("%s: %s", what, d)
				}
			}
		}
		split := fc.Alias{AliasName: "prod", VersionID: "1", Description: "d", AdditionalVersionWeight: map[string]float64{"2": 0.2}}
		check("made", split, "alias", "publish", "--alias-name", "prod", "--version-id", "1", "--description", "d", "--additionalVersionWeight", `{"2":0.2}`)
		check("got", split, "alias", "get", "--alias-name", "prod")
		turned := fc.Alias{AliasName: "prod", VersionID: "2"}
		check("turned to the newest", turned, "alias", "publish", "hello", "--alias-name", "prod", "--version-id", "latest")
		canary := fc.Alias{AliasName: "canary", VersionID: "2", AdditionalVersionWeight: map[string]float64{"1": 0.5}}
		check("by the short flag", canary, "alias", "publish", "--alias-name", "canary", "--version-id", "2", "--vw", `{"1":0.5}`)
		if all := must[[]fc.Alias](w, "alias", "list"); len(all) != 2 || all[0].AliasName != "canary" {
			t.Errorf("%+v", all)
		}
		if err := run(w, "alias", "list", "--table"); err != nil || !strings.Contains(w.Stdout(), "aliasName") {
			t.Errorf("%v\n%s", err, w.Stdout())
		}
		if err := run(w, "alias", "remove", "--alias-name", "prod", "-y"); err != nil || w.Stdout() != "" {
			t.Errorf("%v, printed %q", err, w.Stdout())
		}
		w.WantStderr("alias prod of " + function + " is removed")
		if err := run(w, "alias", "get", "--alias-name", "prod"); !fc.IsCode(err, fc.CodeAliasNotFound) {
			t.Errorf("removed: %v", err)
		}
	}
}

// TestQuestions: what removes asks first, and a no is kept to.
func TestQuestions(t *testing.T) {
	t.Parallel()
	w, client := world(t, spec.Edition3, 1)
	if _, err := client.CreateAlias(t.Context(), "hello", fc.Alias{AliasName: "prod", VersionID: "1"}); err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]string{{"alias", "remove", "--alias-name", "prod"}, {"version", "remove", "--version-id", "latest"}} {
		w.IO.SetTTY(false, false, false)
		if err := run(w, line...); cmdutil.CodeOf(err) != cmdutil.ExitUsage {
			t.Errorf("%q without a terminal: %v", line, err)
		}
		w.TTY(false)
		before := len(w.Server.Writes())
		if err := run(w, line...); cmdutil.CodeOf(err) != cmdutil.ExitFailed || len(w.Server.Writes()) != before {
			t.Errorf("%q against a no: %v, %q", line, err, w.Server.Writes())
		}
		w.TTY(true)
		if err := run(w, line...); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
	if want := []string{
		"Remove alias prod of hello?", "Remove alias prod of hello?", "Remove version 1 of hello?", "Remove version 1 of hello?",
	}; !slices.Equal(w.Prompter.Asked, want) {
		t.Errorf("asked %q", w.Prompter.Asked)
	}
	if left := w.Server.Published("hello"); len(left) != 0 {
		t.Errorf("%q are left", left)
	}
}

// TestWrongUse: what is missing or can't be read is said before anything is asked of
// the service, and what the service refuses afterwards.
func TestWrongUse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		versions int
		line     []string
		exit     int
		says     string
		calls    int
	}{
		{1, []string{"version", "remove", "-y"}, cmdutil.ExitUsage, "--version-id", 0},
		{1, []string{"alias", "get"}, cmdutil.ExitUsage, "--alias-name", 0},
		{1, []string{"alias", "remove", "-y"}, cmdutil.ExitUsage, "--alias-name", 0},
		{1, []string{"alias", "publish", "--version-id", "1"}, cmdutil.ExitUsage, "--alias-name", 0},
		{1, []string{"alias", "publish", "--alias-name", "a"}, cmdutil.ExitUsage, "--version-id", 0},
		{1, []string{"alias", "publish", "--alias-name", "a", "--version-id", "1", "--vw", "0.5"}, cmdutil.ExitUsage, "--additionalVersionWeight is not JSON", 0},
		{1, []string{"version", "list", "nobody"}, cmdutil.ExitUsage, "nobody", 0},
		{0, []string{"version", "remove", "--version-id", "latest", "-y"}, cmdutil.ExitFailed, "hello has no version", 1},
		{0, []string{"alias", "publish", "--alias-name", "a", "--version-id", "latest"}, cmdutil.ExitFailed, "hello has no version", 1},
		{1, []string{"version", "remove", "--version-id", "7", "-y"}, cmdutil.ExitCloud, fc.CodeVersionNotFound, 1},
		{1, []string{"alias", "publish", "--alias-name", "a", "--version-id", "7"}, cmdutil.ExitCloud, fc.CodeVersionNotFound, 2},
		{1, []string{"alias", "publish", "--alias-name", "a", "--version-id", "1", "--vw", `{"1":0.5}`}, cmdutil.ExitCloud, fc.CodeAdditionalHasMajor, 2},
		{1, []string{"alias", "remove", "--alias-name", "none", "-y"}, cmdutil.ExitCloud, fc.CodeAliasNotFound, 1},
	} {
		w, _ := world(t, spec.Edition3, tt.versions)
		err := run(w, tt.line...)
		if err == nil || cmdutil.CodeOf(err) != tt.exit || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("s %s: %d %v, want %d with %q", strings.Join(tt.line, " "), cmdutil.CodeOf(err), err, tt.exit, tt.says)
		}
		if calls := w.Server.Calls(); len(calls) != tt.calls {
			t.Errorf("s %s: %d calls, want %d: %v", strings.Join(tt.line, " "), len(calls), tt.calls, calls)
		}
		if w.Stdout() != "" {
			t.Errorf("s %s printed %q", strings.Join(tt.line, " "), w.Stdout())
		}
	}
}

// TestTroubleIsTold: errors of the service keep their code, its request and the hint.
func TestTroubleIsTold(t *testing.T) {
	t.Parallel()
	for _, line := range [][]string{
		{"version", "list"},
		{"version", "publish"},
		{"version", "remove", "--version-id", "1", "-y"},
		{"alias", "list"},
		{"alias", "get", "--alias-name", "a"},
		{"alias", "publish", "--alias-name", "a", "--version-id", "1"},
		{"alias", "remove", "--alias-name", "a", "-y"},
	} {
		w, _ := world(t, spec.Edition3, 1)
		w.Server.Fail(fctest.Failure{Path: "/hello/", Status: http.StatusForbidden, Body: `{"Code":"AccessDenied","Message":"no"}`})
		err := run(w, line...)
		var api *fc.APIError
		if !errors.As(err, &api) || api.Code != fc.CodeAccessDenied || api.RequestID == "" || cmdutil.CodeOf(err) != cmdutil.ExitCloud {
			t.Errorf("%q: %v", line, err)
		}
		if w.ProjectCommand != line[0] {
			t.Errorf("%q: the project was loaded for %q", line, w.ProjectCommand)
		}
	}
}
