package root

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
)

// flagError says what is wrong with a flag, and what may be meant.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown.GetSpecifiedName())
	case errors.As(err, &missing):
		return cmdutil.UsageError(diag.Errorf("%s needs a value", flagName(missing.GetSpecifiedName())))
	case errors.As(err, &value):
		name := "--" + value.GetFlag().Name
		switch value.GetFlag().Value.Type() {
		case "int":
			return cmdutil.UsageError(diag.Errorf("%s takes a whole number, not %q", name, value.GetValue()))
		case "float64":
			return cmdutil.UsageError(diag.Errorf("%s takes a number, not %q", name, value.GetValue()))
		case "bool":
			return cmdutil.UsageError(diag.Errorf("%s is true or false, not %q", name, value.GetValue()))
		}
	}
	return cmdutil.UsageError(err)
}

// flagName is a name as it is typed.
func flagName(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func unknownFlag(cmd *cobra.Command, name string) error {
	if words := cmd.Flags().Args(); cmd.HasSubCommands() && len(words) > 0 { // it may be a flag of what they should be
		if cmd.HasParent() {
			return unknownSubcommand(cmd, words)
		}
		return unknownCommand(cmd, words)
	}
	err := diag.Errorf("%s has no flag %s", cmd.CommandPath(), flagName(name))
	letter := ""
	if len(name) == 1 {
		name, letter = "", name
	}
	here, note := peerFlagNote(cmd, name, letter)
	switch {
	case note != "":
		return cmdutil.WithHint(cmdutil.ExitUsage, err, note)
	case strings.HasPrefix(here, "s "):
		return cmdutil.WithHint(cmdutil.ExitUsage, err, here)
	}
	var have []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			have = append(have, flag.Name)
		}
	})
	if near := diag.Nearest(name, have); len(near) > 0 {
		return cmdutil.WithHint(cmdutil.ExitUsage, err, string(diag.Say("did you mean --%s?", strings.Join(near, " or --"))))
	}
	return cmdutil.WithHint(cmdutil.ExitUsage, err, cmd.CommandPath()+" --help")
}

// guardArgs makes what is wrong with words behind commands plain.
func guardArgs(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		guardArgs(c)
	}
	check := cmd.Args
	if check == nil || !cmd.HasParent() {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		switch {
		case err == nil || !strings.HasPrefix(err.Error(), "unknown command "): // cobra.NoArgs
			return err
		case cmd.HasSubCommands():
			return unknownSubcommand(cmd, args)
		}
		return cmdutil.WithHint(cmdutil.ExitUsage, diag.Errorf("%s takes no names, but got %s", cmd.CommandPath(), strings.Join(args, " ")), cmd.CommandPath()+" --help")
	}
}

func unknownSubcommand(cmd *cobra.Command, args []string) error {
	err := diag.Errorf("%s has no command %q", cmd.CommandPath(), args[0])
	if note := peerCommandNote(append(strings.Fields(commandPath(cmd)), args[0])); note != "" {
		return cmdutil.WithHint(cmdutil.ExitUsage, err, note)
	}
	names := commandNames(cmd)
	words := slices.Concat([]string{cmd.CommandPath()}, args)
	if near := diag.Nearest(args[0], names); len(near) > 0 {
		words[1] = near[0]
		return cmdutil.WithHint(cmdutil.ExitUsage, err, strings.Join(words, " "))
	}
	return cmdutil.WithHint(cmdutil.ExitUsage, err, string(diag.Say("it has %s", strings.Join(names, ", "))))
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}
