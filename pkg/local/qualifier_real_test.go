//go:build linux

package local

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// sayingCode tells and returns which code runs, as what, and for which event.
const sayingCode = `import os, urllib.request


def handler(event, context):
    text = event.decode()
    if "responsePayload" in text:
        text = "outcome"
    elif "ObjectCreated" in text:
        text = "object"
    elif "rawPath" in text:
        text = "http"
    told = "%s as %s of version %s: %s" % ("WORD", os.environ["FC_QUALIFIER"], os.environ.get("FC_FUNCTION_VERSION") or "none", text)
    print("told", told)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open("REPORTS", data=told.encode()).read()
    return told
`

// published is a function f with two versions, an alias of both by half, and code
// that was never published.
type published struct {
	*client
	cloud   *Cloud
	reports *reporter
}

const ofF = "/2023-03-30/functions/f"

func publishedFunction(t *testing.T) *published {
	t.Helper()
	needPython(t)
	cloud, k := realCloud(t)
	p := &published{k, cloud, newReporter(t)}
	k.do(200, "POST", "/2023-03-30/functions", strings.Replace(p.document("one"), "{", `{"logConfig":{"project":"functions","logstore":"logs"},`, 1))
	k.do(200, "POST", ofF+"/versions", "{}")
	k.do(200, "PUT", ofF, p.document("two"))
	k.do(200, "POST", ofF+"/versions", "{}")
	k.do(200, "PUT", ofF, p.document("three"))
	k.do(200, "POST", ofF+"/aliases", `{"aliasName":"live","versionId":"1","additionalVersionWeight":{"2":0.5}}`)
	return p
}

func (p *published) document(word string) string {
	return functionJSON(p.t, "f", "python3.10", "index.py", strings.NewReplacer("WORD", word, "REPORTS", p.reports.url).Replace(sayingCode))
}

func (r *reporter) total() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, times := range r.told {
		n += times
	}
	return n
}

func (r *reporter) wasTold(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told[text] > 0
}

// both does something until both versions of the alias have run for its event.
func (p *published) both(event string, do func(n int)) {
	p.t.Helper()
	one, two := "one as live of version 1: "+event, "two as live of version 2: "+event
	for n := range 100 {
		before := p.reports.total()
		do(n)
		for deadline := time.Now().Add(time.Minute); p.reports.total() == before; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				p.t.Fatalf("%s: nothing ran", event)
			}
		}
		if p.reports.wasTold(one) && p.reports.wasTold(two) {
			return
		}
	}
	p.t.Errorf("%s: one version of the alias never ran", event)
}

// call invokes f.
func (p *published) call(status int, qualifier, event string, header ...string) (*http.Response, string) {
	p.t.Helper()
	r := p.request("POST", ofF+"/invocations?qualifier="+qualifier, event)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	p.sign(r, event)
	return p.send(status, r)
}

// TestQualifiersEverywhere: whatever may name a version or an alias leads to it:
// invocations of every kind, triggers of every way, custom domains, the configuration
// of asynchronous invocations, their tasks and destinations, logs and instances.
func TestQualifiersEverywhere(t *testing.T) {
	t.Parallel()
	p := publishedFunction(t)
	p.both("sync", func(int) {
		response, body := p.call(200, "live", "sync")
		word := map[string]string{"1": "one", "2": "two"}[response.Header.Get("X-Fc-Invocation-Service-Version")]
		if word == "" || !strings.HasPrefix(body, word+" as live") {
			t.Errorf("%s, %v", body, response.Header)
		}
	})
	for qualifier, want := range map[string]string{"": "three as LATEST of version none", "1": "one as 1 of version 1", "2": "two as 2 of version 2"} {
		if _, body := p.call(200, qualifier, "direct"); body != want+": direct" {
			t.Errorf("%q: %s", qualifier, body)
		}
	}
	p.call(404, "none", "x")
	p.instances()
	p.logLines()
	p.tasks()
	p.triggers()
	p.domains()
	p.disabled()
}

// instances are listed for what they serve.
func (p *published) instances() {
	p.t.Helper()
	for qualifier, want := range map[string]string{"": "0 ", "1": "1 ", "2": "2 ", "live": "1 2 "} {
		_, body := p.do(200, "GET", ofF+"/instances?qualifier="+qualifier, "")
		var doc struct {
			Instances []struct{ VersionID, Qualifier string }
		}
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			p.t.Fatal(err)
		}
		got := ""
		for _, i := range doc.Instances {
			got += i.VersionID + " "
		}
		if got != want {
			p.t.Errorf("instances of %q: %s", qualifier, body)
		}
	}
	p.do(404, "GET", ofF+"/instances?qualifier=none", "")
}

// logLines have what was asked for and what it led to.
func (p *published) logLines() {
	p.t.Helper()
	for query, want := range map[string][2]string{
		"versionId: 1 and qualifier: live and told": {"live", "1"}, "versionId: 2 and qualifier: live and told": {"live", "2"},
		"qualifier: 2 and told": {"2", "2"}, "qualifier: LATEST and told": {"LATEST", ""},
	} {
		lines := p.getLogs("functions", "&query="+url.QueryEscape(query))
		if len(lines) == 0 {
			p.t.Errorf("no lines of %s", query)
		}
		for _, line := range lines {
			if line["qualifier"] != want[0] || line["versionId"] != want[1] {
				p.t.Errorf("%s: %v", query, line)
			}
		}
	}
}

// tasks are those of the alias alone, which has a destination at a version.
func (p *published) tasks() {
	p.t.Helper()
	account := p.cloud.Info().AccountID
	config := fmt.Sprintf(`{"asyncTask":true,"destinationConfig":{"onSuccess":{"destination":"acs:fc:cn-hangzhou:%s:functions/f/2"}}}`, account)
	p.do(200, "PUT", ofF+"/async-invoke-config?qualifier=live", config)
	p.do(404, "PUT", ofF+"/async-invoke-config?qualifier=none", config)
	p.do(404, "GET", ofF+"/async-invoke-config", "")
	names := 0
	p.both("task", func(n int) {
		p.call(202, "live", "task", "X-Fc-Invocation-Type: Async", fmt.Sprintf("X-Fc-Async-Task-Id: job-%d", n))
		names++
	})
	p.reports.await(p.t, "two as 2 of version 2: outcome")
	for qualifier, want := range map[string]int{"live": names, "1": 0, "2": 0} {
		_, body := p.do(200, "GET", ofF+"/async-tasks?limit=100&qualifier="+qualifier, "")
		if got := strings.Count(body, `"taskId":"job-`); got != want {
			p.t.Errorf("%d tasks of %s, want %d: %s", got, qualifier, want, body)
		}
	}
	if _, body := p.do(200, "GET", ofF+"/async-tasks/job-0?qualifier=live", ""); !strings.Contains(body, `"qualifier":"live"`) {
		p.t.Error(body)
	}
}

// triggers of all ways to fire lead to their qualifier.
func (p *published) triggers() {
	p.t.Helper()
	add := func(name, kind, qualifier, source, config string) string {
		doc, err := json.Marshal(map[string]string{
			"triggerName": name, "triggerType": kind, "qualifier": qualifier, "sourceArn": source, "triggerConfig": config, "invocationRole": "acs:ram::1:role/r",
		})
		if err != nil {
			p.t.Fatal(err)
		}
		_, body := p.do(200, "POST", ofF+"/triggers", string(doc))
		return body
	}
	add("nightly", "timer", "live", "", `{"cronExpression":"0 0 4 * * *","enable":true,"payload":"unused"}`)
	p.both("timer", func(int) {
		p.do(200, "POST", "/_s/triggers/fire?region=cn-hangzhou&function=f&trigger=nightly", "timer")
	})
	add("uploads", "oss", "2", "acs:oss:cn-hangzhou:1:photos", `{"events":["oss:ObjectCreated:*"]}`)
	p.oss(200, p.keys, "PUT", "photos", "", nil, 0)
	p.oss(200, p.keys, "PUT", "photos", "cat.png", strings.NewReader("x"), 1)
	p.reports.await(p.t, "two as 2 of version 2: object")

	created := add("web", "http", "live", "", `{"authType":"anonymous","methods":["GET"]}`)
	var doc struct{ HTTPTrigger struct{ URLInternet string } }
	if err := json.Unmarshal([]byte(created), &doc); err != nil {
		p.t.Fatal(err)
	}
	u, err := url.Parse(doc.HTTPTrigger.URLInternet)
	if err != nil {
		p.t.Fatal(err)
	}
	p.both("http", func(int) { p.at(200, u.Host, "GET", "/") })
}

// domains have routes to versions and aliases.
func (p *published) domains() {
	p.t.Helper()
	p.do(200, "POST", "/2023-03-30/custom-domains", `{"domainName":"f.example.com","protocol":"HTTP","routeConfig":{"routes":[
		{"path":"/one/*","functionName":"f","qualifier":"1"},{"path":"/live/*","functionName":"f","qualifier":"live"},{"path":"/*","functionName":"f"}]}}`)
	if body := p.at(200, "f.example.com", "GET", "/one/x"); body != "one as 1 of version 1: http" {
		p.t.Error(body)
	}
	if body := p.at(200, "f.example.com", "GET", "/"); body != "three as LATEST of version none: http" {
		p.t.Error(body)
	}
	seen := map[string]bool{}
	for range 100 {
		if seen[p.at(200, "f.example.com", "GET", "/live/x")] = true; len(seen) == 2 {
			break
		}
	}
	if !seen["one as live of version 1: http"] || !seen["two as live of version 2: http"] {
		p.t.Errorf("%v", seen)
	}
}

// disabled: nobody calls any version, and none has an instance, until it is enabled.
func (p *published) disabled() {
	p.t.Helper()
	p.do(200, "POST", ofF+"/invoke/disable", `{"reason":"of a test","abortOngoingRequest":true}`)
	for _, qualifier := range []string{"", "1", "2", "live"} {
		if _, body := p.call(403, qualifier, "x"); !strings.Contains(body, "of a test") {
			p.t.Error(body)
		}
		p.call(403, qualifier, "x", "X-Fc-Invocation-Type: Async")
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			if _, body := p.do(200, "GET", ofF+"/instances?qualifier="+qualifier, ""); strings.Contains(body, `"instances":[]`) {
				break
			}
			if time.Now().After(deadline) {
				p.t.Fatalf("%q has instances", qualifier)
			}
		}
	}
	p.at(403, "f.example.com", "GET", "/one/x")
	p.do(200, "POST", ofF+"/invoke/enable", "")
	p.both("enabled", func(int) { p.call(200, "live", "enabled") })
}

// TestSessionsOfAnAlias: a session stays with the version that it began with, and one
// that the API made is of the qualifier that it was made for.
func TestSessionsOfAnAlias(t *testing.T) {
	t.Parallel()
	p := publishedFunction(t)
	affine, err := json.Marshal(`{"affinityHeaderFieldName":"x-session","sessionConcurrencyPerInstance":10}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"four", "five"} {
		p.do(200, "PUT", ofF, strings.Replace(p.document(word), "{", `{"sessionAffinity":"HEADER_FIELD","sessionAffinityConfig":`+string(affine)+`,`, 1))
		p.do(200, "POST", ofF+"/versions", "{}")
	}
	p.do(200, "PUT", ofF+"/aliases/live", `{"versionId":"3","additionalVersionWeight":{"4":0.5}}`)
	p.sessionsStay()
	_, body := p.do(200, "GET", ofF+"/sessions?qualifier=live&limit=100", "")
	if got := strings.Count(body, `"qualifier":"live"`); got != 12 {
		t.Errorf("%d sessions of the alias: %s", got, body)
	}
	if _, body := p.do(200, "GET", ofF+"/sessions?qualifier=3&limit=100", ""); strings.Contains(body, `"sessionId"`) {
		t.Errorf("sessions of the version: %s", body)
	}
	for n := range 12 { // wherever it is
		session := ofF + "/sessions/" + sessionName(n)
		p.do(409, "POST", ofF+"/sessions?qualifier=live", `{"sessionId":"`+sessionName(n)+`"}`)
		if _, body := p.do(200, "PUT", session+"?qualifier=live", `{"sessionIdleTimeoutInSeconds":77}`); !strings.Contains(body, `"sessionIdleTimeoutInSeconds":77`) {
			t.Error(body)
		}
		p.do(404, "GET", session+"?qualifier=3", "")
		p.do(204, "DELETE", session+"?qualifier=live", "")
		if _, body := p.do(0, "GET", session+"?qualifier=live", ""); strings.Contains(body, `"Active"`) {
			t.Error(body)
		}
	}
	// LATEST may do without sessions: the alias has its versions' settings.
	p.do(200, "PUT", ofF, `{"sessionAffinity":"NONE"}`)
	p.do(200, "POST", ofF+"/sessions?qualifier=live", `{"sessionId":"chosen"}`)
	p.do(400, "POST", ofF+"/sessions", `{"sessionId":"chosen"}`)
}

func sessionName(n int) string { return fmt.Sprintf("session-%d", n) }

// sessionsStay begins twelve sessions and asks each again.
func (p *published) sessionsStay() {
	p.t.Helper()
	versions := map[string]bool{}
	for n := range 12 {
		first, _ := p.call(200, "live", "x", "X-Session: "+sessionName(n))
		for range 3 {
			again, _ := p.call(200, "live", "x", "X-Session: "+sessionName(n))
			for _, header := range []string{"X-Fc-Invocation-Service-Version", "X-Fc-Instance-Id"} {
				if again.Header.Get(header) != first.Header.Get(header) {
					p.t.Errorf("%d: %s is %s, was %s", n, header, again.Header.Get(header), first.Header.Get(header))
				}
			}
		}
		versions[first.Header.Get("X-Fc-Invocation-Service-Version")] = true
	}
	if versions[""] {
		p.t.Errorf("%v", versions)
	}
}
