package acceptance

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"s/pkg/fc/fcsign"
)

// send makes a signed request of API 2023-03-30. Without an answer the status is 0.
func (a *api) send(ctx context.Context, method, path string, header map[string]string, body []byte) (int, []byte) {
	request, err := http.NewRequestWithContext(ctx, method, a.endpoint+"/2023-03-30"+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	sum := sha256.Sum256(body)
	fcsign.SignACS3(request, a.keys, fcsign.Operation{Action: "Any", Version: "2023-03-30"}, hex.EncodeToString(sum[:]), time.Now())
	response, err := a.client.Do(request)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil
	}
	return response.StatusCode, text
}

// killing is a local cloud that is killed again and again, and what it said yes to.
type killing struct {
	t     *testing.T
	world *world

	mu        sync.Mutex
	tried     int // number of the last deployment
	deployed  int // of the last that was acknowledged
	events    int // number of the last event
	accepted  []string
	answers   int
	checksums map[int]string // of the code of each deployment
}

// killRounds is how often the daemon is killed; S_TEST_KILLS says otherwise.
func killRounds() int {
	if n, err := strconv.Atoi(os.Getenv("S_TEST_KILLS")); err == nil {
		return n
	}
	return 12
}

// TestKilledAtAnyPoint kills the daemon at random points of deployments,
// invocations and asynchronous invocations at the same time. What was acknowledged
// is there afterwards, whole, and nothing is left of what wasn't.
func TestKilledAtAnyPoint(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	project := strings.Replace(echoProject, "      timeout: 60\n", "      timeout: 60\n      asyncInvokeConfig: {asyncTask: true, maxAsyncRetryAttempts: 8}\n", 1)
	w := newWorld(t, map[string]string{"s.yaml": project, "code/index.py": "def handler(event, context):\n    return event\n"})
	w.s("deploy", "-y")
	k := &killing{t: t, world: w, checksums: map[int]string{}}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	for range killRounds() {
		after := time.Duration(random.Int64N(int64(300 * time.Millisecond)))
		k.round(func() { time.Sleep(after) })
	}
	k.round(k.through)
	k.settled()
	t.Logf("%d deployments acknowledged of %d, %d events of %d, %d answers", k.deployed, k.tried, len(k.accepted), k.events, k.answers)
}

// through waits until one of each has got through, in this round or another: on a
// machine with much to do none may before.
func (k *killing) through() {
	k.t.Helper()
	for end := time.Now().Add(settle); ; time.Sleep(5 * time.Millisecond) {
		k.mu.Lock()
		all := k.deployed > 0 && len(k.accepted) > 0 && k.answers > 0
		k.mu.Unlock()
		if all {
			return
		}
		if time.Now().After(end) {
			k.t.Error("one of them never gets through: nothing is tried")
			return
		}
	}
}

// round works until the daemon is killed, after a wait, and looks at what the next
// one finds.
func (k *killing) round(wait func()) {
	k.t.Helper()
	k.world.s("local", "up")
	daemon := localStatus(k.world.vars)
	if daemon == nil {
		k.t.Fatal("no local cloud")
	}
	client := k.world.api(8)
	defer client.client.CloseIdleConnections()
	ctx, stop := context.WithCancel(k.t.Context())
	var work sync.WaitGroup
	for _, step := range []func(context.Context, *api){k.deploy, k.async, k.async, k.invoke} {
		work.Go(func() {
			for ctx.Err() == nil {
				step(ctx, client)
			}
		})
	}
	wait()
	victim, err := os.FindProcess(daemon.PID)
	if err == nil {
		err = victim.Kill()
	}
	if err != nil {
		k.t.Fatal(err)
	}
	stop()
	work.Wait()
	k.world.s("local", "up")
	next := k.world.api(1)
	defer next.client.CloseIdleConnections()
	k.look(next)
}

// deploy updates code and configuration in one request, which belong together.
func (k *killing) deploy(ctx context.Context, client *api) {
	k.mu.Lock()
	k.tried++
	n := k.tried
	code := pythonCode(k.t, fmt.Sprintf("# %d\ndef handler(event, context):\n    return event\n", n))
	archive, _ := base64.StdEncoding.DecodeString(code["zipFile"].(string))
	k.checksums[n] = strconv.FormatUint(crc64.Checksum(archive, crc64.MakeTable(crc64.ECMA)), 10)
	k.mu.Unlock()
	body, _ := json.Marshal(map[string]any{"code": code, "environmentVariables": map[string]string{"NUMBER": strconv.Itoa(n)}})
	status, _ := client.send(ctx, http.MethodPut, "/functions/echo", map[string]string{"Content-Type": "application/json"}, body)
	k.mu.Lock()
	defer k.mu.Unlock()
	if status == http.StatusOK {
		k.deployed = n
	}
}

func (k *killing) async(ctx context.Context, client *api) {
	k.mu.Lock()
	k.events++
	id := "event-" + strconv.Itoa(k.events)
	k.mu.Unlock()
	status, _ := client.send(ctx, http.MethodPost, "/functions/echo/invocations",
		map[string]string{"X-Fc-Invocation-Type": "Async", "X-Fc-Async-Task-Id": id}, []byte(id))
	if status == http.StatusAccepted {
		k.mu.Lock()
		k.accepted = append(k.accepted, id)
		k.mu.Unlock()
	}
}

func (k *killing) invoke(ctx context.Context, client *api) {
	status, body := client.send(ctx, http.MethodPost, "/functions/echo/invocations", nil, []byte("hello"))
	switch {
	case status == 0:
	case status != http.StatusOK || string(body) != "hello":
		k.t.Errorf("an invocation was answered with %d: %s", status, body)
	default:
		k.mu.Lock()
		k.answers++
		k.mu.Unlock()
	}
}

// look compares what is deployed with what was acknowledged.
func (k *killing) look(client *api) {
	k.t.Helper()
	status, text := client.send(k.t.Context(), http.MethodGet, "/functions/echo", nil, nil)
	var f struct {
		CodeChecksum         string
		EnvironmentVariables map[string]string
	}
	if status != http.StatusOK || json.Unmarshal(text, &f) != nil {
		k.t.Fatalf("the function is gone: %d %s", status, text)
	}
	n, _ := strconv.Atoi(f.EnvironmentVariables["NUMBER"])
	if n < k.deployed || n > k.tried {
		k.t.Errorf("deployment %d is there; %d was acknowledged, %d the last", n, k.deployed, k.tried)
	}
	if want := k.checksums[n]; n > 0 && f.CodeChecksum != want {
		k.t.Errorf("the configuration is of deployment %d, the code isn't", n)
	}
	k.deployed = n // one that was carried out without its answer coming through
}

// settled waits until all accepted events have run, and looks for code that nobody
// has.
func (k *killing) settled() {
	k.t.Helper()
	client := k.world.api(1)
	end := time.Now().Add(2 * time.Minute)
	for _, id := range k.accepted {
		for {
			status, text := client.send(k.t.Context(), http.MethodGet, "/functions/echo/async-tasks/"+id, nil, nil)
			if status == http.StatusOK && strings.Contains(string(text), `"Succeeded"`) {
				break
			}
			if time.Now().After(end) {
				k.t.Fatalf("%s was accepted and never ran: %d %s", id, status, text)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	var archives []string
	for end := time.Now().Add(settle); ; time.Sleep(20 * time.Millisecond) {
		archives = archives[:0]
		err := filepath.WalkDir(k.world.work, func(path string, entry os.DirEntry, _ error) error {
			if entry != nil && filepath.Base(filepath.Dir(path)) == "code" && strings.HasSuffix(path, ".zip") && strings.Contains(path, "local") {
				archives = append(archives, path)
			}
			return nil
		})
		if err != nil {
			k.t.Fatal(err)
		}
		if len(archives) == 1 {
			return
		}
		if time.Now().After(end) {
			k.t.Fatalf("code is left: %q", archives)
		}
	}
}

// pythonCode is an archive with an index.py, as base64.
func pythonCode(t *testing.T, text string) map[string]any {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.Create("index.py")
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return map[string]any{"zipFile": base64.StdEncoding.EncodeToString(out.Bytes())}
}
