// Package spec reads s.yaml, of edition 1.0.0 (component fc) and 3.0.0
// (component fc3), into one typed Project, and says what is wrong with it: all
// problems at once, each with its place. It reads files and nothing else: no
// network, no prompts, no output.
package spec

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/spec/expr"
)

// Editions of s.yaml.
const (
	Edition1 = "1.0.0"
	Edition3 = "3.0.0"
)

// Project is a resolved s.yaml.
type Project struct {
	File    string // path of the s.yaml as given
	Dir     string // absolute path of its folder
	Name    string
	Edition string // Edition1 or Edition3
	Access  string // alias of the credentials; empty if the file names none
	// Environment is the chosen one of env.yaml; empty if there is none.
	Environment string `json:",omitempty"`
	Vars        map[string]any
	Resources   []*Resource // in the file's order
	Actions     []Action    // global ones
	// Flow are the groups in which the resources run for the command at hand:
	// those of a group at the same time, the groups one after another. Nil if
	// the file says nothing.
	Flow [][]string `json:",omitempty"`
	// DotEnv are the variables of the .env files.
	DotEnv map[string]string `json:"-"`
	// Secrets are values out of the credentials that the file uses. Redact
	// takes them out of what is shown.
	Secrets Secrets `json:"-"`

	tree   *expr.Value               // for Values
	loader *loader                   // for WithProps
	given  map[string]map[string]any // props of WithProps, by resource
}

// Secrets is a list of texts that must not be shown. It prints as ***.
type Secrets []string

// String hides the texts.
func (s Secrets) String() string { return "***" }

// longestFirst sorts them: one may be a part of another.
func (s Secrets) longestFirst() {
	slices.SortStableFunc(s, func(a, b string) int { return len(b) - len(a) })
}

// GoString hides the texts.
func (s Secrets) GoString() string { return "***" }

// Redact replaces every secret of the project in a text by ***.
func (p *Project) Redact(text string) string {
	for _, s := range p.Secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	return text
}

// Resource is one entry of resources (or of services, in edition 1.0.0).
type Resource struct {
	Name      string
	Component string // fc or fc3
	Region    string
	// Service is set in edition 1.0.0 only; the function is deployed by the
	// FC 2.0 API then.
	Service *fc.Service
	// Function is what to deploy. In edition 1.0.0 its name is
	// "service$function".
	Function fc.Function
	Code     CodeSource
	Triggers []fc.Trigger
	Around   Around `json:",omitzero"`
	Auto     Auto   `json:",omitzero"`
	Actions  []Action
	// DependsOn are the resources that props and actions take values from that
	// exist only once those are deployed, each once, in the order of their first
	// reference. There is no way round in it but for What "info".
	DependsOn []Reference
	// Open are the values of the props that aren't known yet, see Pending.
	Open  []Open     `json:",omitempty"`
	Range diag.Range // of the key
	Block diag.Range // of the whole entry, key included
	// ContinueOnError lets those that depend on the resource go on when it
	// fails.
	ContinueOnError bool `json:",omitempty"`
}

// CodeSource is where the user's code is. At most one of Path, URL,
// Context (of containers) and OSS is set.
type CodeSource struct {
	Path      string // absolute: a folder, .zip, .jar or .war
	URL       string // http or https, of a .zip, .jar or .war
	Context   string // absolute: the folder that a container's image is built from
	OSSBucket string
	OSSObject string
	Range     diag.Range
}

// Action is a hook around a command: exactly one of Run, Component and Plugin
// is set.
type Action struct {
	When      string // pre, success, fail, complete
	Command   string // deploy, build, ...
	Run       string // a shell command line
	Path      string // absolute folder for Run
	Component string // e.g. "fc build --use-docker"
	Plugin    string
	Args      map[string]any
	// ReplaceOutput makes what a plugin gives the result of the command.
	ReplaceOutput bool         `json:",omitempty"`
	AllowFailure  AllowFailure `json:",omitzero"`
	// Open is the first value of the action that isn't known before another
	// resource, or its own, is deployed; nil if all are.
	Open  *Open `json:",omitempty"`
	Range diag.Range
}

// AllowFailure says which failures of an action are none.
type AllowFailure struct {
	Any bool `json:",omitempty"` // all of them
	// ExitCodes and Commands narrow it down: a failure that both allow, where
	// both are given.
	ExitCodes []int    `json:",omitempty"`
	Commands  []string `json:",omitempty"` // deploy, build, ...
}

// Allows tells whether an action may fail with an exit code around a command.
func (a AllowFailure) Allows(command string, exitCode int) bool {
	if len(a.ExitCodes) == 0 && len(a.Commands) == 0 {
		return a.Any
	}
	return (len(a.ExitCodes) == 0 || slices.Contains(a.ExitCodes, exitCode)) &&
		(len(a.Commands) == 0 || slices.Contains(a.Commands, command))
}

// Options says what to load and where values come from.
type Options struct {
	// File is the path of s.yaml; empty looks for s.yaml, s.YAML, s.YML, s.yml
	// in Dir.
	File string
	// Dir is where to look; empty is the working directory.
	Dir string
	// Text is what there is in place of a file in Dir; File is what it is called then.
	Text string
	// LookupEnv reads an environment variable for ${env(X)}.
	LookupEnv func(string) (string, bool)
	// Credential gives a field (AccountID, AccessKeyID, ...) of the credentials
	// for ${config(X)}.
	Credential func(field string) (string, error)
	// CredentialFor is Credential for callers that need to know which alias the
	// file's access names; it is used instead of Credential if it is set.
	CredentialFor func(alias, field string) (string, error)
	// SecretFor gives a stored secret for ${secret(NAME)}, and an error if there
	// is none; nil means that none are stored.
	SecretFor func(name string) (string, error)
	// Output gives what a resource gave when it was deployed, for
	// ${resources.X.output.*}; Info what there is of it in the cloud, for
	// ${resources.X.info.*}. Both say false as long as it isn't known: values
	// made of it stay open then, see Resource.Open. Maps, lists, texts,
	// numbers and booleans are understood.
	Output, Info func(resource string) (map[string]any, bool)
	// Now is the time for ${timestamp()}; nil is the system's clock. Random is
	// where the seed for ${uuid()} is drawn from, 32 bytes if there is any; nil is
	// the system's generator. Whoever loads a file twice gets other values the
	// second time unless these give the same.
	Now    func() time.Time
	Random io.Reader
	// Env is the environment of env.yaml to lay over the file.
	Env string
	// DefaultEnv gives the environment of a project to take when Env is empty;
	// nil, or an empty answer, takes none.
	DefaultEnv func(project, file string) string
	// Command is the command that runs, for ${regex(...)} keys of actions.
	Command string
}

// Loader loads a project; *Load is the one there is.
type Loader func(ctx context.Context, opts Options) (*Project, diag.Diagnostics)

// Find gives the resource of that name, or nil.
func (p *Project) Find(name string) *Resource {
	for _, r := range p.Resources {
		if r.Name == name {
			return r
		}
	}
	return nil
}
