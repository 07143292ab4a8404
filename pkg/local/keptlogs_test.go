package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/local/logfiles"
	"s/pkg/runtime/instance"
)

// getLogs asks the local SLS for the lines of a logstore.
func (c *client) getLogs(project, query string) []map[string]string {
	c.t.Helper()
	r := c.request("GET", "/logstores/logs?type=log&from=0&to=4000000000"+query, "")
	r.Host = project + ".cn-hangzhou.log.aliyuncs.com"
	fcsign.SignSLS(r, c.keys, nil, time.Now().UTC().Format(http.TimeFormat))
	_, body := c.send(200, r)
	var lines []map[string]string
	if err := json.Unmarshal([]byte(body), &lines); err != nil {
		c.t.Fatal(err)
	}
	return lines
}

// TestKeptLogs: lines of functions that have a logConfig are found at once, and after
// a restart; those of others are kept nowhere.
func TestKeptLogs(t *testing.T) {
	dir := t.TempDir()
	cloud := startCloud(t, options(dir))
	k := clientOf(t, cloud.Info())
	k.do(200, "POST", "/2023-03-30/functions", strings.Replace(functionJSON(t, "f", "python3.10", "index.py", "x"), "{",
		`{"logConfig":{"project":"functions","logstore":"logs"},`, 1))
	passed := 0
	for _, to := range []*fc.LogConfig{{Project: "functions", Logstore: "logs"}, nil, {}} {
		cfg := &instance.Config{
			Function: fc.Function{FunctionName: "svc$f", LogConfig: to}, Qualifier: "live", VersionID: "3",
			Logs: func(instance.LogLine) { passed++ },
		}
		cloud.logs.keep(cfg)
		cfg.Logs(instance.LogLine{Time: time.Now(), InstanceID: "c-1", RequestID: "1-2-3", Message: "printed"})
	}
	if passed != 3 {
		t.Errorf("%d lines were passed on", passed)
	}
	lines := k.getLogs("functions", "&query=printed")
	if len(lines) != 1 || lines[0]["requestId"] != "1-2-3" || lines[0]["__topic__"] != "svc" || lines[0]["functionName"] != "f" || lines[0]["serviceName"] != "svc" ||
		lines[0]["qualifier"] != "live" || lines[0]["versionId"] != "3" {
		t.Errorf("%v", lines)
	}
	cloud.logs.add("functions", "logs", logfiles.Line{Time: time.Now(), Topic: "FCLogs:f", Function: "f", Message: "the last one"})
	if err := cloud.Close(); err != nil {
		t.Fatal(err)
	}
	cloud.logs.add("functions", "logs", logfiles.Line{Message: "after the end"})
	cloud = startCloud(t, options(dir))
	if lines := clientOf(t, cloud.Info()).getLogs("functions", "&reverse=true"); len(lines) != 2 || lines[0]["message"] != "the last one" {
		t.Errorf("%v", lines)
	}
}

// TestLogsThatComeTooFast: the disk holds nobody up, and what is lost is told.
func TestLogsThatComeTooFast(t *testing.T) {
	var told bytes.Buffer
	k, err := openKeptLogs(t.Context(), t.TempDir(), &told)
	if err != nil {
		t.Fatal(err)
	}
	k.writing.Lock() // a disk that is slow
	for i := range maxWaiting + 7 {
		k.add("p", "l", logfiles.Line{Time: time.Unix(int64(i), 0), Message: fmt.Sprint(i)})
	}
	k.writing.Unlock()
	k.flush()
	k.writing.Lock()
	defer k.writing.Unlock()
	if !strings.Contains(told.String(), "7 lines") {
		t.Errorf("told: %q", told.String())
	}
	if err := k.docs.Close(); err != nil {
		t.Error(err)
	}
}
