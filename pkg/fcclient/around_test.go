package fcclient

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/fcclient/fctest"
)

func aroundClient(t *testing.T, v2 bool) (*Client, *fctest.Server) {
	t.Helper()
	server := fctest.New(t)
	client := New(Config{Region: "cn-hangzhou", Credentials: fctest.Credentials(), Endpoint: server.URL, V2: v2})
	t.Cleanup(client.Close)
	return client, server
}

func TestAroundContracts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"hello", "svc$hello"} {
		for what, contract := range map[string]func(*testing.T, *Client){
			"async":   func(t *testing.T, c *Client) { t.Helper(); fctest.AsyncContract(t, c, name) },
			"scaling": func(t *testing.T, c *Client) { t.Helper(); fctest.ScalingContract(t, c, name) },
			"vpc":     func(t *testing.T, c *Client) { t.Helper(); fctest.VPCContract(t, c, name) },
			"layer":   func(t *testing.T, c *Client) { t.Helper(); fctest.LayerContract(t, c, name) },
			"domain":  func(t *testing.T, c *Client) { t.Helper(); fctest.DomainContract(t, c, name) },
			"history": func(t *testing.T, c *Client) { t.Helper(); fctest.HistoryContract(t, c, name) },
		} {
			t.Run(what+" "+name, func(t *testing.T) {
				t.Parallel()
				c, _ := aroundClient(t, strings.Contains(name, "$"))
				contract(t, c)
			})
		}
	}
}

func TestRestrictContract(t *testing.T) {
	t.Parallel()
	c, _ := aroundClient(t, false)
	fctest.RestrictContract(t, c, "hello", func() error {
		_, err := c.Invoke(t.Context(), InvokeInput{Function: "hello"})
		return err
	})
}

// instanceIDs lists the ids of instances.
type instanceIDs struct{ *Client }

func (c instanceIDs) Instances(ctx context.Context, function, qualifier string) (ids []string, err error) {
	all, err := c.ListInstances(ctx, function, qualifier)
	for _, i := range all {
		ids = append(ids, i.InstanceID)
	}
	return ids, err
}

func TestInstanceContract(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"hello", "svc$hello"} {
		c, server := aroundClient(t, strings.Contains(name, "$"))
		fctest.InstanceContract(t, instanceIDs{c}, name, func(ids ...string) {
			server.Instances = nil
			for _, id := range ids {
				server.Instances = append(server.Instances, map[string]any{"instanceId": id})
			}
		})
	}
}

// TestAroundRequests: the requests are those that the SDKs of FC send.
func TestAroundRequests(t *testing.T) {
	t.Parallel()
	requests := func(server *fctest.Server) []string {
		var out []string
		for _, call := range server.Calls() {
			query, err := url.QueryUnescape(call.Query)
			if err != nil {
				t.Fatal(err)
			}
			if query != "" {
				query = "?" + query
			}
			out = append(out, strings.TrimSpace(call.Header.Get("X-Acs-Action")+" "+call.String()+query+" "+string(call.Body)))
		}
		return out
	}
	ctx := t.Context()
	send := func(c *Client, f string) {
		_, _ = c.PutAsyncInvokeConfig(ctx, f, "LATEST", fc.AsyncConfig{MaxAsyncEventAgeInSeconds: 60})
		_, _ = c.PutProvisionConfig(ctx, f, "prod", fc.ProvisionConfig{DefaultTarget: 1})
		_, _ = c.PutConcurrencyConfig(ctx, f, fc.ConcurrencyConfig{ReservedConcurrency: 10})
		_, _ = c.PutOnDemandConfig(ctx, f, "", fc.OnDemandConfig{MaximumInstanceCount: 10})
		_, _ = c.PutScalingConfig(ctx, f, "LATEST", fc.ScalingConfig{MinInstances: 1})
		_ = c.CreateVPCBinding(ctx, f, "vpc-1")
		_, _ = c.UpdateCustomDomain(ctx, fc.CustomDomain{DomainName: "a.b", Protocol: "HTTP", AccountID: "1"})
		_ = c.DeleteProvisionConfig(ctx, f, "prod")
		_, _ = c.ListProvisionConfigs(ctx, f)
		_, _ = c.ListAsyncInvokeConfigs(ctx, f)
	}
	c, server := aroundClient(t, false)
	send(c, "f")
	want := []string{
		`PutAsyncInvokeConfig PUT /2023-03-30/functions/f/async-invoke-config?qualifier=LATEST {"maxAsyncEventAgeInSeconds":60,"asyncTask":false,"destinationConfig":{}}`,
		`PutProvisionConfig PUT /2023-03-30/functions/f/provision-config?qualifier=prod {"defaultTarget":1,"alwaysAllocateCPU":false,"alwaysAllocateGPU":false,"scheduledActions":[],"targetTrackingPolicies":[]}`,
		`PutConcurrencyConfig PUT /2023-03-30/functions/f/concurrency {"reservedConcurrency":10}`,
		`PutScalingConfig PUT /2023-03-30/functions/f/scaling-config?qualifier=LATEST {"minInstances":1,"horizontalScalingPolicies":[],"scheduledPolicies":[]}`,
		`CreateVpcBinding POST /2023-03-30/functions/f/vpc-bindings {"vpcId":"vpc-1"}`,
		`UpdateCustomDomain PUT /2023-03-30/custom-domains/a.b {"protocol":"HTTP"}`,
		`DeleteProvisionConfig DELETE /2023-03-30/functions/f/provision-config?qualifier=prod`,
		`ListProvisionConfigs GET /2023-03-30/provision-configs?functionName=f&limit=100`,
		`ListAsyncInvokeConfigs GET /2023-03-30/async-invoke-configs?functionName=f&limit=100`,
	}
	if d := cmp.Diff(want, requests(server)); d != "" {
		t.Error(d)
	}
	c, server = aroundClient(t, true)
	send(c, "svc$f")
	want = []string{
		`PutFunctionAsyncInvokeConfig PUT /2021-04-06/services/svc/functions/f/async-invoke-config?qualifier=LATEST {"maxAsyncEventAgeInSeconds":60,"statefulInvocation":false,"destinationConfig":{}}`,
		`PutProvisionConfig PUT /2021-04-06/services/svc/functions/f/provision-config?qualifier=prod {"target":1,"alwaysAllocateCPU":false,"scheduledActions":[],"targetTrackingPolicies":[]}`,
		`PutFunctionOnDemandConfig PUT /2021-04-06/services/svc/functions/f/on-demand-config {"maximumInstanceCount":10}`,
		`CreateVpcBinding POST /2021-04-06/services/svc/bindings {"vpcId":"vpc-1"}`,
		`UpdateCustomDomain PUT /2021-04-06/custom-domains/a.b {"protocol":"HTTP"}`,
		`PutProvisionConfig PUT /2021-04-06/services/svc/functions/f/provision-config?qualifier=prod {"target":0,"alwaysAllocateCPU":false,"scheduledActions":[],"targetTrackingPolicies":[]}`,
		`ListProvisionConfigs GET /2021-04-06/provision-configs?limit=100&serviceName=svc`,
		`ListFunctionAsyncInvokeConfigs GET /2021-04-06/services/svc/functions/f/async-invoke-configs?limit=100`,
	}
	if d := cmp.Diff(want, requests(server)); d != "" {
		t.Error(d)
	}
}

// TestWhatOneVersionHasAlone: the other says so and sends nothing.
func TestWhatOneVersionHasAlone(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c, server := aroundClient(t, true)
	for what, err := range map[string]error{
		"concurrency": c.DeleteConcurrencyConfig(ctx, "s$f"),
		"scaling":     c.DeleteScalingConfig(ctx, "s$f", ""),
	} {
		if err == nil || !strings.Contains(err.Error(), fc.APIVersion3) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := c.ListScalingConfigs(ctx, ""); err == nil {
		t.Error("scaling configs of FC 2.0")
	}
	if _, err := c.ListConcurrencyConfigs(ctx, ""); err == nil {
		t.Error("concurrency configs of FC 2.0")
	}
	c3, server3 := aroundClient(t, false)
	if err := c3.DeleteOnDemandConfig(ctx, "f", ""); err == nil || !strings.Contains(err.Error(), fc.APIVersion2) {
		t.Error(err)
	}
	if _, err := c3.ListOnDemandConfigs(ctx); err == nil {
		t.Error("on demand configs of FC 3.0")
	}
	if n := len(server.Calls()) + len(server3.Calls()); n > 0 {
		t.Errorf("%d calls", n)
	}
}

func TestOwner(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		resource resourceV2
		arn      string
		want     fc.Owner
	}{
		{arn: "acs:fc:cn-hangzhou:1:functions/hello", want: fc.Owner{FunctionName: "hello", Qualifier: "LATEST"}},
		{arn: "acs:fc:cn-hangzhou:1:functions/hello/prod", want: fc.Owner{FunctionName: "hello", Qualifier: "prod"}},
		{resource: resourceV2{Resource: "services/s.prod/functions/f"}, want: fc.Owner{FunctionName: "s$f", Qualifier: "prod"}},
		{resource: resourceV2{Resource: "services/s/functions/f"}, want: fc.Owner{FunctionName: "s$f", Qualifier: "LATEST"}},
		{resource: resourceV2{Service: "s", Function: "f"}, want: fc.Owner{FunctionName: "s$f", Qualifier: "LATEST"}},
		{},
	} {
		got := fc.Owner{FunctionARN: tt.arn}
		tt.resource.owned(&got)
		tt.want.FunctionARN = tt.arn
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%+v %s: %s", tt.resource, tt.arn, d)
		}
	}
}

// TestPagesAreFollowed: a list goes on to its last page.
func TestPagesAreFollowed(t *testing.T) {
	t.Parallel()
	c, server := aroundClient(t, false)
	server.Fail(fctest.Failure{Path: "custom-domains", Times: 1, Status: 200, Body: `{"customDomains":[{"domainName":"a"}],"nextToken":"x&y"}`})
	server.Fail(fctest.Failure{Path: "custom-domains", Times: 1, Status: 200, Body: `{"customDomains":[{"domainName":"b"}]}`})
	got, err := c.ListCustomDomains(t.Context(), "p")
	if err != nil || len(got) != 2 || got[1].DomainName != "b" {
		t.Errorf("%+v, %v", got, err)
	}
	query, _ := url.ParseQuery(server.Calls()[1].Query)
	if query.Get("nextToken") != "x&y" || query.Get("prefix") != "p" || query.Get("limit") != "100" {
		t.Errorf("query %v", query)
	}
	server.Fail(fctest.Failure{Path: "custom-domains", Times: 1, Status: 200, Body: `{"customDomains":[3]}`})
	if _, err := c.ListCustomDomains(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "ListCustomDomains") {
		t.Errorf("%v", err)
	}
}
