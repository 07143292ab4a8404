// Package cmdutil holds what all commands are given and share: the Factory,
// typed errors with exit codes, flag helpers, output formats. No command and
// no domain logic is in it.
package cmdutil

import (
	"context"
	"runtime"

	"s/pkg/access"
	"s/pkg/alicloud"
	"s/pkg/diag"
	"s/pkg/fcclient"
	"s/pkg/iostreams"
	"s/pkg/local"
	"s/pkg/spec"
	"s/pkg/vault"
)

// Factory is what commands are given. The functions are lazy: a command pays
// for what it calls.
type Factory struct {
	IO      *iostreams.IOStreams
	Version string

	// Settings are the global flags and their environment twins.
	Settings *Settings

	// Project loads the s.yaml of the global flags. Its errors are rendered and
	// carry ExitSpec.
	Project func(ctx context.Context, command string) (*spec.Project, error)
	// Reload is Project for a file with values that only a deployment gives.
	Reload Reload
	// Load is Project with the raw diagnostics, for verify.
	Load func(ctx context.Context, command string) (*spec.Project, diag.Diagnostics)
	// Target gives the endpoint and credentials for a project's access: -a over
	// s.yaml over the default. The local cloud is started if it is meant.
	Target func(ctx context.Context, project *spec.Project) (*Target, error)
	// Local ensures that the local cloud runs.
	Local func(ctx context.Context) (*local.Info, error)
	// Home is the folder of s, ~/.s or S_HOME.
	Home func() (string, error)
	// Vault is where secrets are kept: the keyring of the system, or files below
	// Home.
	Vault func() *vault.Vault
	// Identity asks STS for the account of a key; see access.Identity.
	Identity func(context.Context, access.Credentials) (string, error)
	// Roles gives temporary credentials of functions' roles, taken with the keys of
	// an alias. The error is that there are none; it has its exit code.
	Roles func(ctx context.Context, alias string) (local.AssumeRole, error)
	// Outside gives what actions of s.yaml need; nil gives them nothing.
	Outside func() Outside
}

// Reload loads a project once more, with what is known of its resources by then.
type Reload func(ctx context.Context, command string, known Known) (*spec.Project, error)

// Target is where a command acts.
type Target struct {
	Credentials access.Credentials
	Local       bool
	Endpoint    string // of the local cloud, or a custom one; empty is FC's own
	// Client gives a client of the region for resource, speaking the API of its
	// edition.
	Client func(resource *spec.Resource) (*fcclient.Client, error)
	// Auto gives a client of the services beside FC in a region; nil there is none.
	Auto func(region string) *alicloud.Client
}

// AnyMachine reports whether code may have programs for other machines than
// FC's: a local cloud of another processor runs those that are for its own.
func (t *Target) AnyMachine() bool { return t.Local && runtime.GOARCH != "amd64" }
