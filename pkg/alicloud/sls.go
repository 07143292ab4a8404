package alicloud

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

// sls makes a call to SLS, whose API is REST at a host per project
// (https://help.aliyun.com/zh/sls/developer-reference/api-overview).
func (c *Client) sls(ctx context.Context, action, project, method, path string, body any) error {
	k := c.slsCall(action, project, method, path)
	if body != nil {
		var err error
		if k.body, err = json.Marshal(body); err != nil {
			return err
		}
		k.contentType = "application/json"
	}
	return c.do(ctx, k)
}

// slsCall is a call to SLS without a body.
func (c *Client) slsCall(action, project, method, path string) call {
	return call{
		service: "SLS", action: action, method: method, host: project + "." + c.config.Region + ".log.aliyuncs.com", path: path,
		sign: func(r *http.Request, body []byte) {
			fcsign.SignSLS(r, c.config.Keys, body, c.config.Now().UTC().Format(http.TimeFormat))
		},
		refusal: func(answer []byte) *Error {
			var said struct{ ErrorCode, ErrorMessage string }
			_ = json.Unmarshal(answer, &said) // it may come from something between
			return &Error{Code: said.ErrorCode, Message: said.ErrorMessage}
		},
	}
}

// logs is logConfig: a project, a logstore in it and the index without which
// nothing in it is found.
type logs struct {
	*Client
	config fc.LogConfig
	have   bool
}

func newLogs(c *Client, q Request, deployed *fc.LogConfig) *logs {
	yes := true
	l := &logs{Client: c}
	if deployed != nil && deployed.Project != "" {
		l.config, l.have = *deployed, true
	} else {
		n := c.names(q)
		l.config = fc.LogConfig{Project: n.project, Logstore: n.logstore, EnableRequestMetrics: &yes, EnableInstanceMetrics: &yes}
		if q.Service == "" {
			l.config.LogBeginRule = "DefaultRegex"
		}
	}
	for key, value := range q.Auto.Log {
		on := value == "true"
		switch key {
		case "enableRequestMetrics":
			l.config.EnableRequestMetrics = &on
		case "enableInstanceMetrics":
			l.config.EnableInstanceMetrics = &on
		case "enableLlmMetrics":
			l.config.EnableLLMMetrics = &on
		case "logBeginRule":
			l.config.LogBeginRule = cmp.Or(value, l.config.LogBeginRule)
		}
	}
	return l
}

func (l *logs) fill(f *fc.Function) { f.LogConfig = &l.config }

// ttl is how long lines are kept, in days: 3600 is for ever (CreateLogStore).
const ttl = 3600

func (l *logs) ensure(ctx context.Context, r *run) error {
	if l.have {
		return nil
	}
	project, store := l.config.Project, l.config.Logstore
	call := func(action, method, path string, body any) func(context.Context) error {
		return func(ctx context.Context) error { return l.sls(ctx, action, project, method, path, body) }
	}
	err := r.ensure(ctx, &Resource{Kind: KindProject, Name: project},
		call("GetProject", http.MethodGet, "/", nil),
		call("CreateProject", http.MethodPost, "/", map[string]any{"projectName": project, "description": "logs of Function Compute"}))
	if err != nil {
		return err
	}
	err = r.ensure(ctx, &Resource{Kind: KindLogstore, Name: store, Within: project},
		call("GetLogStore", http.MethodGet, "/logstores/"+store, nil),
		call("CreateLogStore", http.MethodPost, "/logstores", map[string]any{"logstoreName": store, "ttl": ttl, "shardCount": 1, "autoSplit": true, "maxSplitShard": 64}))
	if err != nil {
		return err
	}
	return r.ensure(ctx, &Resource{Kind: KindIndex, Name: store, Within: project},
		call("GetIndex", http.MethodGet, "/logstores/"+store+"/index", nil),
		call("CreateIndex", http.MethodPost, "/logstores/"+store+"/index", fullIndex()))
}

// fullIndex makes every word of every line be found (CreateIndex).
func fullIndex() map[string]any {
	return map[string]any{"line": map[string]any{
		"caseSensitive": false, "chn": true,
		"token": []string{",", " ", "'", `"`, ";", "=", "(", ")", "[", "]", "{", "}", "?", "@", "&", "<", ">", "/", ":", "\n", "\t", "\r"},
	}}
}
