package control_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s/pkg/access"
	"s/pkg/bundle"
	"s/pkg/deploy"
	"s/pkg/fcclient"
	"s/pkg/local/control"
	"s/pkg/local/store"
	"s/pkg/spec"
)

const account = "1234567890123456"

// cloud is a control plane whose instances are there at once.
func cloud(t *testing.T) func(v2 bool) *fcclient.Client {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	api := control.New(control.Config{
		Store: s, AccountID: account, Region: "cn-hangzhou", Address: "127.0.0.1:1", Secret: []byte("secret"),
		Kept: func(string, string, string) (int, string) { return 1 << 20, "" },
	})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return func(v2 bool) *fcclient.Client {
		c := fcclient.New(fcclient.Config{
			Region: "cn-hangzhou", Endpoint: server.URL, V2: v2,
			Credentials: access.Credentials{AccountID: account, AccessKeyID: "k", AccessKeySecret: "s"},
		})
		t.Cleanup(c.Close)
		return c
	}
}

// kindOf is what a prop is about.
func kindOf(path string) deploy.Kind {
	switch path {
	case "asyncInvokeConfig", "function.asyncConfiguration":
		return deploy.KindAsync
	case "concurrencyConfig", "provisionConfig", "scalingConfig":
		return deploy.Kind(path)
	case "vpcBinding", "service.vpcBinding":
		return deploy.KindVPCBinding
	case "customDomain", "customDomains":
		return deploy.KindDomain
	}
	if strings.HasPrefix(path, "service.") {
		return deploy.KindService
	}
	return deploy.KindFunction
}

// TestWhateverIsDeployedDoesNotDrift: of whatever s.yaml says, a plan after its
// deployment is empty; after one change it has that change alone; and a removal
// leaves nothing.
func TestWhateverIsDeployedDoesNotDrift(t *testing.T) {
	t.Parallel()
	cases := 20
	if testing.Short() {
		cases = 6
	}
	client := cloud(t)
	changed := 0
	for i := range cases {
		edition := []string{spec.Edition3, spec.Edition1}[i%2]
		g := newGenerator(t, uint64(i))
		props, r := g.resource(edition)
		remote := client(edition == spec.Edition1)
		d := &deployer{t: t, remote: remote, props: props, code: packed(t)}
		d.deploy(r)
		for range 4 {
			if d.change(g, edition) {
				changed++
			}
		}
		d.remove(g.load(edition, props))
		if t.Failed() {
			return
		}
	}
	if changed < cases {
		t.Errorf("only %d changes in %d cases: values are too much alike", changed, cases)
	}
}

// deployer deploys what a generator makes.
type deployer struct {
	t      *testing.T
	remote *fcclient.Client
	props  map[string]any
	code   *deploy.Archive

	desired deploy.Desired   // of the last plan
	before  deploy.Footprint // of the last deployment
}

// packed is code as it is sent.
func packed(t *testing.T) *deploy.Archive {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Pack(t.Context(), dir, bundle.Options{Out: filepath.Join(t.TempDir(), "code.zip")})
	if err != nil {
		t.Fatal(err)
	}
	return &deploy.Archive{Path: b.Path, Size: b.Size, Checksum: b.Checksum}
}

func (d *deployer) plan(r *spec.Resource) *deploy.Changes {
	d.t.Helper()
	d.desired = deploy.Want(r, d.code, nil, nil)
	d.desired.Before = d.before
	actual, err := deploy.Read(d.t.Context(), d.remote, d.desired)
	if err != nil {
		d.fatal(err)
	}
	return deploy.Plan(d.desired, actual)
}

func (d *deployer) fatal(what any) {
	d.t.Helper()
	text, _ := json.MarshalIndent(d.props, "", " ")
	d.t.Fatalf("%v\nprops: %s", what, text)
}

func (d *deployer) apply(plan *deploy.Changes) {
	d.t.Helper()
	report, err := deploy.Apply(d.t.Context(), d.remote, plan, deploy.Hooks{Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		d.fatal(err)
	}
	d.before = deploy.NewFootprint(d.desired, report.State)
}

func (d *deployer) deploy(r *spec.Resource) {
	d.t.Helper()
	d.apply(d.plan(r))
	if plan := d.plan(r); !plan.Empty() {
		text, _ := json.Marshal(plan)
		d.fatal("it drifts: " + string(text))
	}
}

// change sets one prop to another value and deploys that. It tells whether there
// was anything to deploy.
func (d *deployer) change(g *generator, edition string) bool {
	d.t.Helper()
	paths := g.paths(edition)
	path := paths[g.rand.IntN(len(paths))]
	if inside, key := at(d.props, path); inside[key] == nil {
		return false
	}
	r := g.set(edition, d.props, path)
	if r == nil {
		return false
	}
	plan := d.plan(r)
	for _, c := range plan.Items {
		if c.Action != deploy.None && c.Kind != kindOf(path) {
			text, _ := json.Marshal(plan)
			d.fatal(path + " changes something else: " + string(text))
		}
		for _, f := range c.Fields {
			if own, _, _ := strings.Cut(f.Path, "."); c.Kind == deploy.KindFunction && edition == spec.Edition3 && c.Action == deploy.Update && own != path {
				d.fatal(path + " changes " + f.Path)
			}
		}
	}
	if plan.Empty() {
		return false
	}
	d.deploy(r)
	return true
}

func (d *deployer) remove(r *spec.Resource) {
	d.t.Helper()
	desired := deploy.Want(r, nil, nil, nil)
	desired.Before = d.before
	plan, err := deploy.PlanRemoval(d.t.Context(), d.remote, desired)
	if err != nil {
		d.fatal(err)
	}
	if _, err := deploy.Remove(d.t.Context(), d.remote, plan, deploy.Hooks{}); err != nil {
		d.fatal(err)
	}
	ctx := d.t.Context()
	functions, err := d.remote.ListFunctions(ctx, "svc", 10)
	domains, domainErr := d.remote.ListCustomDomains(ctx, "")
	provisions, provisionErr := d.remote.ListProvisionConfigs(ctx, "")
	gone := r.Service == nil && err != nil || r.Service != nil && err == nil // a service that is gone has no list
	if gone || domainErr != nil || provisionErr != nil || len(functions)+len(domains)+len(provisions) > 0 {
		d.fatal([]any{"something is left", functions, domains, provisions, err, domainErr, provisionErr})
	}
}
