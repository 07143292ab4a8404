// Package completion is the command that prints the completion script of a
// shell, and what completes arguments: the names of templates, of the resources
// in s.yaml and of the aliases of credentials.
package completion

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/iostreams"
)

// Options is what the command was asked for.
type Options struct {
	IO    *iostreams.IOStreams
	Shell string         // one of Shells
	Root  *cobra.Command // the command tree that the script completes
}

// Shells are the shells that a script can be printed for.
func Shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

// NewCmd makes the completion command. runF replaces the run, for tests.
func NewCmd(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO}
	return &cobra.Command{
		Use:   "completion {bash|zsh|fish|powershell}",
		Short: "Print the completion script of a shell",
		Long: "Prints the script that makes a shell complete the commands of s, its flags, templates,\n" +
			"resources of s.yaml and access aliases.\n\n" +
			"bash (needs the package bash-completion), for this session and for all:\n" +
			"  source <(s completion bash)\n" +
			"  s completion bash > ~/.local/share/bash-completion/completions/s\n" +
			"zsh, into a folder of $fpath, before compinit:\n" +
			"  s completion zsh > \"${fpath[1]}/_s\"\n" +
			"fish:\n" +
			"  s completion fish > ~/.config/fish/completions/s.fish\n" +
			"PowerShell, for this session and for all:\n" +
			"  s completion powershell | Out-String | Invoke-Expression\n" +
			"  s completion powershell >> $PROFILE",
		Example:   "  source <(s completion bash)",
		ValidArgs: Shells(),
		Args:      oneShell,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Shell, opts.Root = args[0], cmd.Root()
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(opts)
		},
		DisableFlagsInUseLine: true,
	}
}

func oneShell(_ *cobra.Command, args []string) error {
	known := strings.Join(Shells(), ", ")
	switch {
	case len(args) == 0:
		return cmdutil.WithHint(cmdutil.ExitUsage, fmt.Errorf("no shell given: choose one of %s", known), "s completion bash")
	case len(args) > 1:
		return cmdutil.UsageError(fmt.Errorf("completion takes one shell, not %d", len(args)))
	case !slices.Contains(Shells(), args[0]):
		return cmdutil.UsageError(fmt.Errorf("unknown shell %q: choose one of %s", args[0], known))
	}
	return nil
}

func run(opts *Options) error {
	switch opts.Shell {
	case "bash":
		return opts.Root.GenBashCompletionV2(opts.IO.Out, true)
	case "zsh":
		return opts.Root.GenZshCompletion(opts.IO.Out)
	case "fish":
		return opts.Root.GenFishCompletion(opts.IO.Out, true)
	default:
		return opts.Root.GenPowerShellCompletionWithDesc(opts.IO.Out)
	}
}
