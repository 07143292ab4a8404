package alicloud_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/alicloud"
	"s/pkg/alicloud/alicloudtest"
)

func TestGetLogs(t *testing.T) {
	t.Parallel()
	s := alicloudtest.NewLogs(t)
	s.Put(map[string]string{"__time__": "100", "message": "a"}, map[string]string{"__time__": "200", "message": "b"})
	q := alicloud.LogQuery{Project: "p", Logstore: "l", Query: `"a b&c=d" and 50%`, From: 100, To: 200, Offset: 0}
	s.Search(1)
	page, err := s.Client(region).GetLogs(t.Context(), q)
	if err != nil || page.Complete || len(page.Lines) != 0 {
		t.Errorf("searching: %v, %v", page, err)
	}
	page, err = s.Client(region).GetLogs(t.Context(), q)
	if d := cmp.Diff([]map[string]string{{"__time__": "100", "message": "a"}}, page.Lines); err != nil || !page.Complete || d != "" {
		t.Errorf("%v, %v\n%s", page.Complete, err, d)
	}
	want := alicloudtest.Asked{Host: "p.cn-hangzhou.log.aliyuncs.com", Path: "/logstores/l", Query: q.Query, From: 100, To: 200}
	if d := cmp.Diff([]alicloudtest.Asked{want, want}, s.Asked()); d != "" {
		t.Error(d)
	}
}

// recorder keeps the last request, and answers none.
type recorder struct{ got *http.Request }

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.got = request
	return nil, errors.New("no network")
}

// TestGetLogsByHTTPS: the service itself is asked by https, at the project's host.
func TestGetLogsByHTTPS(t *testing.T) {
	t.Parallel()
	var network recorder
	c := alicloud.New(alicloud.Config{Region: region, HTTP: &http.Client{Transport: &network}})
	_, err := c.GetLogs(t.Context(), alicloud.LogQuery{Project: "p", Logstore: "l", Query: `"secret words"`, From: 1, To: 2})
	if err == nil || strings.Contains(err.Error(), "secret") || network.got.URL.Scheme != "https" || network.got.URL.Host != "p.cn-hangzhou.log.aliyuncs.com" {
		t.Errorf("%v, %v", err, network.got.URL)
	}
}

func TestGetLogsRefused(t *testing.T) {
	t.Parallel()
	s := alicloudtest.NewLogs(t)
	q := alicloud.LogQuery{Project: "p", Logstore: "l", From: 1, To: 2}
	for _, tc := range []struct {
		fail    alicloudtest.Failure
		passing bool
		asked   int // how often
	}{
		{alicloudtest.Failure{Status: 404, Code: "LogStoreNotExist"}, false, 1},
		{alicloudtest.Failure{Status: 403, Code: "Unauthorized"}, false, 1},
		{alicloudtest.Failure{Status: 500, Code: "InternalServerError"}, true, 1},
		{alicloudtest.Failure{Status: 403, Code: "ReadQuotaExceed", Times: 4}, true, 4},
	} {
		s.Fail(tc.fail)
		_, err := s.Client(region).GetLogs(t.Context(), q)
		var refused *alicloud.Error
		if !errors.As(err, &refused) || refused.Code != tc.fail.Code || refused.Action != "GetLogs" || refused.Passing() != tc.passing {
			t.Errorf("%s: %v", tc.fail.Code, err)
		}
		if n := len(s.Asked()); n != tc.asked {
			t.Errorf("%s: asked %d times", tc.fail.Code, n)
		}
	}
}
