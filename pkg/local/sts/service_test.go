package sts

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"s/pkg/access"
	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

const account = "1234567890123456"

// world is a service over real HTTP.
type world struct {
	url    string
	issuer *Issuer
	keys   fcsign.Keys
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{issuer: NewIssuer([]byte("secret"), nil), keys: fcsign.Keys{AccessKeyID: "LTAIx", AccessKeySecret: "hush"}}
	find := func(id string) (fcsign.Keys, bool) { return w.keys, id == w.keys.AccessKeyID }
	service := New(Config{
		Issuer: w.issuer, AccountID: account, FunctionKeyID: "STS.function",
		Verifier: fcsign.NewVerifier(find, nil).WithTokens(w.issuer.Resolve),
	})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set(fc.HeaderRequestID, "1-2-3")
		if !Is(r) {
			rw.WriteHeader(http.StatusTeapot)
			return
		}
		service.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// ask sends an operation with an ACS3 signature and gives the answer.
func (w *world) ask(t *testing.T, keys fcsign.Keys, status int, version, action string, params url.Values) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/?"+params.Encode(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	fcsign.SignACS3(r, keys, fcsign.Operation{Action: action, Version: version}, fcsign.EmptyPayload, time.Now())
	return answerOf(t, r, status)
}

func answerOf(t *testing.T, r *http.Request, status int) map[string]any {
	t.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	doc := map[string]any{"text": string(body)}
	if strings.Contains(response.Header.Get("Content-Type"), "json") {
		err = json.Unmarshal(body, &doc)
	}
	if err != nil || response.StatusCode != status {
		t.Fatalf("%s: %d %s, want %d", r.URL, response.StatusCode, body, status)
	}
	return doc
}

// TestOurOwnClient: what pkg/access sends to STS is understood.
func TestOurOwnClient(t *testing.T) {
	w := newWorld(t)
	env := func(name string) (string, bool) { return w.url, name == "S_STS_ENDPOINT" }
	keys := access.Credentials{AccessKeyID: w.keys.AccessKeyID, AccessKeySecret: w.keys.AccessKeySecret}
	if id, err := access.Identity(t.Context(), access.Options{LookupEnv: env}, keys); id != account || err != nil {
		t.Errorf("%s, %v", id, err)
	}
	keys.AccessKeySecret = "other"
	if _, err := access.Identity(t.Context(), access.Options{LookupEnv: env}, keys); err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
		t.Errorf("%v", err)
	}
}

func TestAssumeRole(t *testing.T) {
	w := newWorld(t)
	params := url.Values{"RoleArn": {"acs:ram::" + account + ":role/Admin"}, "RoleSessionName": {"me"}, "DurationSeconds": {"900"}}
	doc := w.ask(t, w.keys, 200, Version, "AssumeRole", params)
	given := doc["Credentials"].(map[string]any)
	until, err := time.Parse(time.RFC3339, given["Expiration"].(string))
	if left := time.Until(until); err != nil || left > 15*time.Minute || left < 14*time.Minute {
		t.Errorf("%v, %v", left, err)
	}
	keys := fcsign.Keys{
		AccessKeyID: given["AccessKeyId"].(string), AccessKeySecret: given["AccessKeySecret"].(string), SecurityToken: given["SecurityToken"].(string),
	}
	me := w.ask(t, keys, 200, Version, "GetCallerIdentity", nil)
	if me["IdentityType"] != "AssumedRoleUser" || me["Arn"] != "acs:ram::"+account+":assumed-role/admin/me" || me["AccountId"] != account {
		t.Errorf("%v", me)
	}
	if user := doc["AssumedRoleUser"].(map[string]any); user["AssumedRoleId"] != me["PrincipalId"] || user["Arn"] != me["Arn"] {
		t.Errorf("%v, %v", user, me)
	}
	for name, test := range map[string]struct{ key, value, code string }{
		"no role":          {"RoleArn", "", "MissingRoleArn"},
		"no ARN":           {"RoleArn", "Admin", "InvalidParameter.RoleArn"},
		"no name":          {"RoleArn", "acs:ram::" + account + ":role/", "InvalidParameter.RoleArn"},
		"another account":  {"RoleArn", "acs:ram::1:role/Admin", "NoPermission"},
		"no session":       {"RoleSessionName", "", "InvalidParameter.RoleSessionName"},
		"bad session":      {"RoleSessionName", "a/b", "InvalidParameter.RoleSessionName"},
		"short":            {"DurationSeconds", "899", "InvalidParameter.DurationSeconds"},
		"long":             {"DurationSeconds", "43201", "InvalidParameter.DurationSeconds"},
		"no number":        {"DurationSeconds", "x", "InvalidParameter.DurationSeconds"},
		"bounded by rules": {"Policy", "{}", "NotImplemented"},
	} {
		changed := url.Values{}
		maps.Copy(changed, params)
		changed.Set(test.key, test.value)
		status := map[string]int{"NoPermission": 403, "NotImplemented": 501}[test.code]
		if status == 0 {
			status = 400
		}
		if doc := w.ask(t, w.keys, status, Version, "AssumeRole", changed); doc["Code"] != test.code {
			t.Errorf("%s: %v", name, doc)
		}
	}
}

func TestOthersOperationsAreNamed(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct{ version, action, says string }{
		{Version, "AssumeRoleWithOIDC", "AssumeRoleWithOIDC (version 2015-04-01)"},
		{"2015-05-01", "GetRole", "GetRole (version 2015-05-01)"},
		{"2016-04-28", "DescribeVpcs", "DescribeVpcs (version 2016-04-28)"},
	} {
		doc := w.ask(t, w.keys, 501, test.version, test.action, nil)
		if message, _ := doc["Message"].(string); !strings.HasPrefix(message, test.says) || doc["RequestId"] != "1-2-3" {
			t.Errorf("%s: %v", test.action, doc)
		}
	}
	bounded, _ := w.issuer.Issue(Grant{Scope: "oss:b/k"}, time.Hour)
	if doc := w.ask(t, bounded, 403, Version, "GetCallerIdentity", nil); doc["Code"] != fc.CodeAccessDenied {
		t.Errorf("%v", doc)
	}
	unknown := fcsign.Keys{AccessKeyID: "x", AccessKeySecret: "y"}
	if doc := w.ask(t, unknown, 404, Version, "GetCallerIdentity", nil); doc["Code"] != "InvalidAccessKeyId.NotFound" {
		t.Errorf("%v", doc)
	}
}

func TestForms(t *testing.T) {
	w := newWorld(t)
	post := func(status int, target, body string) map[string]any {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.url+target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		return answerOf(t, r, status)
	}
	if doc := post(400, "/", "Action=GetCallerIdentity&Format=json"); doc["Code"] != "MissingAccessKeyId" {
		t.Errorf("%v", doc)
	}
	if doc := post(400, "/", "Action=%zz"); !strings.Contains(doc["text"].(string), "<Code>InvalidParameter</Code>") {
		t.Errorf("%v", doc)
	}
	if doc := post(400, "/", strings.Repeat("a=b&", maxForm)); !strings.Contains(doc["text"].(string), "<Error>") {
		t.Errorf("%v", doc)
	}
	post(418, "/other", "Action=x")
}

func TestIs(t *testing.T) {
	for _, test := range []struct {
		method, target, authorization, action string
		want                                  bool
	}{
		{"GET", "/?Action=X", "", "", true},
		{"GET", "/", "", "", false},
		{"GET", "/?Action=X", "LOG id:sig", "", false},
		{"GET", "/?Action=X", "OSS id:sig", "", false},
		{"POST", "/", "ACS3-HMAC-SHA256 x", "GetCallerIdentity", true},
		{"POST", "/", "acs x:y", "GetRole", true},
		{"POST", "/", "ACS3-HMAC-SHA256 x", "", false},
		{"POST", "/2023-03-30/functions?Action=X", "", "", false},
	} {
		r := httptest.NewRequest(test.method, test.target, http.NoBody)
		if test.authorization != "" {
			r.Header.Set("Authorization", test.authorization)
		}
		if test.action != "" {
			r.Header.Set("X-Acs-Action", test.action)
		}
		if Is(r) != test.want {
			t.Errorf("%+v", test)
		}
	}
}
