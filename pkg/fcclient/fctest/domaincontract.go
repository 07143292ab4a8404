package fctest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"s/pkg/fc"
)

// DomainClient speaks to an endpoint of either version; *fcclient.Client is one.
type DomainClient interface {
	maker
	GetCustomDomain(ctx context.Context, name string) (*fc.CustomDomain, error)
	CreateCustomDomain(ctx context.Context, d fc.CustomDomain) (*fc.CustomDomain, error)
	UpdateCustomDomain(ctx context.Context, d fc.CustomDomain) (*fc.CustomDomain, error)
	DeleteCustomDomain(ctx context.Context, name string) error
	ListCustomDomains(ctx context.Context, prefix string) ([]fc.CustomDomain, error)
}

// DomainContract is what every endpoint must do with custom domains. It makes the
// function name and the domain a.example.com, which routes to it.
func DomainContract(t *testing.T, c DomainClient, name string) {
	t.Helper()
	made(t, c, name)
	ctx := t.Context()
	service, function := fc.SplitName(name)
	want := fc.CustomDomain{
		DomainName: "a.example.com", Protocol: "HTTP",
		RouteConfig: &fc.RouteConfig{Routes: []fc.PathConfig{{
			Path: "/api/*", ServiceName: service, FunctionName: function, Methods: []string{"GET"}, Qualifier: fc.LatestQualifier,
		}}},
	}
	if service == "" { // FC 2.0 has no rules for paths
		want.RouteConfig.Routes[0].RewriteConfig = &fc.RewriteConfig{WildcardRules: []fc.RewriteRule{{Match: "/api/*", Replacement: "/$1"}}}
	}
	check := func(what string, got *fc.CustomDomain, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		ignore := cmpopts.IgnoreFields(fc.CustomDomain{}, "AccountID", "APIVersion", "SubdomainCount", "CreatedTime", "LastModifiedTime")
		if d := cmp.Diff(&want, got, ignore, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
	got, err := c.GetCustomDomain(ctx, want.DomainName)
	if !fc.IsCode(err, fc.CodeDomainNameNotFound) || !fc.IsNotFound(err) {
		t.Fatalf("at first: %+v, %v", got, err)
	}
	got, err = c.CreateCustomDomain(ctx, want)
	check("create", got, err)
	if _, err := c.CreateCustomDomain(ctx, want); !fc.IsCode(err, fc.CodeDomainNameAlreadyExists) {
		t.Errorf("create again: %v", err)
	}
	want.RouteConfig.Routes[0].Path = "/*"
	got, err = c.UpdateCustomDomain(ctx, fc.CustomDomain{DomainName: want.DomainName, RouteConfig: want.RouteConfig})
	check("update", got, err)
	got, err = c.GetCustomDomain(ctx, want.DomainName)
	check("get", got, err)
	all, err := c.ListCustomDomains(ctx, "a.")
	if len(all) != 1 {
		t.Fatalf("list: %+v, %v", all, err)
	}
	check("list", &all[0], err)
	if all, err = c.ListCustomDomains(ctx, "b."); err != nil || len(all) > 0 {
		t.Errorf("list of others: %+v, %v", all, err)
	}
	if err := c.DeleteCustomDomain(ctx, want.DomainName); err != nil {
		t.Fatal(err)
	}
	if got, err := c.GetCustomDomain(ctx, want.DomainName); !fc.IsNotFound(err) {
		t.Errorf("deleted: %+v, %v", got, err)
	}
}
