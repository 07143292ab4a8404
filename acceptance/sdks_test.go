package acceptance

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/responses"
)

// sdksDir has the programs, installedSDKs the official clients that hack/sdks
// installed for them.
const (
	sdksDir       = "testdata/sdks"
	installedSDKs = "../.tools/sdks"
)

// TestSDKs: official clients, as the registries have them, live the whole life of a
// function against the local cloud. They differ from production in the endpoint
// alone.
func TestSDKs(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs with what package registries have")
	}
	for _, tt := range []struct{ language, program, tool string }{
		{"python", "life3.py", "python3"},
		{"python", "life2.py", "python3"},
		{"python", "neighbours.py", "python3"},
		{"nodejs", "life3.js", "npm"},
		{"nodejs", "life2.js", "npm"},
		{"java", "Life.java", "mvn"},
	} {
		t.Run(tt.language+" "+tt.program, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(tt.tool); err != nil {
				t.Skip(err)
			}
			installed, err := filepath.Abs(filepath.Join(installedSDKs, tt.language))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(installed); err != nil {
				t.Fatalf("%v: make setup installs it", err)
			}
			w := newWorld(t, nil)
			vars := maps.Clone(w.vars)
			maps.Copy(vars, w.localEnv())
			cmd := sdkProgram(installed, tt.language, tt.program)
			cmd.Dir = filepath.Join(sdksDir, tt.language)
			for name, value := range vars {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			cmd.Env = append(cmd.Env, "NODE_PATH="+filepath.Join(installed, "node_modules"), "PYTHONDONTWRITEBYTECODE=1")
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "lived") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// sdkProgram runs one of the programs with the clients that are installed.
func sdkProgram(installed, language, program string) *exec.Cmd {
	switch language {
	case "python":
		return exec.Command(filepath.Join(installed, "bin", "python"), program)
	case "nodejs":
		return exec.Command("node", program)
	}
	// A single file of Java is compiled by what runs it.
	return exec.Command("java", "-cp", filepath.Join(installed, "lib", "*"), program)
}

// common speaks to the API by alibaba-cloud-sdk-go's CommonRequest, with nothing of
// ours between.
type common struct {
	t    *testing.T
	env  map[string]string
	host string
	port string
}

func newCommon(t *testing.T, env map[string]string) *common {
	host, port, _ := strings.Cut(strings.TrimPrefix(env["FC_ENDPOINT"], "http://"), ":")
	return &common{t, env, host, port}
}

func (c *common) send(method, action, path string, query map[string]string, header map[string]string, body []byte) (*responses.CommonResponse, error) {
	c.t.Helper()
	config := sdk.NewConfig()
	config.AutoRetry = false
	client, err := sdk.NewClientWithOptions(c.env["FC_REGION"], config,
		credentials.NewAccessKeyCredential(c.env["ALIBABA_CLOUD_ACCESS_KEY_ID"], c.env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]))
	if err != nil {
		c.t.Fatal(err)
	}
	request := requests.NewCommonRequest()
	request.Method, request.Scheme, request.Domain, request.Port = method, "http", c.host, c.port
	request.Version, request.ApiName, request.PathPattern = "2023-03-30", action, "/2023-03-30"+path
	request.QueryParams = query
	request.SetReadTimeout(time.Minute)
	maps.Copy(request.Headers, header)
	if body != nil {
		request.SetContent(body)
		request.SetContentType("application/json")
	}
	return client.ProcessCommonRequest(request)
}

// must sends what must succeed, and gives what was answered.
func (c *common) must(method, action, path string, query map[string]string, body any) map[string]any {
	c.t.Helper()
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			c.t.Fatal(err)
		}
	}
	response, err := c.send(method, action, path, query, nil, text)
	if err != nil {
		c.t.Fatalf("%s: %v", action, err)
	}
	out := map[string]any{}
	if text := response.GetHttpContentBytes(); len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			c.t.Fatalf("%s: %v: %s", action, err, text)
		}
	}
	return out
}

func (c *common) refused(code, method, action, path string) {
	c.t.Helper()
	_, err := c.send(method, action, path, nil, nil, nil)
	var server *sdkerrors.ServerError
	if !errors.As(err, &server) || server.ErrorCode() != code {
		c.t.Errorf("%s: %s was expected, not %v", action, code, err)
	}
}

func (c *common) invoke(function, qualifier, event string, header map[string]string) *responses.CommonResponse {
	c.t.Helper()
	response, err := c.send("POST", "InvokeFunction", "/functions/"+function+"/invocations", map[string]string{"qualifier": qualifier}, header, []byte(event))
	if err != nil {
		c.t.Fatal(err)
	}
	return response
}

// TestCommonRequest is the same life as in TestSDKs, in Go.
func TestCommonRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	c := newCommon(t, w.localEnv())
	source := func(answer string) map[string]any {
		return pythonCode(t, "def handler(event, context):\n    print('event:', event.decode())\n    return '"+answer+"'\n")
	}
	function := func(name string, code map[string]any) map[string]any {
		return map[string]any{
			"functionName": name, "runtime": "python3.10", "handler": "index.handler", "memorySize": 512, "cpu": 0.35, "diskSize": 512,
			"timeout": 20, "code": code,
		}
	}
	c.must("POST", "CreateFunction", "/functions", nil, function("f", source("one")))
	c.must("POST", "CreateFunction", "/functions", nil, function("receiver", source("received")))
	if list := c.must("GET", "ListFunctions", "/functions", map[string]string{"limit": "1"}, nil); list["nextToken"] == "" || len(list["functions"].([]any)) != 1 {
		t.Errorf("the first page is %v", list)
	}
	c.refused("FunctionNotFound", "GET", "GetFunction", "/functions/nobody")
	answer := c.invoke("f", "LATEST", "hello", map[string]string{"x-fc-log-type": "Tail"})
	tail, err := base64.StdEncoding.DecodeString(http.Header(answer.GetHttpHeaders()).Get("X-Fc-Log-Result"))
	if err != nil || answer.GetHttpContentString() != "one" || !strings.Contains(string(tail), "event: hello") {
		t.Errorf("%v %s %q", err, answer.GetHttpContentString(), tail)
	}

	one, _ := c.must("POST", "PublishFunctionVersion", "/functions/f/versions", nil, map[string]any{"description": "v1"})["versionId"].(string)
	c.must("PUT", "UpdateFunction", "/functions/f", nil, map[string]any{"code": source("two")})
	two, _ := c.must("POST", "PublishFunctionVersion", "/functions/f/versions", nil, map[string]any{})["versionId"].(string)
	c.must("POST", "CreateAlias", "/functions/f/aliases", nil, map[string]any{
		"aliasName": "prod", "versionId": one, "additionalVersionWeight": map[string]float64{two: 0.5},
	})
	seen := map[string]bool{}
	for range 40 {
		seen[c.invoke("f", "prod", "x", nil).GetHttpContentString()] = true
	}
	if !seen["one"] || !seen["two"] || len(seen) != 2 {
		t.Errorf("the alias gives %v", slices.Collect(maps.Keys(seen)))
	}

	c.must("PUT", "PutAsyncInvokeConfig", "/functions/f/async-invoke-config", nil, map[string]any{
		"asyncTask": true, "destinationConfig": map[string]any{"onSuccess": map[string]any{
			"destination": "acs:fc:" + c.env["FC_REGION"] + ":" + c.env["FC_ACCOUNT_ID"] + ":functions/receiver",
		}},
	})
	accepted := c.invoke("f", "LATEST", "later", map[string]string{"x-fc-invocation-type": "Async", "x-fc-async-task-id": "task"})
	if accepted.GetHttpStatus() != 202 {
		t.Errorf("accepted with %d", accepted.GetHttpStatus())
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		task := c.must("GET", "GetAsyncTask", "/functions/f/async-tasks/task", nil, nil)
		if task["status"] == "Succeeded" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the task is %v", task)
		}
	}

	c.must("DELETE", "DeleteAsyncInvokeConfig", "/functions/f/async-invoke-config", nil, nil)
	c.must("DELETE", "DeleteAlias", "/functions/f/aliases/prod", nil, nil)
	for _, version := range []string{one, two} {
		if _, err := strconv.Atoi(version); err != nil {
			t.Errorf("version %q", version)
		}
		c.must("DELETE", "DeleteFunctionVersion", "/functions/f/versions/"+version, nil, nil)
	}
	for _, name := range []string{"f", "receiver"} {
		c.must("DELETE", "DeleteFunction", "/functions/"+name, nil, nil)
	}
	c.refused("FunctionNotFound", "GET", "GetFunction", "/functions/f")
}
