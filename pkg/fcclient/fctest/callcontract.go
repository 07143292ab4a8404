package fctest

import (
	"context"
	"testing"

	"s/pkg/fc"
)

// RestrictClient speaks to an endpoint of FC 3.0; *fcclient.Client is one.
type RestrictClient interface {
	maker
	DisableInvocation(ctx context.Context, function, reason string, abort bool) error
	EnableInvocation(ctx context.Context, function string) error
}

// RestrictContract is what every endpoint that takes invocations must do with those
// of a function that is disabled. It makes the function name, which invoke calls. The
// code of the refusal is the local cloud's: Function Compute's isn't documented.
func RestrictContract(t *testing.T, c RestrictClient, name string, invoke func() error) {
	t.Helper()
	ctx := t.Context()
	for what, err := range map[string]error{"disable": c.DisableInvocation(ctx, name, "", false), "enable": c.EnableInvocation(ctx, name)} {
		if !fc.IsCode(err, fc.CodeFunctionNotFound) {
			t.Errorf("%s what isn't there: %v", what, err)
		}
	}
	made(t, c, name)
	runs := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if err := invoke(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if err := invoke(); !fc.IsCode(err, fc.CodeInvocationDisabled) {
			t.Errorf("%s: %v", what, err)
		}
	}
	runs("at first", nil)
	runs("enabled though it is", c.EnableInvocation(ctx, name))
	refused("disabled", c.DisableInvocation(ctx, name, "for a while", false))
	refused("disabled again, and what it does ended", c.DisableInvocation(ctx, name, "", true))
	runs("enabled", c.EnableInvocation(ctx, name))
}

// InstanceClient lists instances; the ids of *fcclient.Client.ListInstances are them.
type InstanceClient interface {
	maker
	Instances(ctx context.Context, function, qualifier string) (ids []string, err error)
}

// InstanceContract is what every endpoint must do with lists of instances. It makes
// the function name, of which run has the instances with these ids at LATEST.
func InstanceContract(t *testing.T, c InstanceClient, name string, run func(ids ...string)) {
	t.Helper()
	ctx := t.Context()
	if ids, err := c.Instances(ctx, name, ""); !fc.IsNotFound(err) {
		t.Errorf("of what isn't there: %q, %v", ids, err)
	}
	made(t, c, name)
	for _, want := range [][]string{nil, {"c-1", "c-2"}, {"c-3"}} {
		run(want...)
		for _, qualifier := range []string{"", fc.LatestQualifier} {
			got, err := c.Instances(ctx, name, qualifier)
			if err != nil || len(got) != len(want) {
				t.Fatalf("%q, %v, want %q", got, err, want)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%q, want %q", got, want)
				}
			}
		}
	}
	if _, err := c.Instances(ctx, name, "9"); !fc.IsCode(err, fc.CodeVersionNotFound) {
		t.Errorf("at no version: %v", err)
	}
	if _, err := c.Instances(ctx, name, "none"); !fc.IsCode(err, fc.CodeAliasNotFound) {
		t.Errorf("at no alias: %v", err)
	}
}
