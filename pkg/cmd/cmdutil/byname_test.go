package cmdutil_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"s/pkg/cmd/cmdutil"
	"s/pkg/cmd/cmdutil/cmdtest"
	"s/pkg/diag"
	"s/pkg/spec"
)

func TestFindByName(t *testing.T) {
	t.Parallel()
	const elsewhere = "cn-beijing"
	for _, tt := range []struct {
		about            string
		edition          string
		named            string // a resource on the command line
		file             bool   // there is an s.yaml
		function, region string
		want             string // name@region of what is found, v2 with a service
		code             int
		hint             string // of the command line of another command
	}{
		{"a resource", spec.Edition3, "", true, "", "", "hello@cn-hangzhou", 0, "hello"},
		{"a resource in another region", spec.Edition3, "", true, "", elsewhere, "hello@cn-beijing", 0, "hello --region cn-beijing"},
		{"its function", spec.Edition3, "", true, "hello", "", "hello@cn-hangzhou", 0, "--function-name hello"},
		{"its function, and its name", spec.Edition3, "hello", true, "hello", "", "hello@cn-hangzhou", 0, "--function-name hello"},
		{"a function and the name of another", spec.Edition3, "other", true, "hello", "", "", cmdutil.ExitUsage, ""},
		{"another function of the region", spec.Edition3, "", true, "gone", "", "gone@cn-hangzhou", 0, "--function-name gone"},
		{"a function of a service", spec.Edition1, "", true, "hello", "", "svc$hello@cn-hangzhou v2", 0, "--function-name hello"},
		{"with its service", spec.Edition1, "", true, "svc$hello", "", "svc$hello@cn-hangzhou v2", 0, "--function-name 'svc$hello'"},
		{"another of another service", spec.Edition1, "", true, "old$gone", "", "old$gone@cn-hangzhou v2", 0, "--function-name 'old$gone'"},
		{"without a file", spec.Edition3, "", false, "gone", elsewhere, "gone@cn-beijing", 0, "--function-name gone --region cn-beijing"},
		{"without a file and a region", spec.Edition3, "", false, "gone", "", "", cmdutil.ExitUsage, ""},
	} {
		t.Run(tt.about, func(t *testing.T) {
			t.Parallel()
			w := cmdtest.New(t, tt.edition)
			s := w.Factory.Settings
			s.Function, s.Region = tt.function, tt.region
			if tt.file {
				s.Template = "s.yaml"
			}
			one, err := cmdutil.FindOne(t.Context(), w.Factory, tt.named, "version list")
			if err != nil || tt.code != 0 {
				if cmdutil.CodeOf(err) != tt.code {
					t.Fatalf("%v", err)
				}
				return
			}
			got := one.Name() + "@" + one.Resource.Region
			if one.Resource.Service != nil {
				got += " v2"
			}
			if got != tt.want || one.Args() != tt.hint {
				t.Errorf("found %s, told of as %q", got, one.Args())
			}
			if tt.file && w.ProjectCommand != "version" {
				t.Errorf("loaded for %q", w.ProjectCommand)
			}
			if w.Resource().Region != "cn-hangzhou" {
				t.Error("the project itself was changed")
			}
		})
	}
}

// TestFindByNameAmongRegions: a file may have a function in several.
func TestFindByNameAmongRegions(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	there := w.Add("there")
	there.Region, there.Function.FunctionName = "cn-beijing", "hello"
	s := w.Factory.Settings
	s.Template, s.Function = "s.yaml", "hello"
	find := func() (*cmdutil.Functions, error) {
		return cmdutil.FindAll(t.Context(), w.Factory, nil, "info")
	}
	for _, name := range []string{"hello", "gone"} {
		s.Function = name
		if _, err := find(); cmdutil.CodeOf(err) != cmdutil.ExitUsage || !strings.Contains(err.Error(), "--region") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.Function, s.Region = "hello", "cn-beijing"
	if found, err := find(); err != nil || !slices.Equal(found.Resources, []*spec.Resource{there}) {
		t.Errorf("%v", err)
	}
}

// TestFindByNameBesideABrokenFile: who says where and with which access needs no
// s.yaml, so that its mistakes are no hindrance.
func TestFindByNameBesideABrokenFile(t *testing.T) {
	t.Parallel()
	w := cmdtest.New(t, spec.Edition3)
	broken := cmdutil.WithCode(cmdutil.ExitSpec, errors.New("broken"))
	w.Factory.Project = func(context.Context, string) (*spec.Project, error) { return nil, broken }
	s := w.Factory.Settings
	s.Template, s.Function, s.Region = "s.yaml", "gone", "cn-beijing"
	if _, err := cmdutil.FindOne(t.Context(), w.Factory, "", "info"); !errors.Is(err, broken) {
		t.Errorf("without an access: %v", err)
	}
	s.Access = "prod"
	if one, err := cmdutil.FindOne(t.Context(), w.Factory, "", "info"); err != nil || one.Name() != "gone" {
		t.Errorf("%v", err)
	}
	w.TargetErr = diag.Errorf("no such access")
	if _, err := cmdutil.FindOne(t.Context(), w.Factory, "", "info"); !errors.Is(err, w.TargetErr) {
		t.Errorf("%v", err)
	}
}
