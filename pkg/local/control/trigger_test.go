package control

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

const httpConfig = `{\"authType\":\"anonymous\",\"methods\":[\"GET\",\"POST\"]}`

func TestTriggerLife(t *testing.T) {
	w := newWorld(t)
	const base = "/2023-03-30/functions/f/triggers"
	body := `{"triggerName":"http","triggerType":"http","qualifier":"LATEST","description":"","sourceArn":null,"triggerConfig":"` + httpConfig + `"}`
	w.do("POST", base, body).is(404, "FunctionNotFound")
	w.create("f")
	created := w.do("POST", base, body).is(200).has("triggerName", "http").has("qualifier", "LATEST").
		has("triggerConfig", strings.ReplaceAll(httpConfig, `\`, "")).has("targetArn", "acs:fc:cn-hangzhou:1234567890123456:functions/f")
	port := w.url[strings.LastIndex(w.url, ":"):]
	url, _ := created.at("httpTrigger.urlInternet").(string)
	if !regexp.MustCompile(`^http://f-[a-z2-7]{10}\.cn-hangzhou\.fcapp\.localhost` + port + `$`).MatchString(url) {
		t.Errorf("url %q", url)
	}
	w.do("POST", base, body).is(409, "TriggerAlreadyExists")
	w.do("POST", base, strings.Replace(body, `"http"`, `"second"`, 1)).is(400, "InvalidArgument").says("has the HTTP trigger 'http' for LATEST already")
	w.do("GET", base+"/http", "").is(200).has("httpTrigger.urlInternet", url)
	w.do("GET", base+"/none", "").is(404, "TriggerNotFound")
	w.do("PUT", base+"/http", `{"triggerConfig":"{\"authType\":\"function\",\"methods\":[\"PUT\"]}","description":"d"}`).is(200).
		has("description", "d").has("httpTrigger.urlInternet", url).has("triggerId", created.doc["triggerId"])
	w.do("PUT", base+"/http", `{}`).is(200).has("description", "d")
	w.do("PUT", base+"/none", `{}`).is(404, "TriggerNotFound")
	w.do("GET", base+"?limit=10", "").is(200).has("triggers", []any{w.do("GET", base+"/http", "").doc})
	w.do("GET", "/2023-03-30/functions/none/triggers", "").is(404, "FunctionNotFound")
	w.do("DELETE", "/2023-03-30/functions/f", "").is(409, "FunctionNotEmpty").says("function 'f' has active triggers")
	w.do("DELETE", base+"/http", "").is(204)
	w.do("DELETE", base+"/http", "").is(404, "TriggerNotFound")
	w.do("DELETE", "/2023-03-30/functions/f", "").is(204)
}

func TestCreateTriggerRefuses(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	for _, tt := range []struct {
		body   string
		status int
		says   string
	}{
		{`{"triggerType":"http","triggerConfig":"` + httpConfig + `"}`, 400, "triggerName is required"},
		{`{"triggerName":"a b","triggerType":"http","triggerConfig":"` + httpConfig + `"}`, 400, "triggerName 'a b'"},
		{`{"triggerName":"t"}`, 400, "triggerType is required"},
		{`{"triggerName":"t","triggerType":"carrier-pigeon"}`, 400, "is unknown"},
		{`{"triggerName":"t","triggerType":"timer","triggerConfig":"{}"}`, 400, "triggerConfig.cronExpression is required"},
		{`{"triggerName":"t","triggerType":"timer","triggerConfig":"{\"cronExpression\":\"@every x\"}"}`, 400, "triggerConfig.cronExpression: "},
		{`{"triggerName":"t","triggerType":"oss","triggerConfig":"{\"events\":[\"oss:ObjectCreated:*\"]}"}`, 400, "sourceArn ''"},
		{`{"triggerName":"t","triggerType":"http"}`, 400, "triggerConfig is required"},
		{`{"triggerName":"t","triggerType":"http","triggerConfig":"{"}`, 400, "triggerConfig"},
		{`{"triggerName":"t","triggerType":"http","triggerConfig":"{\"methods\":\"GET\"}"}`, 400, "triggerConfig.methods"},
		{`{"triggerName":"t","triggerType":"http","triggerConfig":"{}"}`, 400, "methods is required"},
		{`{"triggerName":"t","triggerType":"http","triggerConfig":"{\"methods\":[\"BREW\"]}"}`, 400, "'BREW'"},
		{`{"triggerName":"t","triggerType":"http","triggerConfig":"{\"methods\":[\"GET\"],\"authType\":\"jwt\"}"}`, 400, "triggerConfig.authConfig: jwks is required"},
		{`{"triggerName":"t","triggerType":"http","triggerConfig":{"methods":["GET"],"authType":"jwt","authConfig":{"jwks":{"keys":[{}]}}}}`, 400, "authConfig: jwks.keys[0]: kty ''"},
		{`{"triggerName":"t","triggerType":"http","triggerConfig":{"methods":["GET"],"corsConfig":{"maxAge":-1}}}`, 400, "triggerConfig.corsConfig.maxAge"},
		{`{"triggerName":"t","triggerType":"http","triggerConfig":{"methods":["GET"],"corsConfig":[]}}`, 400, "triggerConfig.corsConfig"},
		{`{"triggerName":"t","triggerType":"http","triggerConfig":"{\"methods\":[\"GET\"],\"authType\":\"none\"}"}`, 400, "authType 'none'"},
		{`{"triggerName":"t","triggerType":"http","qualifier":"1","triggerConfig":"` + httpConfig + `"}`, 404, "version '1'"},
		{`{"triggerName":5}`, 400, "field 'triggerName'"},
	} {
		code := map[int]string{400: "InvalidArgument", 501: "NotImplemented", 404: "VersionNotFound"}[tt.status]
		w.do("POST", "/2023-03-30/functions/f/triggers", tt.body).is(tt.status, code).says(tt.says)
	}
}

// Version 2016-08-15 has the configuration as an object, 2021-04-06 as a string.
func TestTriggersOfFC2(t *testing.T) {
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	w.do("POST", "/2021-04-06/services/svc/functions", with(w.minimal("F_n"), nil)).is(200)
	const old, current = "/2016-08-15/services/svc/functions/F_n/triggers", "/2021-04-06/services/svc/functions/F_n/triggers"
	g := w.do("POST", old, `{"triggerName":"t","triggerType":"http","triggerConfig":{"methods": ["GET"], "authType":"anonymous"}}`).is(200).
		has("triggerConfig.methods", []string{"GET"})
	if url, _ := g.doc["urlInternet"].(string); !strings.HasPrefix(url, "http://svc-f-n-") || g.doc["httpTrigger"] != nil {
		t.Errorf("answer %s", g.body)
	}
	w.do("GET", current+"/t", "").is(200).has("triggerConfig", `{"methods":["GET"],"authType":"anonymous"}`)
	w.do("GET", current, "").is(200)
	w.do("GET", "/2021-04-06/services/none/functions/F_n/triggers", "").is(404, "ServiceNotFound")
	w.do("DELETE", current+"/t", "").is(204)
}

// Triggers of all types are kept as they are given, have no URL, and whoever makes
// them fire is told.
func TestTriggersOfAllTypes(t *testing.T) {
	w := newWorld(t)
	w.create("f")
	told := 0
	w.api.cfg.Triggered = func() { told++ }
	const base = "/2023-03-30/functions/f/triggers"
	for _, tt := range []struct{ kind, source, config string }{
		{"timer", "", `{"cronExpression":"0 0 4 * * *","enable":true,"payload":"x"}`},
		{"oss", "acs:oss:cn-hangzhou:1:photos", `{"events":["oss:ObjectCreated:*"],"filter":{"key":{"prefix":"a","suffix":""}}}`},
		{"log", "acs:log:cn-hangzhou:1:project/p", `{"sourceConfig":{"logstore":"l"}}`},
		{"mns_topic", "acs:mns:cn-hangzhou:1:/topics/t", `{"notifyContentFormat":"JSON"}`},
		{"cdn_events", "acs:cdn:*:1", `{"eventName":"LogFileCreated","eventVersion":"1.0.0"}`},
		{"tablestore", "acs:ots:cn-hangzhou:1:instance/i/table/t", `{}`},
		{"eventbridge", "", `{"triggerEnable":true}`},
	} {
		told = 0
		body := with(map[string]any{"triggerName": tt.kind, "triggerType": tt.kind, "triggerConfig": tt.config, "sourceArn": tt.source, "invocationRole": "r"}, nil)
		g := w.do("POST", base, body).is(200).has("triggerType", tt.kind).has("triggerConfig", tt.config).has("invocationRole", "r")
		if g.doc["httpTrigger"] != nil {
			t.Errorf("%s has a URL: %s", tt.kind, g.body)
		}
		w.do("GET", base+"/"+tt.kind, "").is(200).has("triggerConfig", tt.config)
		w.do("PUT", base+"/"+tt.kind, `{"description":"d"}`).is(200).has("triggerConfig", tt.config).has("description", "d")
		if told != 2 {
			t.Errorf("%s: told %d times", tt.kind, told)
		}
	}
	w.do("PUT", base+"/timer", `{"triggerConfig":"{\"cronExpression\":\"x\"}"}`).is(400, "InvalidArgument")
	w.do("PUT", base+"/timer", `{"triggerConfig":"{\"cronExpression\":\"@every 1m\"}"}`).is(200).has("triggerConfig", `{"cronExpression":"@every 1m"}`)
	w.do("POST", base, triggerBody("http")).is(200)
	told = 0
	w.do("DELETE", base+"/timer", "").is(204)
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	for i := range maxTriggers - 7 {
		body := with(map[string]any{"triggerName": fmt.Sprint("t", i), "triggerType": "tablestore", "sourceArn": "acs:ots:r:1:instance/i"}, nil)
		w.do("POST", base, body).is(200)
	}
	w.do("POST", base, `{"triggerName":"more","triggerType":"eventbridge","triggerConfig":"{}"}`).is(400, "InvalidArgument").says("50 triggers")
}

// A trigger of FC 2.0 without a configuration shows an empty one.
func TestTriggerWithoutConfigOfFC2(t *testing.T) {
	w := newWorld(t)
	w.do("POST", "/2021-04-06/services", `{"serviceName":"svc"}`).is(200)
	w.do("POST", "/2021-04-06/services/svc/functions", with(w.minimal("f"), nil)).is(200)
	const base = "services/svc/functions/f/triggers"
	g := w.do("POST", "/2016-08-15/"+base, `{"triggerName":"t","triggerType":"tablestore","sourceArn":"acs:ots:r:1:instance/i"}`).is(200).
		has("triggerConfig", map[string]any{})
	if g.doc["domainName"] != nil || g.doc["urlInternet"] != nil {
		t.Errorf("it has a URL: %s", g.body)
	}
	w.do("GET", "/2021-04-06/"+base+"/t", "").is(200).has("triggerConfig", "{}")
}

// tokenRules is how tokens are checked, with a secret as the only key.
const tokenRules = `{"jwks":{"keys":[{"kty":"oct","alg":"HS256","k":"c2VjcmV0"}]},"tokenLookup":"header:Authorization:Bearer"}`

// Rules for tokens are taken as text and as JSON, and shown as they were given.
func TestTokensOfTriggersAndDomains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create("f")
	text, err := json.Marshal(tokenRules)
	if err != nil {
		t.Fatal(err)
	}
	const list = "/2023-03-30/functions/f/triggers"
	for _, rules := range []string{string(text), tokenRules} {
		config := `{"methods":["GET"],"authType":"jwt","authConfig":` + rules + `,"corsConfig":{"allowOrigins":["*"]}}`
		w.do("POST", list, `{"triggerName":"t","triggerType":"http","triggerConfig":`+config+`}`).is(200).has("triggerConfig", config)
		if stored, err := w.store.HTTPTrigger(testRegion, "f", "LATEST"); err != nil || string(stored.HTTP.AuthConfig) != tokenRules || stored.HTTP.CORSConfig == nil {
			t.Errorf("%+v %v", stored, err)
		}
		w.do("DELETE", list+"/t", "").is(204)
	}
	const domains = "/2023-03-30/custom-domains"
	w.do("POST", domains, `{"domainName":"a.example.com","authConfig":{"authType":"jwt","authInfo":`+string(text)+`}}`).is(200).has("authConfig.authInfo", tokenRules)
	w.do("PUT", domains+"/a.example.com", `{"authConfig":{"authType":"jwt","authInfo":"{}"}}`).is(400, "InvalidArgument").says("authConfig.authInfo: jwks.keys is required")
	w.do("PUT", domains+"/a.example.com", `{"authConfig":{"authType":"jwt"}}`).is(400, "InvalidArgument").says("authConfig.authInfo: jwks is required")
}
