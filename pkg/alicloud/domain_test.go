package alicloud_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/alicloud"
	"s/pkg/alicloud/alicloudtest"
)

const named = "my-fn.fcv3." + alicloudtest.AccountID + ".cn-hangzhou.fc.devsapp.net"

func domain() alicloud.Request { return alicloud.Request{Function: "My_Fn", Domain: true} }

func TestDomainName(t *testing.T) {
	t.Parallel()
	c := alicloudtest.New(t).Client(region, nil)
	if d := cmp.Diff([]string{named, "my-fn.svc.1234567890123456.cn-hangzhou.fc.devsapp.net"}, []string{c.DomainName("My_Fn", ""), c.DomainName("My_Fn", "Svc")}); d != "" {
		t.Error(d)
	}
}

func TestDomainIsRegistered(t *testing.T) {
	t.Parallel()
	for service, name := range map[string]string{"": named, "svc": strings.Replace(named, "fcv3", "svc", 1)} {
		s := alicloudtest.New(t)
		c, q := s.Client(region, nil), domain()
		if q.Service = service; service != "" {
			q.Function = "svc$My_Fn"
		}
		p := plan(t, c, q)
		if d := cmp.Diff([]string{"domain name " + name}, names(p.Missing)); d != "" || len(s.Calls()) > 0 {
			t.Fatal(d)
		}
		if made := makeAll(t, p); len(made) != 1 || !made[0].Lasting() || len(s.Things()) > 0 {
			t.Errorf("made %v, left %v", made, s.Things())
		}
		want := []string{
			"POST /token", "POST /2021-04-06/services", "POST /2021-04-06/services/serverless-devs-check/functions",
			"POST /2021-04-06/services/serverless-devs-check/functions/domaina1B2-c3/triggers", "POST /domain",
			"DELETE /2021-04-06/services/serverless-devs-check/functions/domaina1B2-c3/triggers/httpTrigger",
			"DELETE /2021-04-06/services/serverless-devs-check/functions/domaina1B2-c3", "DELETE /2021-04-06/services/serverless-devs-check",
		}
		if d := cmp.Diff(want, s.Calls()); d != "" {
			t.Error(d)
		}
		sent, _ := url.ParseQuery(s.Body("POST /domain"))
		if sent.Get("function") != "My_Fn" || sent.Get("token") != "a1B2-c3" || sent.Get("region") != region {
			t.Errorf("sent %v", sent)
		}
		if again := plan(t, c, q); !again.Ready() || len(s.Calls()) > 0 {
			t.Errorf("again: missing %v", again.Missing)
		}
	}
}

// TestDomainFails at each step: the function that was asked is gone, and the next
// try is complete.
func TestDomainFails(t *testing.T) {
	t.Parallel()
	of := "POST /2021-04-06/services"
	for _, action := range []string{"POST /token", of, of + "/serverless-devs-check/functions", of + "/serverless-devs-check/functions/domaina1B2-c3/triggers", "POST /domain"} {
		for _, done := range []bool{false, true} {
			s := alicloudtest.New(t)
			s.Fail(alicloudtest.Failure{Action: action, Status: http.StatusInternalServerError, Code: "InternalError", Done: done})
			c := s.Client(region, nil)
			err := plan(t, c, domain()).Make(context.Background(), func(alicloud.Resource) {})
			var refused *alicloud.Error
			if !errors.As(err, &refused) || refused.Code != "InternalError" || len(s.Things()) > 0 {
				t.Errorf("%s: %v, left %v", action, err, s.Things())
			}
			makeAll(t, plan(t, c, domain()))
		}
	}
	s := alicloudtest.New(t)
	s.Fail(alicloudtest.Failure{Action: "DELETE /2021-04-06/services/serverless-devs-check/functions/domaina1B2-c3", Status: http.StatusForbidden, Code: "AccessDenied"})
	err := plan(t, s.Client(region, nil), domain()).Make(context.Background(), func(alicloud.Resource) {})
	if err == nil || !strings.Contains(err.Error(), "the function domaina1B2-c3 of the service serverless-devs-check is left") {
		t.Errorf("got %v", err)
	}
}

// TestResolverThatDoesNotSeeIt: Function Compute has the last word.
func TestResolverThatDoesNotSeeIt(t *testing.T) {
	t.Parallel()
	s := alicloudtest.New(t)
	s.Mute()
	makeAll(t, plan(t, s.Client(region, nil), domain()))
	if len(s.Waited()) != 14 {
		t.Errorf("waited %v", s.Waited())
	}
}

// TestAnswersOfTheServiceOfNames that aren't what they ought to be.
func TestAnswersOfTheServiceOfNames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"Response": {"Status": "Failed", "Body": "no such user"}}`:        "no such user",
		`{"Response": {"Status": "Success", "Body": {"Token": "../../x"}}}`: `the token "../../x", which is none`,
		`{"Response": {"Status": "Success", "Body": {}}}`:                   `the token ""`,
		`{}`:     "domain.devsapp.net refuses /token",
		`<html>`: "isn't JSON",
	} {
		c := alicloud.New(alicloud.Config{
			Region: region, AccountID: "1",
			Resolve: func(_ context.Context, name string) (string, error) { return name + ".", nil },
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.String() != "https://domain.devsapp.net/token" {
					t.Errorf("called %s", r.URL)
				}
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
			})},
		})
		err := plan(t, c, domain()).Make(context.Background(), func(alicloud.Resource) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	// A resolver that doesn't work finds nothing, which does no harm.
	broken := alicloud.New(alicloud.Config{Region: region, AccountID: "1", Resolve: func(context.Context, string) (string, error) { return "", errors.New("no resolver") }})
	if p := plan(t, broken, domain()); len(p.Missing) != 1 {
		t.Errorf("missing %v", p.Missing)
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := broken.Plan(over, domain()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
