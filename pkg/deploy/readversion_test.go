package deploy_test

import (
	"testing"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
)

// TestReadVersion: of what is around a function, what is of a version or alias is
// given, and nothing of others.
func TestReadVersion(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	client := fcclient.New(fcclient.Config{Region: "cn-hangzhou", Credentials: fctest.Credentials(), Endpoint: server.URL})
	route := func(path, qualifier string) fc.PathConfig {
		return fc.PathConfig{Path: path, FunctionName: "hello", Qualifier: qualifier}
	}
	domain := func(name string, routes ...fc.PathConfig) fc.CustomDomain {
		return fc.CustomDomain{DomainName: name, Protocol: "HTTP", RouteConfig: &fc.RouteConfig{Routes: routes}}
	}
	desired := deploy.Desired{Resource: "hello", Region: "cn-hangzhou"}
	desired.Function = fc.Function{FunctionName: "hello", Runtime: "python3.10", Handler: "index.handler"}
	for _, qualifier := range []string{"", "prod"} {
		desired.Triggers = append(desired.Triggers, fc.Trigger{
			TriggerName: "t" + qualifier, TriggerType: fc.TriggerTimer, Qualifier: qualifier, TriggerConfig: `{"enable":true}`,
		})
	}
	desired.Around.Async = &fc.AsyncConfig{MaxAsyncRetryAttempts: new(int)}
	desired.Around.Domains = []fc.CustomDomain{domain("latest.example.com", route("/*", "")), domain("prod.example.com", route("/a", ""), route("/b", "prod"))}
	if _, err := deploy.Apply(t.Context(), client, deploy.Plan(desired, deploy.Actual{}), deploy.Hooks{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PublishVersion(t.Context(), "hello", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateAlias(t.Context(), "hello", fc.Alias{AliasName: "prod", VersionID: "1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutProvisionConfig(t.Context(), "hello", "prod", fc.ProvisionConfig{DefaultTarget: 2}); err != nil {
		t.Fatal(err)
	}

	got, err := deploy.ReadVersion(t.Context(), client, desired, "prod")
	if err != nil {
		t.Fatal(err)
	}
	if got.Function == nil || got.Qualifier != "prod" || len(got.Triggers) != 1 || got.Triggers[0].TriggerName != "tprod" {
		t.Errorf("%+v", got)
	}
	if a := got.Around; a.Async != nil || a.Provision == nil || a.Provision.DefaultTarget != 2 || len(a.Domains) != 1 || a.Domains[0].DomainName != "prod.example.com" {
		t.Errorf("around: %+v", a)
	}
	if all, err := deploy.ReadVersion(t.Context(), client, desired, ""); err != nil || len(all.Triggers) != 2 || all.Around.Async == nil || all.Around.Provision != nil || len(all.Around.Domains) != 2 {
		t.Errorf("without a qualifier: %+v, %v", all, err)
	}
	if desired.Around.Provision != nil {
		t.Error("what was asked for is another now")
	}
	server.Fail(fctest.Failure{Status: 404, Path: "/functions/hello", End: true, Body: `{"Code":"AliasNotFound"}`})
	if _, err := deploy.ReadVersion(t.Context(), client, desired, "gone"); !fc.IsCode(err, fc.CodeAliasNotFound) {
		t.Errorf("an alias that isn't there: %v", err)
	}
	desired.Function.FunctionName = "gone"
	if none, err := deploy.ReadVersion(t.Context(), client, desired, "prod"); err != nil || none.Function != nil {
		t.Errorf("a function that isn't there: %+v, %v", none, err)
	}
}
