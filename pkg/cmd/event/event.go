// Package eventcmd is the command that prints sample events.
package eventcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s/pkg/cmd/cmdutil"
	"s/pkg/event"
	"s/pkg/iostreams"
)

// Options is what the command was asked for.
type Options struct {
	IO       *iostreams.IOStreams
	Settings *cmdutil.Settings

	Type string   // empty lists the types
	Sets []string // PATH=VALUE or FIELD=VALUE
}

// NewCmd makes the event command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Settings: f.Settings}
	var sets []string
	cmd := &cobra.Command{
		Use:   "event [type]",
		Short: "Print a sample event of a trigger",
		Long: "Event prints what a trigger of a type hands to a function, as JSON, with your values in it.\n" +
			"s invoke and s local invoke take the same with --event-template and --set. Without a type it\n" +
			"lists the types, with the names of values that need no path.",
		Example: "s event oss --bucket photos --key cat.png\ns event http --set headers.X-Token=abc\ns event",
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return event.Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Type = args[0]
			}
			given, err := fields(cmd.Flags(), opts.Type)
			if err != nil {
				return cmdutil.UsageError(err)
			}
			opts.Sets = append(given, sets...)
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(opts)
		},
	}
	cmd.Flags().StringArrayVar(&sets, "set", nil, "PATH=VALUE, a value of the event; may be given several times")
	for _, name := range fieldNames() {
		cmd.Flags().String(name, "", meaning(name))
	}
	return cmd
}

// fieldNames lists the names of fields of all types, each once.
func fieldNames() []string {
	var names []string
	for _, t := range event.Types() {
		for _, f := range t.Fields {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// meaning is what a field is, and in which types.
func meaning(name string) string {
	what, of := "", []string{}
	for _, t := range event.Types() {
		for _, f := range t.Fields {
			if f.Name == name {
				what, of = f.What, append(of, t.Name)
			}
		}
	}
	return what + " (" + strings.Join(of, ", ") + ")"
}

// fields gives the flags that are fields as NAME=VALUE. It fails for one that
// events of the type don't have.
func fields(flags *pflag.FlagSet, kind string) (sets []string, err error) {
	known := map[string]bool{}
	if kind != "" {
		t, err := event.Find(kind)
		if err != nil {
			return nil, err
		}
		for _, f := range t.Fields {
			known[f.Name] = true
		}
	}
	ours := fieldNames()
	flags.Visit(func(flag *pflag.Flag) {
		if !slices.Contains(ours, flag.Name) {
			return
		}
		if !known[flag.Name] && err == nil {
			err = fmt.Errorf("--%s is not of %q events", flag.Name, kind)
		}
		sets = append(sets, flag.Name+"="+flag.Value.String())
	})
	return sets, err
}

func run(o *Options) error {
	if o.Type == "" {
		return list(o)
	}
	t, err := event.Find(o.Type)
	if err != nil {
		return cmdutil.UsageError(err)
	}
	text, err := Make(o.Type, o.Sets)
	if err != nil {
		return err
	}
	if t.CBOR && o.IO.IsStdoutTTY() {
		o.IO.Errf("the cloud sends this event as CBOR, not as JSON")
	}
	if o.Settings.Output == cmdutil.OutputDefault {
		_, err = o.IO.Out.Write(text)
		return err
	}
	return cmdutil.Print(o.IO.Out, o.Settings.Output, json.RawMessage(text))
}

// Make gives the sample event of a type with values set; what is wrong with them
// is wrong usage.
func Make(kind string, sets []string) ([]byte, error) {
	text, err := event.Sample(kind, sets...)
	var path *event.PathError
	if errors.As(err, &path) {
		return nil, cmdutil.WithHint(cmdutil.ExitUsage, err, "s event "+kind)
	}
	if err != nil {
		return nil, cmdutil.UsageError(err)
	}
	return text, nil
}

// listed is a type as the list shows it.
type listed struct {
	Type   string   `json:"type"`
	Fields []string `json:"fields"`
}

// list shows the types and the names of their fields.
func list(o *Options) error {
	var types []listed
	for _, t := range event.Types() {
		l := listed{Type: t.Name}
		for _, f := range t.Fields {
			l.Fields = append(l.Fields, f.Name)
		}
		types = append(types, l)
	}
	if o.Settings.Output != cmdutil.OutputDefault {
		return cmdutil.Print(o.IO.Out, o.Settings.Output, types)
	}
	for _, l := range types {
		if _, err := fmt.Fprintf(o.IO.Out, "%-12s --%s\n", l.Type, strings.Join(l.Fields, " --")); err != nil {
			return err
		}
	}
	return nil
}
