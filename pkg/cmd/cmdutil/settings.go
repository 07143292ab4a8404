package cmdutil

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"s/pkg/debug"
	"s/pkg/diag"
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

	// OutputFile takes the place of stdout; Silent shows results and errors only.
	OutputFile string
	Silent     bool

	// Function and Region are those of BindFunction.
	Function, Region string
	// Text is an s.yaml that isn't in a file, as s cli makes it.
	Text string

	// From tells for the name of each global flag where its value comes from: the
	// flag (--access), its twin (S_ACCESS) or FromDefault.
	From map[string]string
}

// FromDefault is the source of a setting that nobody chose.
const FromDefault = "default"

// Output formats of -o.
const (
	OutputDefault = "default" // an indented list for people
	OutputJSON    = "json"    // indented
	OutputYAML    = "yaml"
	OutputRaw     = "raw"   // JSON in one line
	OutputTable   = "table" // a line for each item of a list
)

// OutputFormats lists the values of -o.
func OutputFormats() []string {
	return []string{OutputDefault, OutputJSON, OutputYAML, OutputRaw, OutputTable}
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
	flags.String("output-file", "", "write the result to this `file` instead of stdout")
	flags.Bool("silent", false, "show results and errors only; nothing is asked")
	flags.Bool("skip-actions", false, "run no actions of s.yaml")
	flags.Lookup("skip-actions").Hidden = true // commands that run some show their own
}

// Read fills s from the parsed flags and, where a flag isn't given, from its
// environment twin. It returns a usage error for an unknown output format.
func (s *Settings) Read(flags *pflag.FlagSet) error {
	v := viper.New()
	v.SetEnvPrefix("S")
	v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	v.AutomaticEnv()
	s.From = map[string]string{}
	for _, name := range globalFlags() {
		if err := v.BindPFlag(name, flags.Lookup(name)); err != nil {
			return err
		}
		s.From[name] = source(v, flags, name)
	}
	s.Template = v.GetString("template")
	s.Access = v.GetString("access")
	s.Output = v.GetString("output-format")
	s.Env = v.GetString("env")
	s.Debug = v.GetBool("debug")
	s.NoColor = v.GetBool("no-color")
	s.OutputFile, _ = flags.GetString("output-file")
	s.Silent, _ = flags.GetBool("silent")
	if !slices.Contains(OutputFormats(), s.Output) {
		return UsageError(diag.Errorf("unknown output format %q: choose one of %s",
			s.Output, strings.Join(OutputFormats(), ", ")))
	}
	return nil
}

func globalFlags() []string {
	return []string{"template", "access", "output-format", "env", "debug", "no-color"}
}

// source tells where a setting comes from. viper asks in this order, and takes
// an empty variable for none.
func source(v *viper.Viper, flags *pflag.FlagSet, name string) string {
	switch {
	case flags.Changed(name):
		return "--" + name
	case v.GetString(name) != flags.Lookup(name).DefValue:
		return "S_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	}
	return FromDefault
}

// Tell tells the debug log what the settings are and who chose them.
func (s *Settings) Tell(log *debug.Log) {
	for _, name := range globalFlags() {
		if from := s.From[name]; from != FromDefault {
			log.Linef("settings", "%s is %s (%s)", name, s.text(name), from)
		}
	}
}

// text is a setting as text.
func (s *Settings) text(name string) string {
	switch name {
	case "template":
		return s.Template
	case "access":
		return s.Access
	case "output-format":
		return s.Output
	case "env":
		return s.Env
	case "debug":
		return strconv.FormatBool(s.Debug)
	}
	return strconv.FormatBool(s.NoColor)
}
