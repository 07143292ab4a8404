package root

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"s/pkg/access"
	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
	"s/pkg/iostreams"
	"s/pkg/spec"
)

// envPeerHome moves the home of Serverless Devs away from the user's.
const envPeerHome = "serverless_devs_config_home"

// outside is what actions of s.yaml need.
func (w *wiring) outside() cmdutil.Outside {
	return cmdutil.Outside{
		Nested: w.nested, Credential: w.fields,
		PeerPackages: peerPackages(), Access: w.settings.Access, Debug: w.settings.Debug,
	}
}

// peerPackages is where Serverless Devs 3 keeps the packages that it fetched.
func peerPackages() string {
	user, err := os.UserHomeDir()
	dir := cmp.Or(os.Getenv(envPeerHome), user)
	if dir == "" || err != nil && dir == user {
		return ""
	}
	return filepath.Join(dir, ".s", "components", "devsapp.cn", "v3")
}

// fields are the credentials of a project by the names that plugins of
// Serverless Devs know.
func (w *wiring) fields(ctx context.Context, project *spec.Project) (map[string]string, error) {
	c, err := w.resolve(ctx, w.alias(project))
	if err != nil {
		return nil, err
	}
	if c.AccountID == "" && c.Alias != access.LocalAlias {
		if with, err := w.withAccount(ctx, c); err == nil {
			c = with // without the network it stays unknown
		}
	}
	fields := map[string]string{}
	for _, name := range []string{"AccountID", "AccessKeyID", "AccessKeySecret", "SecurityToken"} {
		if value, ok := c.Field(name); ok && value != "" {
			fields[name] = value
		}
	}
	return fields, nil
}

// nested runs a command of ours for one resource of a project that is loaded
// already, without its actions. What it prints is no data of the command around
// it.
func (w *wiring) nested(ctx context.Context, io *iostreams.IOStreams, project *spec.Project, resource string, words []string) error {
	streams, end := aside(io)
	defer end()
	inner := &wiring{io: streams, version: w.version, settings: &cmdutil.Settings{}, now: w.now, seed: w.seed}
	inner.vaultOnce.Do(func() { inner.vault = w.openVault() })
	f := inner.factory()
	f.Project = func(context.Context, string) (*spec.Project, error) {
		if inner.settings.Template != w.settings.Template || inner.settings.Env != w.settings.Env {
			return nil, cmdutil.UsageError(errors.New("an action runs in the project at hand: it takes neither --template nor --env"))
		}
		return project, nil
	}
	cmd := newCommand(f)
	args, err := nestedArgs(cmd, resource, words)
	if err != nil {
		return err
	}
	return execute(ctx, cmd, append(w.globals(), args...))
}

// aside are the same streams, but for data, which goes where everything else
// does; end ends its last line.
func aside(from *iostreams.IOStreams) (own *iostreams.IOStreams, end func()) {
	streams := *from
	data := &dataAside{to: from.ErrOut}
	streams.Out = data
	streams.SetTTY(from.IsStdinTTY(), from.IsStderrTTY(), from.IsStderrTTY())
	return &streams, func() {
		if data.open {
			fmt.Fprintln(from.ErrOut)
		}
	}
}

// dataAside knows whether the last line is ended.
type dataAside struct {
	to   io.Writer
	open bool
}

func (d *dataAside) Write(p []byte) (int, error) {
	if len(p) > 0 {
		d.open = p[len(p)-1] != '\n'
	}
	return d.to.Write(p)
}

// globals are the global flags of this command line, for another one. What that
// does goes to the log that is open, which knows the secrets.
func (w *wiring) globals() []string {
	s := w.settings
	args := []string{"--template=" + s.Template, "--access=" + s.Access, "--env=" + s.Env, "--output-format=" + cmdutil.OutputDefault, "--debug=false"}
	if s.NoColor {
		args = append(args, "--no-color")
	}
	return args
}

// takesResource is in the usage of the commands that a component has.
const takesResource = "[resource"

// nestedArgs puts the name of the resource behind the command that words name,
// and tells it to run no actions.
func nestedArgs(cmd *cobra.Command, resource string, words []string) ([]string, error) {
	found, rest, err := cmd.Find(words)
	if err != nil || found == cmd || !strings.Contains(found.Use, takesResource) {
		var names []string
		componentCommands(cmd, &names)
		err := fmt.Errorf("a component has no command %q", strings.Join(words, " "))
		hint := "it has " + strings.Join(names, ", ")
		if near := diag.Nearest(words[0], names); len(near) > 0 {
			hint = fmt.Sprintf("did you mean %q?", near[0])
		}
		return nil, cmdutil.WithHint(cmdutil.ExitSpec, err, hint)
	}
	found.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return fmt.Errorf("a component action is about its own resource, not %s", strings.Join(args[1:], ", "))
		}
		return nil
	}
	args := append(strings.Fields(found.CommandPath())[1:], resource)
	if found.LocalFlags().Lookup("skip-actions") != nil {
		args = append(args, "--skip-actions")
	}
	return append(args, rest...), nil
}

// componentCommands lists the commands below cmd that take a resource.
func componentCommands(cmd *cobra.Command, names *[]string) {
	for _, c := range cmd.Commands() {
		if strings.Contains(c.Use, takesResource) {
			*names = append(*names, strings.TrimPrefix(c.CommandPath(), "s "))
		}
		componentCommands(c, names)
	}
}
