package control

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"s/pkg/access"
	"s/pkg/fc"
	"s/pkg/fcclient"
	"s/pkg/fcclient/fctest"
	"s/pkg/runtime/instance"
)

// fakeSessions are the sessions of every function, without instances.
type fakeSessions struct {
	all map[string]*instance.Session
	err error // of CreateSession
}

func (f *fakeSessions) find(id string) (*instance.Session, error) {
	if s := f.all[id]; s != nil {
		return s, nil
	}
	return nil, &fc.APIError{Status: http.StatusNotFound, Code: "SessionNotFound", Message: "session '" + id + "' does not exist"}
}

func (f *fakeSessions) CreateSession(_ context.Context, id string, change func(*instance.SessionSettings) error) (instance.Session, error) {
	at := time.Unix(1_700_000_000, 0)
	s := &instance.Session{
		ID: id, Affinity: fc.AffinityHeader, Status: fc.SessionActive, InstanceID: "c-1", Created: at, Modified: at,
		SessionSettings: instance.SessionSettings{TTL: 6 * time.Hour, Idle: 30 * time.Minute},
	}
	if err := errors.Join(f.err, change(&s.SessionSettings)); err != nil {
		return instance.Session{}, err
	}
	f.all[id] = s
	return *s, nil
}

func (f *fakeSessions) Session(id string) (instance.Session, error) {
	s, err := f.find(id)
	if err != nil {
		return instance.Session{}, err
	}
	return *s, nil
}

func (f *fakeSessions) Sessions() []instance.Session {
	var out []instance.Session
	for _, s := range f.all {
		out = append(out, *s)
	}
	return out
}

func (f *fakeSessions) UpdateSession(id string, change func(*instance.SessionSettings) error) (instance.Session, error) {
	s, err := f.find(id)
	if err == nil {
		err = change(&s.SessionSettings)
	}
	if err != nil {
		return instance.Session{}, err
	}
	return *s, nil
}

func (f *fakeSessions) DeleteSession(id string) error {
	_, err := f.find(id)
	delete(f.all, id)
	return err
}

func (f *fakeSessions) set(id, status string) (instance.Session, error) {
	s, err := f.find(id)
	if err != nil {
		return instance.Session{}, err
	}
	s.Status = status
	return *s, nil
}

func (f *fakeSessions) PauseSession(id string) (instance.Session, error) {
	return f.set(id, fc.SessionPaused)
}

func (f *fakeSessions) ResumeSession(id string) (instance.Session, error) {
	return f.set(id, fc.SessionActive)
}

// withSessions gives the world sessions, and a function that has some.
func withSessions(t *testing.T) (*world, *fakeSessions) {
	t.Helper()
	w := newWorld(t)
	f := &fakeSessions{all: map[string]*instance.Session{}}
	w.api.cfg.Sessions = func(_ context.Context, _, _, _ string, do func(SessionPool) error) error { return do(f) }
	w.do("POST", "/2023-03-30/functions", with(w.minimal("f"), map[string]any{
		"sessionAffinity": "HEADER_FIELD", "sessionAffinityConfig": `{"affinityHeaderFieldName":"x-session"}`,
	})).is(200)
	return w, f
}

// showsAll checks that a document has these pieces.
func (g got) showsAll(texts ...string) {
	g.t.Helper()
	for _, text := range texts {
		if !strings.Contains(string(g.body), text) {
			g.t.Errorf("%s: %s lacks %s", g.what, g.body, text)
		}
	}
}

const sessionsOfF = "/2023-03-30/functions/f/sessions"

func TestSessionLife(t *testing.T) {
	t.Parallel()
	w, f := withSessions(t)
	w.do("POST", sessionsOfF, `{"sessionId":"mine","sessionTTLInSeconds":100,"sessionIdleTimeoutInSeconds":0,"disableSessionIdReuse":true,"enableAutoResume":true}`).is(200).
		showsAll(`"sessionId":"mine"`, `"functionName":"f"`, `"sessionAffinityType":"HEADER_FIELD"`, `"sessionTTLInSeconds":100`,
			`"sessionIdleTimeoutInSeconds":1800`, `"createdTime":"2023-11-14T22:13:20Z"`, `"lastModifiedTime":"2023-11-14T22:13:20Z"`,
			`"sessionStatus":"Active"`, `"containerId":"c-1"`, `"qualifier":"LATEST"`, `"disableSessionIdReuse":true`, `"enableAutoResume":true`)
	w.do("GET", sessionsOfF+"/mine", "").is(200).showsAll(`"mine"`)
	w.do("PUT", sessionsOfF+"/mine", `{"sessionIdleTimeoutInSeconds":7}`).is(200).showsAll(`"sessionIdleTimeoutInSeconds":7`, `"sessionTTLInSeconds":100`)
	w.do("DELETE", sessionsOfF+"/mine", "").is(204)
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		w.do(method, sessionsOfF+"/mine", "").is(404, "SessionNotFound")
	}
	w.do("POST", sessionsOfF, "").is(200)
	w.do("POST", sessionsOfF, `{"sessionId":""}`).is(200)
	for id := range f.all {
		if len(id) != 32 || !fc.IsSessionID(id) {
			t.Errorf("the id that was made is %q", id)
		}
	}
}

func TestSessionContract(t *testing.T) {
	t.Parallel()
	w, _ := withSessions(t)
	w.do("PUT", "/2023-03-30/functions/f", `{"runtime":"custom-container","instanceIsolationMode":"SESSION_EXCLUSIVE","customContainerConfig":{"image":"i"}}`).is(200)
	fctest.SessionContract(t, fcclient.New(fcclient.Config{
		Region: testRegion, Endpoint: w.url, Credentials: access.Credentials{AccountID: testAccount, AccessKeyID: "k", AccessKeySecret: "s"},
	}), "f")
}

func TestSessionInputs(t *testing.T) {
	t.Parallel()
	w, f := withSessions(t)
	for body, says := range map[string]string{
		`{"sessionId":"-a"}`: "sessionId must have", `{"sessionId":7}`: "sessionId must have", `{"sessionTTLInSeconds":21601}`: "sessionTTLInSeconds must be",
		`{"sessionIdleTimeoutInSeconds":-1}`: "sessionIdleTimeoutInSeconds must be", `{"sessionTTLInSeconds":"1"}`: "sessionTTLInSeconds",
		`{"nasConfig":{"mountPoints":[]}}`: "instanceIsolationMode SESSION_EXCLUSIVE",
		`{"polarFsConfig":{}}`:             "instanceIsolationMode SESSION_EXCLUSIVE", `{"juiceFsConfig":{}}`: "instanceIsolationMode SESSION_EXCLUSIVE",
	} {
		w.do("POST", sessionsOfF, body).is(400, "InvalidArgument").says(says)
	}
	for _, body := range []string{`{"snapshotId":"x"}`, `{"network":{}}`, `{"allowInternetAccess":false}`} {
		w.do("POST", sessionsOfF, body).is(501)
	}
	w.do("POST", "/2023-03-30/functions/none/sessions", "{}").is(404, "FunctionNotFound")
	f.err = &instance.InitError{Body: []byte("no such module")}
	w.do("POST", sessionsOfF, "{}").is(412, "FunctionNotStarted").says("no such module")
	f.err = nil
	w.do("POST", sessionsOfF, `{"sessionId":"a"}`).is(200)
	for _, field := range []string{"nasConfig", "ossMountConfig", "polarFsConfig", "juiceFsConfig"} {
		w.do("PUT", sessionsOfF+"/a", `{"`+field+`":{}}`).is(501).says(field)
	}
	w.do("PUT", "/2023-03-30/functions/f", `{"sessionAffinity":"GENERATED_COOKIE"}`).is(200)
	w.do("POST", sessionsOfF, `{"sessionId":"b"}`).is(400, "InvalidArgument").says("HEADER_FIELD only")
}

// TestSessionMounts: what isn't given stays the function's, which isn't changed.
func TestSessionMounts(t *testing.T) {
	t.Parallel()
	w, f := withSessions(t)
	w.do("PUT", "/2023-03-30/functions/f", `{"instanceIsolationMode":"SESSION_EXCLUSIVE",
		"nasConfig":{"userId":1,"groupId":2,"mountPoints":[{"serverAddr":"nas:/all","mountDir":"/mnt/a"}]},
		"ossMountConfig":{"mountPoints":[{"bucketName":"b","mountDir":"/mnt/b"}]}}`).is(200)
	w.do("POST", sessionsOfF, `{"sessionId":"a","nasConfig":{"userId":7,"mountPoints":[{"serverAddr":"nas:/one","mountDir":"/mnt/a"}]}}`).is(200).
		showsAll(`"serverAddr":"nas:/one"`, `"userId":7`, `"bucketName":"b"`)
	if s := f.all["a"]; s.NAS.GroupID != 0 || s.OSS.MountPoints[0].BucketName != "b" {
		t.Errorf("%+v", s)
	}
	w.do("GET", "/2023-03-30/functions/f", "").is(200).showsAll(`"serverAddr":"nas:/all"`, `"userId":1`)
	w.do("POST", sessionsOfF, `{"sessionId":"p","polarFsConfig":{"userId":3,"mountPoints":[{"instanceId":"pfs-1","remoteDir":"/r","mountDir":"/mnt/p","readOnly":true}]},
		"juiceFsConfig":{"mountPoints":[{"volumeName":"vol","remoteDir":"/","mountDir":"/mnt/j","args":["--read-only"]}]}}`).is(200).
		showsAll(`"instanceId":"pfs-1"`, `"readOnly":true`, `"volumeName":"vol"`, `"serverAddr":"nas:/all"`)
	if s := f.all["p"]; s.Polar.UserID != 3 || s.Juice.MountPoints[0].MountDir != "/mnt/j" {
		t.Errorf("%+v", s)
	}
	for body, says := range map[string]string{
		`{"polarFsConfig":{"mountPoints":[{"mountDir":"/mnt/p"}]}}`:                         "instanceId is required",
		`{"juiceFsConfig":{"mountPoints":[{"mountDir":"/mnt/j"}]}}`:                         "volumeName is required",
		`{"juiceFsConfig":{"mountPoints":[{"volumeName":"v","mountDir":"/mnt/a"}]}}`:        "'/mnt/a' is used twice",
		`{"polarFsConfig":{"mountPoints":[{"instanceId":"pfs-1","mountDir":"/code/own"}]}}`: "mountDir '/code/own'",
	} {
		w.do("POST", sessionsOfF, body).is(400, "InvalidArgument").says(says)
	}
	w.do("POST", sessionsOfF, `{"nasConfig":{"mountPoints":[{"serverAddr":"nas","mountDir":"/mnt/a"}]}}`).is(400, "InvalidArgument").says("serverAddr")
}

func TestListSessions(t *testing.T) {
	t.Parallel()
	w, f := withSessions(t)
	var want []string
	for _, c := range "abcdefghijklmnopqrstuvwxyz" {
		want = append(want, string(c))
		w.do("POST", sessionsOfF, `{"sessionId":"`+string(c)+`"}`).is(200)
	}
	if _, err := f.set("c", fc.SessionExpired); err != nil {
		t.Fatal(err)
	}
	ids := func(query string) (got []string, next string) {
		doc := w.do("GET", sessionsOfF+query, "").is(200).doc
		for _, s := range doc["sessions"].([]any) {
			got = append(got, s.(map[string]any)["sessionId"].(string))
		}
		next, _ = doc["nextToken"].(string)
		return got, next
	}
	first, next := ids("")
	rest, end := ids("?limit=100&nextToken=" + next)
	if len(first) != 20 || end != "" || !slices.Equal(append(first, rest...), want) {
		t.Errorf("%v and %v", first, rest)
	}
	if got, _ := ids("?sessionStatus=Expired"); !slices.Equal(got, []string{"c"}) {
		t.Errorf("expired are %v", got)
	}
	if got, _ := ids("?sessionId=d"); !slices.Equal(got, []string{"d"}) {
		t.Errorf("d is %v", got)
	}
	if got, _ := ids("?sessionId=none"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestPausedSessions(t *testing.T) {
	t.Parallel()
	w, _ := withSessions(t)
	w.do("POST", sessionsOfF, `{"sessionId":"a"}`).is(200)
	w.do("PUT", sessionsOfF+"/a/pause", "").is(400, "InvalidArgument").says("custom-container")
	w.do("PUT", "/2023-03-30/functions/f", `{"runtime":"custom-container","instanceIsolationMode":"SESSION_EXCLUSIVE","customContainerConfig":{"image":"i"}}`).is(200)
	w.do("PUT", sessionsOfF+"/a/pause", "").is(200).showsAll(`"sessionStatus":"Paused"`)
	w.do("PUT", sessionsOfF+"/a/resume", "").is(200).showsAll(`"sessionStatus":"Active"`)
	w.do("PUT", sessionsOfF+"/a/pause?fileSystemOnly=true", "").is(501)
	w.do("PUT", sessionsOfF+"/none/pause", "").is(404, "SessionNotFound")
	w.do("PUT", strings.Replace(sessionsOfF, "/f/", "/none/", 1)+"/a/pause", "").is(404, "FunctionNotFound")
}
