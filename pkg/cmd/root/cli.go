package root

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/spec"
)

// newCLI makes the command that runs others without an s.yaml.
func newCLI(f *cmdutil.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cli COMPONENT COMMAND [flags]",
		Short: "Run a command without an s.yaml",
		Long: "Cli runs a command of fc3, or of fc for edition 1.0.0, on the props of --props, as if they were those of the only\n" +
			"resource of an s.yaml in this folder; or on the function that --region and --function-name say.",
		Example: "s cli fc3 info --region cn-hangzhou --function-name hello -a prod\n" +
			`s cli fc3 deploy -y -a prod -p '{"region":"cn-hangzhou","functionName":"hello","runtime":"python3.10","handler":"index.handler","code":"."}'`,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || slices.Contains([]string{"-h", "--help", "help"}, args[0]) {
				return cmd.Help()
			}
			return runCLI(cmd, f, args)
		},
	}
	cmd.Flags().StringP("props", "p", "", "props of the resource, a JSON object")
	return cmd
}

func runCLI(cmd *cobra.Command, f *cmdutil.Factory, args []string) error {
	component, _, _ := strings.Cut(args[0], "@")
	if component != "fc3" && component != "fc" {
		return cmdutil.WithHint(cmdutil.ExitUsage, diag.Errorf("there is no component %q: it is fc3 or fc", args[0]), "s cli fc3 --help")
	}
	root := newCommand(f)
	words, text, given := takeFlag(args[1:], "-p", "--props")
	found, _, err := root.Find(words)
	if err != nil || found == root {
		if len(words) == 0 {
			return cmd.Help()
		}
		return unknownCommand(root, words)
	}
	props := map[string]any{}
	if given {
		if err := json.Unmarshal([]byte(text), &props); err != nil || props == nil {
			return cmdutil.UsageError(diag.Errorf("--props is not a JSON object: %v", err))
		}
	}
	for flag, key := range map[string]string{"--region": "region", "--function-name": "functionName"} {
		if found.Flags().Lookup(flag[2:]) != nil && !given {
			continue
		}
		var value string
		var has bool
		if words, value, has = takeFlag(words, "", flag); has {
			props[key], given = value, true
		}
	}
	if given {
		f.Settings.Text = inlineSpec(component, props)
	}
	return execute(cmd.Context(), root, words)
}

// inlineSpec is an s.yaml with one resource; JSON is YAML.
func inlineSpec(component string, props map[string]any) string {
	edition, resources := spec.Edition3, "resources"
	if component == "fc" {
		edition, resources = spec.Edition1, "services"
	}
	data, err := json.Marshal(map[string]any{
		"edition": edition, "name": component,
		resources: map[string]any{component: map[string]any{"component": component, "props": props}},
	})
	if err != nil {
		panic(err) // it was JSON before
	}
	return string(data)
}

// takeFlag takes a flag and its value out of a command line.
func takeFlag(args []string, short, long string) (rest []string, value string, given bool) {
	for i := 0; i < len(args); i++ {
		name, text, glued := strings.Cut(args[i], "=")
		switch {
		case name != long && (short == "" || args[i] != short):
			rest = append(rest, args[i])
		case glued && name == long:
			value, given = text, true
		case i+1 < len(args):
			i++
			value, given = args[i], true
		}
	}
	return rest, value, given
}
