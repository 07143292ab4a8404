package cmdutil

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/diag"
	"s/pkg/spec"
)

// Resources gives the resources that a command is about, in the order of the
// file: those that are named, each once, or without names all of them. Its error
// for names that aren't in the file has all of them, and those that are meant.
func Resources(project *spec.Project, names []string) ([]*spec.Resource, error) {
	if len(names) == 0 {
		if len(project.Resources) == 0 {
			return nil, WithCode(ExitSpec, diag.Errorf("%s has no resources", project.File))
		}
		return project.Resources, nil
	}
	chosen := map[string]bool{}
	for _, name := range names {
		chosen[name] = true
	}
	var list []*spec.Resource
	for _, r := range project.Resources {
		if chosen[r.Name] {
			list = append(list, r)
			delete(chosen, r.Name)
		}
	}
	if len(chosen) == 0 {
		return list, nil
	}
	var unknown []string
	for _, name := range names {
		if chosen[name] && !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
	}
	return nil, unknownResources(project, unknown)
}

// unknownResources is the error of names that aren't in the file.
func unknownResources(project *spec.Project, unknown []string) error {
	have := names(project.Resources)
	if len(unknown) == 1 {
		return WithHint(ExitUsage, diag.Errorf("%s has no resource %q", project.File, unknown[0]), diag.DidYouMean(unknown[0], have))
	}
	quoted := make([]string, len(unknown))
	var meant []string
	for i, name := range unknown {
		quoted[i] = fmt.Sprintf("%q", name)
		if near := diag.Nearest(name, have); len(near) > 0 {
			meant = append(meant, fmt.Sprintf("%s for %q", strings.Join(near, " or "), name))
		}
	}
	hint := "known here: " + joinFew(have)
	if len(meant) > 0 {
		hint = "did you mean " + strings.Join(meant, ", ") + "?"
	}
	return WithHint(ExitUsage, diag.Errorf("%s has none of the resources %s", project.File, strings.Join(quoted, ", ")), hint)
}

// OneResource gives the resource that is named, or the only one.
func OneResource(project *spec.Project, name, command string) (*spec.Resource, error) {
	var given []string
	if name != "" {
		given = []string{name}
	}
	list, err := Resources(project, given)
	if err != nil {
		return nil, err
	}
	if len(list) > 1 {
		have := names(list)
		slices.Sort(have)
		return nil, WithHint(ExitUsage, diag.Errorf("%s has several resources: %s", project.File, strings.Join(have, ", ")),
			fmt.Sprintf("s %s %s", command, list[0].Name))
	}
	return list[0], nil
}

// OneArg refuses more than one resource for a command that by its nature is
// about one.
func OneArg(cmd *cobra.Command, args []string) error {
	if len(args) < 2 {
		return nil
	}
	path := cmd.CommandPath()
	return WithHint(ExitUsage, diag.Errorf("%s is about one resource, not about %d: %s", path, len(args), strings.Join(args, ", ")), path+" "+args[0])
}

func names(list []*spec.Resource) []string {
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = r.Name
	}
	return names
}
