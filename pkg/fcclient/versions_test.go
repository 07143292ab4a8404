package fcclient

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s/pkg/access"
	"s/pkg/fc"
)

// What is asked of the service, in both versions of the API, over two pages.
func TestVersionsAndAliases(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v2            bool
		function, own string
	}{{false, "f", "/2023-03-30/functions/f"}, {true, "svc$f", "/2021-04-06/services/svc"}} {
		var asked []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			asked = append(asked, r.Method+" "+r.URL.Path+" "+string(body))
			out := map[string]any{"versionId": "3", "aliasName": "prod"}
			if r.Method == http.MethodGet && r.URL.Query().Get("limit") == listPage {
				out = map[string]any{"versions": []fc.Version{{VersionID: "2"}, {VersionID: "1"}}, "aliases": []fc.Alias{{AliasName: "b"}}}
				if r.URL.Query().Get("nextToken") == "" {
					out = map[string]any{"versions": []fc.Version{{VersionID: "3"}}, "aliases": []fc.Alias{{AliasName: "a"}}, "nextToken": "x"}
				}
			}
			json.NewEncoder(w).Encode(out)
		}))
		t.Cleanup(server.Close)
		c := New(Config{Region: "r", Endpoint: server.URL, V2: tt.v2, Credentials: access.Credentials{AccountID: "1", AccessKeyID: "a", AccessKeySecret: "b"}})
		ctx := t.Context()
		v, err := c.PublishVersion(ctx, tt.function, "new")
		if err != nil || v.VersionID != "3" {
			t.Errorf("%+v, %v", v, err)
		}
		all, err := c.ListVersions(ctx, tt.function, 0)
		if err != nil || len(all) != 3 || all[2].VersionID != "1" {
			t.Errorf("%+v, %v", all, err)
		}
		if one, err := c.ListVersions(ctx, tt.function, 1); err != nil || len(one) != 1 {
			t.Errorf("%+v, %v", one, err)
		}
		aliases, err := c.ListAliases(ctx, tt.function)
		if err != nil || len(aliases) != 2 {
			t.Errorf("%+v, %v", aliases, err)
		}
		if _, err := c.GetAlias(ctx, tt.function, "prod"); err != nil {
			t.Error(err)
		}
		a := fc.Alias{AliasName: "prod", VersionID: "1", AdditionalVersionWeight: map[string]float64{"2": 0.5}}
		if _, err := c.CreateAlias(ctx, tt.function, a); err != nil {
			t.Error(err)
		}
		a.AdditionalVersionWeight = nil
		if _, err := c.UpdateAlias(ctx, tt.function, a); err != nil {
			t.Error(err)
		}
		for _, err := range []error{c.DeleteAlias(ctx, tt.function, "prod"), c.DeleteVersion(ctx, tt.function, "3")} {
			if err != nil {
				t.Error(err)
			}
		}
		want := []string{
			"POST " + tt.own + `/versions {"description":"new"}`,
			"GET " + tt.own + "/versions ", "GET " + tt.own + "/versions ", "GET " + tt.own + "/versions ",
			"GET " + tt.own + "/aliases ", "GET " + tt.own + "/aliases ", "GET " + tt.own + "/aliases/prod ",
			"POST " + tt.own + `/aliases {"additionalVersionWeight":{"2":0.5},"aliasName":"prod","description":"","versionId":"1"}`,
			"PUT " + tt.own + `/aliases/prod {"additionalVersionWeight":{},"description":"","versionId":"1"}`,
			"DELETE " + tt.own + "/aliases/prod ", "DELETE " + tt.own + "/versions/3 ",
		}
		if d := cmp.Diff(want, asked); d != "" {
			t.Error(d)
		}
	}
}
