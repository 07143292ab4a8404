package fctest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"s/pkg/fc"
)

// maker makes the function that a contract is about.
type maker interface {
	CreateFunction(ctx context.Context, f fc.Function, code *fc.Code) (*fc.Function, error)
	CreateService(ctx context.Context, s fc.Service) (*fc.Service, error)
}

// made creates the function of a contract, in FC 2.0 in a service.
func made(t *testing.T, c maker, name string) {
	t.Helper()
	if service, _ := fc.SplitName(name); service != "" {
		if _, err := c.CreateService(t.Context(), fc.Service{ServiceName: service}); err != nil {
			t.Fatal(err)
		}
	}
	f := fc.Function{FunctionName: name, Runtime: "custom", Handler: "index.handler", MemorySize: 512, CPU: 0.35, DiskSize: 512}
	if _, err := c.CreateFunction(t.Context(), f, &fc.Code{ZipFile: emptyZip}); err != nil {
		t.Fatal(err)
	}
}

// AsyncClient speaks to an endpoint of either version; *fcclient.Client is one.
type AsyncClient interface {
	maker
	GetAsyncInvokeConfig(ctx context.Context, function, qualifier string) (*fc.AsyncStatus, error)
	PutAsyncInvokeConfig(ctx context.Context, function, qualifier string, config fc.AsyncConfig) (*fc.AsyncStatus, error)
	DeleteAsyncInvokeConfig(ctx context.Context, function, qualifier string) error
	ListAsyncInvokeConfigs(ctx context.Context, function string) ([]fc.AsyncStatus, error)
}

// AsyncContract is what every endpoint must do with configurations of
// asynchronous invocations. It makes the function name, which in FC 2.0 is in a
// service: svc$function.
func AsyncContract(t *testing.T, c AsyncClient, name string) {
	t.Helper()
	made(t, c, name)
	retries := 0
	want := fc.AsyncConfig{
		AsyncTask: true, MaxAsyncEventAgeInSeconds: 3600, MaxAsyncRetryAttempts: &retries,
		DestinationConfig: &fc.DestinationConfig{OnFailure: &fc.Destination{Destination: "acs:mns:cn-hangzhou:1234567890123456:/queues/q/messages"}},
	}
	configContract(t, config[fc.AsyncConfig, fc.AsyncStatus]{
		name: name, code: "AsyncConfigNotExists", want: want, other: fc.AsyncConfig{MaxAsyncEventAgeInSeconds: 60, MaxAsyncRetryAttempts: &retries},
		get: func() (*fc.AsyncStatus, error) { return c.GetAsyncInvokeConfig(t.Context(), name, "") },
		put: func(v fc.AsyncConfig) (*fc.AsyncStatus, error) {
			return c.PutAsyncInvokeConfig(t.Context(), name, fc.LatestQualifier, v)
		},
		remove: func() error { return c.DeleteAsyncInvokeConfig(t.Context(), name, "") },
		list:   func() ([]fc.AsyncStatus, error) { return c.ListAsyncInvokeConfigs(t.Context(), name) },
		of: func(s fc.AsyncStatus) (fc.Owner, fc.AsyncConfig) {
			if d := s.DestinationConfig; d != nil && *d == (fc.DestinationConfig{}) {
				s.DestinationConfig = nil
			}
			return s.Owner, s.AsyncConfig
		},
	})
}

// ScalingClient speaks to an endpoint; *fcclient.Client is one.
type ScalingClient interface {
	maker
	GetConcurrencyConfig(ctx context.Context, function string) (*fc.ConcurrencyStatus, error)
	PutConcurrencyConfig(ctx context.Context, function string, config fc.ConcurrencyConfig) (*fc.ConcurrencyStatus, error)
	DeleteConcurrencyConfig(ctx context.Context, function string) error
	ListConcurrencyConfigs(ctx context.Context, function string) ([]fc.ConcurrencyStatus, error)
	GetOnDemandConfig(ctx context.Context, function, qualifier string) (*fc.OnDemandStatus, error)
	PutOnDemandConfig(ctx context.Context, function, qualifier string, config fc.OnDemandConfig) (*fc.OnDemandStatus, error)
	DeleteOnDemandConfig(ctx context.Context, function, qualifier string) error
	ListOnDemandConfigs(ctx context.Context) ([]fc.OnDemandStatus, error)
	GetProvisionConfig(ctx context.Context, function, qualifier string) (*fc.ProvisionStatus, error)
	PutProvisionConfig(ctx context.Context, function, qualifier string, config fc.ProvisionConfig) (*fc.ProvisionStatus, error)
	DeleteProvisionConfig(ctx context.Context, function, qualifier string) error
	ListProvisionConfigs(ctx context.Context, function string) ([]fc.ProvisionStatus, error)
	GetScalingConfig(ctx context.Context, function, qualifier string) (*fc.ScalingStatus, error)
	PutScalingConfig(ctx context.Context, function, qualifier string, config fc.ScalingConfig) (*fc.ScalingStatus, error)
	DeleteScalingConfig(ctx context.Context, function, qualifier string) error
	ListScalingConfigs(ctx context.Context, function string) ([]fc.ScalingStatus, error)
}

// ScalingContract is what every endpoint must do with the configurations of a
// function's instances, in the API version that the name belongs to. No instance
// is asked for.
func ScalingContract(t *testing.T, c ScalingClient, name string) {
	t.Helper()
	made(t, c, name)
	provisionContract(t, c, name)
	ctx := t.Context()
	if service, _ := fc.SplitName(name); service != "" {
		configContract(t, config[fc.OnDemandConfig, fc.OnDemandStatus]{
			name: name, code: "OnDemandConfigNotFound", want: fc.OnDemandConfig{MaximumInstanceCount: 3}, other: fc.OnDemandConfig{MaximumInstanceCount: 1},
			get:    func() (*fc.OnDemandStatus, error) { return c.GetOnDemandConfig(ctx, name, "") },
			put:    func(v fc.OnDemandConfig) (*fc.OnDemandStatus, error) { return c.PutOnDemandConfig(ctx, name, "", v) },
			remove: func() error { return c.DeleteOnDemandConfig(ctx, name, "") },
			list:   func() ([]fc.OnDemandStatus, error) { return c.ListOnDemandConfigs(ctx) },
			of:     func(s fc.OnDemandStatus) (fc.Owner, fc.OnDemandConfig) { return s.Owner, s.OnDemandConfig },
		})
		return
	}
	configContract(t, config[fc.ConcurrencyConfig, fc.ConcurrencyStatus]{
		name: name, code: "OnDemandConfigNotFound", want: fc.ConcurrencyConfig{ReservedConcurrency: 5}, other: fc.ConcurrencyConfig{},
		get: func() (*fc.ConcurrencyStatus, error) { return c.GetConcurrencyConfig(ctx, name) },
		put: func(v fc.ConcurrencyConfig) (*fc.ConcurrencyStatus, error) {
			return c.PutConcurrencyConfig(ctx, name, v)
		},
		remove: func() error { return c.DeleteConcurrencyConfig(ctx, name) },
		list:   func() ([]fc.ConcurrencyStatus, error) { return c.ListConcurrencyConfigs(ctx, name) },
		of:     func(s fc.ConcurrencyStatus) (fc.Owner, fc.ConcurrencyConfig) { return s.Owner, s.ConcurrencyConfig },
	})
	no := false
	configContract(t, config[fc.ScalingConfig, fc.ScalingStatus]{
		name: name, code: "ScalingConfigNotFound",
		want: fc.ScalingConfig{EnableOnDemandScaling: &no, ScheduledPolicies: []fc.ScheduledAction{{
			Name: "night", Target: 1, ScheduleExpression: "cron(0 0 22 * * *)", TimeZone: "Asia/Shanghai",
		}}},
		other:  fc.ScalingConfig{RequestDispatchPolicy: "p"},
		get:    func() (*fc.ScalingStatus, error) { return c.GetScalingConfig(ctx, name, "") },
		put:    func(v fc.ScalingConfig) (*fc.ScalingStatus, error) { return c.PutScalingConfig(ctx, name, "", v) },
		remove: func() error { return c.DeleteScalingConfig(ctx, name, "") },
		list:   func() ([]fc.ScalingStatus, error) { return c.ListScalingConfigs(ctx, name) },
		of:     func(s fc.ScalingStatus) (fc.Owner, fc.ScalingConfig) { return s.Owner, s.ScalingConfig },
	})
}

func provisionContract(t *testing.T, c ScalingClient, name string) {
	t.Helper()
	ctx := t.Context()
	want := fc.ProvisionConfig{
		AlwaysAllocateCPU: true, ScheduledActions: []fc.ScheduledAction{{Name: "day", Target: 2, ScheduleExpression: "cron(0 0 8 * * *)"}},
		TargetTrackingPolicies: []fc.TargetTrackingPolicy{{Name: "p", MetricType: "CPUUtilization", MetricTarget: 0.5, MinCapacity: 1, MaxCapacity: 2}},
	}
	if got, err := c.PutProvisionConfig(ctx, name, "", want); err != nil || got.Target != 0 || got.Current != 0 {
		t.Fatalf("provision: %+v, %v", got, err)
	}
	got, err := c.GetProvisionConfig(ctx, name, fc.LatestQualifier)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got.ProvisionConfig, cmpopts.EquateEmpty()); d != "" || got.FunctionName != name || got.Qualifier != fc.LatestQualifier {
		t.Errorf("provision: %s, of %s %s", d, got.FunctionName, got.Qualifier)
	}
	if all, err := c.ListProvisionConfigs(ctx, name); err != nil || len(all) != 1 || all[0].FunctionName != name {
		t.Errorf("provision: list %+v, %v", all, err)
	}
	if err := c.DeleteProvisionConfig(ctx, name, ""); err != nil {
		t.Fatal(err)
	}
	// Without one in FC 3.0, with no instances wanted in FC 2.0.
	if got, err := c.GetProvisionConfig(ctx, name, ""); err == nil && got.DefaultTarget+len(got.ScheduledActions) > 0 || err != nil && !fc.IsCode(err, "ProvisionConfigNotFound") {
		t.Errorf("provision: after delete %+v, %v", got, err)
	}
}

// VPCClient speaks to an endpoint of either version; *fcclient.Client is one.
type VPCClient interface {
	maker
	ListVPCBindings(ctx context.Context, function string) ([]string, error)
	CreateVPCBinding(ctx context.Context, function, vpc string) error
	DeleteVPCBinding(ctx context.Context, function, vpc string) error
}

// VPCContract is what every endpoint must do with the VPCs that may call.
func VPCContract(t *testing.T, c VPCClient, name string) {
	t.Helper()
	made(t, c, name)
	ctx := t.Context()
	check := func(what string, err error, want ...string) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got, err := c.ListVPCBindings(ctx, name)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.SortSlices(func(a, b string) bool { return a < b })); d != "" || err != nil {
			t.Errorf("%s: %s, %v", what, d, err)
		}
	}
	check("none", nil)
	check("one", c.CreateVPCBinding(ctx, name, "vpc-1"), "vpc-1")
	check("two", c.CreateVPCBinding(ctx, name, "vpc-2"), "vpc-1", "vpc-2")
	check("removed", c.DeleteVPCBinding(ctx, name, "vpc-1"), "vpc-2")
	check("all removed", c.DeleteVPCBinding(ctx, name, "vpc-2"))
}

// config is a configuration that is put, read, listed and removed.
type config[C, S any] struct {
	name, code  string // of the function; of the error when it isn't there
	want, other C
	get         func() (*S, error)
	put         func(C) (*S, error)
	remove      func() error
	list        func() ([]S, error)
	of          func(S) (fc.Owner, C)
}

func configContract[C, S any](t *testing.T, c config[C, S]) {
	t.Helper()
	check := func(what string, got *S, err error, want C) {
		t.Helper()
		if err != nil {
			t.Fatalf("%T: %s: %v", want, what, err)
		}
		owner, have := c.of(*got)
		if d := cmp.Diff(want, have, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%T: %s: %s", want, what, d)
		}
		if owner.FunctionName != c.name || owner.Qualifier != fc.LatestQualifier {
			t.Errorf("%T: %s: of %+v", want, what, owner)
		}
	}
	missing := func(what string) {
		t.Helper()
		if got, err := c.get(); !fc.IsCode(err, c.code) || !fc.IsNotFound(err) {
			t.Errorf("%T: %s: %+v, %v", c.want, what, got, err)
		}
		if all, err := c.list(); err != nil || len(all) > 0 {
			t.Errorf("%T: %s: list %+v, %v", c.want, what, all, err)
		}
	}
	missing("at first")
	got, err := c.put(c.want)
	check("put", got, err, c.want)
	got, err = c.get()
	check("get", got, err, c.want)
	all, err := c.list()
	if len(all) != 1 {
		t.Fatalf("%T: list %+v, %v", c.want, all, err)
	}
	check("list", &all[0], err, c.want)
	got, err = c.put(c.other)
	check("put again", got, err, c.other)
	if err := c.remove(); err != nil {
		t.Errorf("%T: remove: %v", c.want, err)
	}
	missing("removed")
	if err := c.remove(); err != nil {
		t.Errorf("%T: remove again: %v", c.want, err)
	}
}
