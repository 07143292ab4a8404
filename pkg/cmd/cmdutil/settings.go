package cmdutil

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// Settings are the global flags, each with an environment twin: S_TEMPLATE,
// S_ACCESS, S_ENV, S_OUTPUT_FORMAT, S_DEBUG, S_NO_COLOR. A flag wins over its twin.
type Settings struct {
	Template string // -t: path of s.yaml; empty looks in the working directory
	Access   string // -a: alias of the credentials; empty takes the s.yaml's
	Output   string // -o: one of the Output constants
	Env      string // --env: the environment of env.yaml; empty takes the project's default
	Debug    bool
	NoColor  bool
}

// Output formats of -o.
const (
	OutputDefault = "default" // an indented list for people
	OutputJSON    = "json"    // indented
	OutputYAML    = "yaml"
	OutputRaw     = "raw" // JSON in one line
)

// OutputFormats lists the values of -o.
func OutputFormats() []string {
	return []string{OutputDefault, OutputJSON, OutputYAML, OutputRaw}
}

// BindFlags defines the global flags. Read fills the Settings from them once
// the command line is parsed.
func BindFlags(flags *pflag.FlagSet) {
	flags.StringP("template", "t", "", "path of the s.yaml (default: s.yaml in this folder)")
	flags.StringP("access", "a", "", "alias of the credentials; \"local\" is the local cloud")
	flags.StringP("output-format", "o", OutputDefault, "output format: "+strings.Join(OutputFormats(), ", "))
	flags.String("env", "", "environment of env.yaml to lay over s.yaml (default: that of s env default)")
	flags.Bool("debug", false, "say what is done, in detail, on stderr")
	flags.Bool("no-color", false, "no colours (NO_COLOR does the same)")
}

// Read fills s from the parsed flags and, where a flag isn't given, from its
// environment twin. It returns a usage error for an unknown output format.
func (s *Settings) Read(flags *pflag.FlagSet) error {
	v := viper.New()
	v.SetEnvPrefix("S")
	v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	v.AutomaticEnv()
	for _, name := range []string{"template", "access", "output-format", "env", "debug", "no-color"} {
		if err := v.BindPFlag(name, flags.Lookup(name)); err != nil {
			return err
		}
	}
	s.Template = v.GetString("template")
	s.Access = v.GetString("access")
	s.Output = v.GetString("output-format")
	s.Env = v.GetString("env")
	s.Debug = v.GetBool("debug")
	s.NoColor = v.GetBool("no-color")
	if !slices.Contains(OutputFormats(), s.Output) {
		return UsageError(fmt.Errorf("unknown output format %q: choose one of %s",
			s.Output, strings.Join(OutputFormats(), ", ")))
	}
	return nil
}
