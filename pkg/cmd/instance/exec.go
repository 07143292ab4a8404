package instancecmd

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/fcclient"
	"s/pkg/spec"
)

func newExec(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "exec [resource]",
		Short: "Run a command, or a shell, in a running instance",
		Long: "Exec runs a command in an instance, beside the function, and passes its exit code on.\n" +
			"With -it it opens a shell on this terminal; ctrl-] leaves it.",
		Example: "s instance exec --cmd \"ps -ef\"\ns instance exec -it",
		Args:    cmdutil.OneArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Resource = args[0]
			}
			if opts.Command == "" && !opts.TTY {
				return cmdutil.UsageError(diag.Errorf("what is to be run? give --cmd, or -it for a shell"))
			}
			if opts.Workdir != "" && opts.NoWorkdir {
				return cmdutil.UsageError(diag.Errorf("choose one of --workdir and --no-workdir"))
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Exec(cmd.Context(), opts)
		},
	}
	flags := cmd.Flags()
	cmdutil.BindFunction(flags, f.Settings)
	flags.StringVar(&opts.InstanceID, "instance-id", "", "the instance (default: the first that runs)")
	flags.StringVar(&opts.Command, "cmd", "", "the command line")
	flags.StringVar(&opts.Shell, "shell", "", "the shell that runs it (default sh; bash, if it is there, with -it)")
	flags.StringVar(&opts.Workdir, "workdir", "", "the folder to run it in (default /code)")
	flags.BoolVar(&opts.NoWorkdir, "no-workdir", false, "change to no folder")
	flags.StringVar(&opts.Qualifier, "qualifier", "", "version or alias (default LATEST)")
	flags.BoolVar(&opts.TTY, "tty", false, "on this terminal, as -it")
	flags.BoolVar(&opts.Stdin, "stdin", false, "give the command the stdin of s")
	flags.VarP(&together{&opts.TTY}, "interactive", "i", "-it: a shell on this terminal")
	return cmd
}

// together is the flag -it. -t alone is the global flag of the template, so the
// two letters are read as -i with the value t.
type together struct{ on *bool }

// String gives the value for the help text.
func (t *together) String() string { return "" }

// Set accepts the t of -it.
func (t *together) Set(value string) error {
	if value != "t" {
		return diag.Errorf("write -it for a shell")
	}
	*t.on = true
	return nil
}

// Type names the value in the help text.
func (t *together) Type() string { return "t" }

// Exec runs the command. Its exit code, if not 0, is that of the error.
func Exec(ctx context.Context, opts *Options) error {
	r, remote, target, err := opts.find(ctx, "instance exec")
	if err != nil {
		return err
	}
	id, err := opts.choose(ctx, remote, r)
	if err != nil {
		return cmdutil.CloudError(err, target)
	}
	code, err := opts.run(ctx, remote, r, id)
	if err != nil {
		return cmdutil.CloudError(err, target)
	}
	if code != 0 {
		return cmdutil.Quiet(code)
	}
	return nil
}

func (o *Options) run(ctx context.Context, remote Remote, r *spec.Resource, id string) (int, error) {
	input := fcclient.ExecInput{
		Function: r.Function.FunctionName, Qualifier: o.Qualifier, InstanceID: id,
		Command: o.commandLine(), TTY: o.TTY, Stdout: o.IO.Out, Stderr: o.IO.ErrOut,
	}
	if !o.TTY {
		if o.Stdin {
			input.Stdin = o.IO.In
		}
		return remote.Exec(ctx, input)
	}
	if !o.IO.IsStdinTTY() || !o.IO.IsStdoutTTY() {
		return 0, cmdutil.UsageError(errNoTerminal)
	}
	o.IO.Errf("instance %s; ctrl-] leaves", id)
	terminal, err := rawTerminal(o.IO.In)
	if err != nil {
		return 0, err
	}
	defer terminal.restore()
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	var left atomic.Bool
	input.Stdin = &leavingReader{Reader: o.IO.In, leave: func() { left.Store(true); leave() }}
	input.Resize = terminal.sizes(ctx)
	code, err := remote.Exec(ctx, input)
	if err != nil && ctx.Err() != nil && left.Load() {
		return 0, nil
	}
	return code, err
}

// commandLine is what runs in the instance: a shell in the work folder.
func (o *Options) commandLine() []string {
	shell, line := o.Shell, o.Command
	if shell == "" {
		shell = "sh"
	}
	switch {
	case line != "":
	case o.Shell != "":
		line = "exec " + o.Shell
	default:
		line = "if command -v bash >/dev/null 2>&1; then exec bash; fi; exec sh"
	}
	enter := "cd /code 2>/dev/null || :"
	switch {
	case o.NoWorkdir:
		return []string{shell, "-c", line}
	case o.Workdir != "":
		enter = fmt.Sprintf("cd %s || exit 1", quote(o.Workdir))
	}
	return []string{shell, "-c", enter + "\n" + line}
}

// quote makes a word of a POSIX shell.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// leaveKey is ctrl-].
const leaveKey = 0x1d

// leavingReader passes keys on until ctrl-] is pressed.
type leavingReader struct {
	io.Reader
	leave func()
}

// Read stops at ctrl-].
func (l *leavingReader) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	for i := range n {
		if p[i] == leaveKey {
			l.leave()
			return i, io.EOF
		}
	}
	return n, err
}
