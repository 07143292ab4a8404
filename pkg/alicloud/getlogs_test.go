package alicloud_test

import (
	"errors"
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
