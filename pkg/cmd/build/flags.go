package buildcmd

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"s/pkg/build"
	"s/pkg/cmd/cmdutil"
	"s/pkg/diag"
)

// bind defines the flags that a component action "fc build" has, too.
func (o *Options) bind(flags *pflag.FlagSet) {
	flags.BoolVarP(&o.UseDocker, "use-docker", "d", false, "build in a container; without an engine, on this machine")
	flags.BoolVar(&o.Buildkit, "use-buildkit", false, "build images with buildctl")
	flags.BoolVar(&o.UseDocker, "use-sandbox", false, "the same as --use-docker")
	_ = flags.MarkHidden("use-sandbox") // never fails: it is there
	flags.BoolVar(&o.NoCache, "no-cache", false, "install dependencies anew")
	flags.BoolVar(&o.NoDefaultIgnore, "no-default-ignore", o.NoDefaultIgnore, "take .git, .env*, __pycache__ and .DS_Store into the artifact, too, unless .fcignore names them")
	flags.BoolVar(&o.PublishLayer, "publish-layer", false, "publish the dependencies as a layer; a folder and a zip file of it are in .s/build/layers")
	flags.StringVar(&o.CustomEnv, "custom-env", "", "variables for the tools, as a JSON object")
	flags.StringVar(&o.CustomArgs, "custom-args", "", "arguments added to those of the tool that installs dependencies")
	flags.StringVarP(&o.Dockerfile, "dockerfile", "f", "", "build the image from this file; default Dockerfile in the code's folder")
	flags.StringVar(&o.Context, "context", "", "the folder that the Dockerfile may copy from; default the code's")
	flags.StringVar(&o.Command, "command", "", "build by this line of the shell, in a copy of the code")
	flags.StringVar(&o.ScriptFile, "script-file", "", "build by this script, in a copy of the code")
}

// options are the flags as the builders want them.
func (o *Options) options() (build.Options, error) {
	out := build.Options{Args: strings.Fields(o.CustomArgs), Shell: o.Command, Buildkit: o.Buildkit, NoDefaultIgnore: o.NoDefaultIgnore}
	if o.CustomEnv != "" {
		env, err := variables(o.CustomEnv)
		if err != nil {
			return out, cmdutil.UsageError(diag.Errorf("--custom-env: %w", err))
		}
		out.Env = env
	}
	if o.Command != "" && o.ScriptFile != "" {
		return out, cmdutil.UsageError(diag.Errorf("--command and --script-file can't be used together"))
	}
	for _, path := range []struct {
		given string
		to    *string
	}{{o.ScriptFile, &out.Script}, {o.Dockerfile, &out.Dockerfile}, {o.Context, &out.Context}} {
		if path.given == "" {
			continue
		}
		absolute, err := filepath.Abs(path.given)
		if err != nil {
			return out, err
		}
		*path.to = absolute
	}
	return out, nil
}

// variables reads a JSON object of texts, numbers and booleans.
func variables(text string) (map[string]string, error) {
	var values map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&values); err != nil {
		return nil, diag.Errorf(`want a JSON object like {"NAME": "value"}: %w`, err)
	}
	if decoder.More() {
		return nil, diag.Errorf(`want one JSON object like {"NAME": "value"}`)
	}
	out := map[string]string{}
	for name, value := range values {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return nil, diag.Errorf("%q can't be the name of a variable", name)
		}
		switch value := value.(type) {
		case string:
			out[name] = value
		case bool, json.Number:
			out[name] = fmt.Sprint(value)
		default:
			return nil, diag.Errorf("the value of %s is neither a text, a number nor true or false", name)
		}
	}
	return out, nil
}
