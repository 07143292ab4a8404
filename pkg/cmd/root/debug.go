package root

import (
	"context"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s/pkg/cmd/cmdutil"
	"s/pkg/debug"
	"s/pkg/deploy"
	"s/pkg/diag"
	"s/pkg/spec"
)

// tellStart tells the debug log which s runs, as what, and what may decide what
// it does. Of flags and variables that aren't settings of s it has the names
// alone: their values may be secrets.
func tellStart(f *cmdutil.Factory, cmd *cobra.Command) {
	log := f.IO.Debug()
	var given []string
	cmd.Flags().Visit(func(flag *pflag.Flag) { given = append(given, "--"+flag.Name) })
	log.Linef("s", "version %s, %s, %s/%s: %s %s", f.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH,
		cmd.CommandPath(), strings.Join(given, " "))
	f.Settings.Tell(log)
	if f.Home != nil {
		if dir, err := f.Home(); err == nil {
			log.Linef("settings", "the folder of s is %s", dir)
		}
	}
	if names := telling(os.Environ()); len(names) > 0 {
		log.Linef("settings", "set in the environment: %s", strings.Join(names, ", "))
	}
}

// telling names the variables of an environment that decide what s does, in
// alphabetical order.
func telling(environ []string) []string {
	var names []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if value != "" && decides(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func decides(name string) bool {
	switch name {
	case "AccountID", "AccessKeyID", "AccessKeySecret", "SecurityToken", "NO_COLOR",
		"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "LC_ALL", "LC_MESSAGES", "LANG", "CI":
		return true
	}
	upper := strings.ToUpper(name)
	return strings.HasPrefix(name, "S_") || strings.HasPrefix(name, "FC_") || strings.HasPrefix(name, "ALIBABA_CLOUD_") ||
		strings.HasPrefix(name, "ALIBABACLOUD_") || strings.HasSuffix(upper, "_PROXY") || strings.Contains(name, "serverless_devs")
}

// tellProject tells what was loaded, and makes its secrets hidden.
func tellProject(log *debug.Log, project *spec.Project, found diag.Diagnostics, took time.Duration) {
	if !log.On() {
		return
	}
	if project == nil {
		log.Linef("project", "not loaded: findings %d, %d ms", len(found), took.Milliseconds())
		return
	}
	log.Hide(project.Secrets...)
	var names []string
	for _, r := range project.Resources {
		names = append(names, r.Name)
		hideVariables(log, r.Function.EnvironmentVariables)
	}
	log.Linef("project", "%s: edition %s, resources %s; variables of .env files %d, findings %d, %d ms", project.File,
		project.Edition, strings.Join(names, ", "), len(project.DotEnv), len(found), took.Milliseconds())
	if project.Environment != "" {
		log.Linef("project", "environment %s of env.yaml", project.Environment)
	}
}

// minHidden is how long a value must be to be hidden for its name's sake alone:
// without a "60" there would be little left of the numbers.
const minHidden = 6

// hideVariables hides the values of a function's variables whose names say that
// they are secrets: they may be in the command line of an action, too.
func hideVariables(log *debug.Log, variables map[string]string) {
	for name, value := range variables {
		if len(value) >= minHidden && deploy.MaskVariable(name, value) == deploy.Masked {
			log.Hide(value)
		}
	}
}

// tellAlias tells whose credentials are wanted, and who says so.
func (w *wiring) tellAlias(alias string) {
	switch {
	case w.settings.Access != "":
		w.io.Debug().Linef("access", "alias %s (%s)", alias, w.settings.From["access"])
	case alias != "":
		w.io.Debug().Linef("access", "alias %s (s.yaml, or its environment)", alias)
	default:
		w.io.Debug().Linef("access", "no alias is named: the default one")
	}
}

// tellTarget tells where a command acts.
func (w *wiring) tellTarget(target *cmdutil.Target) {
	log := w.io.Debug()
	log.Hide(target.Credentials.AccessKeySecret, target.Credentials.SecurityToken)
	switch {
	case target.Local:
		log.Linef("target", "the local cloud, %s", target.Endpoint)
	case os.Getenv(envCustomEndpoint) != "":
		log.Linef("target", "%s (%s)", target.Endpoint, envCustomEndpoint)
	case target.Endpoint != "":
		log.Linef("target", "%s (%s)", target.Endpoint, envEndpoint)
	default:
		log.Linef("target", "Function Compute, account %s", target.Credentials.AccountID)
	}
}

// lookUpSecret tells that a stored secret is taken, and makes it hidden.
func lookUpSecret(ctx context.Context, log *debug.Log, name string, get func(context.Context, string) (string, error)) (string, error) {
	text, err := get(ctx, name)
	log.Hide(text)
	if err != nil {
		log.Linef("secret", "%s isn't known", name)
		return "", err
	}
	log.Linef("secret", "%s is taken", name)
	return text, nil
}
