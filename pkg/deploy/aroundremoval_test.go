package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/deploy"
	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
	"s/pkg/spec"
)

// TestRemovalTakesAllThatIsConfigured, whatever version or alias it is of.
func TestRemovalTakesAllThatIsConfigured(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	d := desired(t, around3(t))
	apply(t, remote, d)
	if _, err := remote.PutProvisionConfig(t.Context(), "hello", "prod", fc.ProvisionConfig{DefaultTarget: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := remote.PutScalingConfig(t.Context(), "hello", "2", fc.ScalingConfig{}); err != nil {
		t.Fatal(err)
	}
	server.Fail(fctest.Failure{Method: "DELETE", Path: "/functions/hello", End: true, Times: 1, Status: 409, Body: `{"Code":"ProvisionConfigExist"}`})
	server.Fail(fctest.Failure{Method: "GET", Path: "vpc-bindings", Times: 1, Status: 501, Body: `{"Code":"NotImplemented"}`})
	bare := around3(t)
	bare.Around, bare.Triggers = spec.Around{}, nil
	gone := desired(t, bare)
	gone.Before = deploy.Footprint{Domains: []deploy.DomainOfBefore{{Name: "a.example.com"}}}
	plan := removal(t, remote, gone)
	var kinds []string
	for _, c := range plan.Items {
		kinds = append(kinds, string(c.Kind)+" "+c.Name)
	}
	if d := cmp.Diff([]string{
		"trigger t1", "asyncInvokeConfig hello", "provisionConfig hello", "provisionConfig hello@prod", "scalingConfig hello@2",
		"concurrencyConfig hello", "customDomain a.example.com", "function hello",
	}, kinds); d != "" {
		t.Fatal(d)
	}
	_, err := deploy.Remove(t.Context(), remote, plan, deploy.Hooks{Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil || server.Function("hello") != nil || server.Domain("a.example.com") != nil || server.Config("hello", "prod", "provision-config") != nil {
		t.Errorf("%v: something is left", err)
	}
}

// TestPathsOfOthersStay: a path that leads to another function isn't taken from it.
func TestPathsOfOthersStay(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	apply(t, remote, desired(t, around3(t)))
	r := around3(t)
	r.Function.FunctionName, r.Around = "other", spec.Around{Domains: r.Around.Domains}
	d := desired(t, r)
	plan, _ := planned(t, remote, d)
	_, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{})
	var taken *deploy.PathTakenError
	if !errors.As(err, &taken) || !strings.Contains(err.Error(), "the path /* of a.example.com leads to the function hello") {
		t.Fatal(err)
	}
	// The function has another name now: its route goes along.
	d.Before = deploy.Footprint{Domains: []deploy.DomainOfBefore{{Name: "a.example.com", Paths: []string{"/*"}}}}
	plan, steps := planned(t, remote, d)
	if !slices.Equal(steps, []string{"update customDomain a.example.com routes.[/*].functionName"}) {
		t.Errorf("planned %q", steps)
	}
	if _, err := deploy.Apply(t.Context(), remote, plan, deploy.Hooks{}); err != nil {
		t.Error(err)
	}
}

// TestProtocolIsLeftAlone where s.yaml doesn't say one.
func TestProtocolIsLeftAlone(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	remote := client(server, false)
	r := around3(t)
	r.Around = spec.Around{Domains: []fc.CustomDomain{{DomainName: "a.example.com"}}}
	d := desired(t, r)
	apply(t, remote, d)
	if got := server.Domain("a.example.com"); got["protocol"] != "HTTP" {
		t.Errorf("made %v", got)
	}
	if _, err := remote.UpdateCustomDomain(t.Context(), fc.CustomDomain{DomainName: "a.example.com", Protocol: "HTTP,HTTPS"}); err != nil {
		t.Fatal(err)
	}
	if _, steps := planned(t, remote, d); len(steps) > 0 {
		t.Errorf("planned %q", steps)
	}
}

// TestCertIDIsRefused before anything is sent of the domain.
func TestCertIDIsRefused(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	r := around3(t)
	r.Around.Domains[0].CertConfig = &fc.CertConfig{CertID: "77"}
	plan, _ := planned(t, client(server, false), desired(t, r))
	_, err := deploy.Apply(t.Context(), client(server, false), plan, deploy.Hooks{})
	if err == nil || !strings.Contains(err.Error(), "certId 77") || server.Domain("a.example.com") != nil {
		t.Error(err)
	}
}

func TestSecretsAroundAreMasked(t *testing.T) {
	t.Parallel()
	server := fctest.New(t)
	r := around3(t)
	r.Around.Domains[0].AuthConfig = &fc.DomainAuthConfig{AuthType: "jwt", AuthInfo: `{"jwks":{"keys":[{"kty":"oct","k":"sesame","kid":"a"}]}}`}
	r.Triggers[0].TriggerConfig = `{"authType":"jwt","authConfig":"{\"jwks\":{\"keys\":[{\"kty\":\"oct\",\"k\":\"sesame\"}]}}","methods":["GET"]}`
	remote := client(server, false)
	plan, _ := planned(t, remote, desired(t, r))
	text, _ := json.Marshal(plan)
	if strings.Contains(string(text), "sesame") || !strings.Contains(string(text), `\"kid\":\"a\"`) {
		t.Errorf("plan %s", text)
	}
	report := apply(t, remote, desired(t, r))
	text, _ = json.Marshal(deploy.Result(desired(t, r), report.State, true))
	if strings.Contains(string(text), "sesame") {
		t.Errorf("result %s", text)
	}
}
