package gateway

import (
	"net/http"
	"regexp"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/runtime/instance"
)

// Bounds of the asynchronous queue.
const (
	maxQueued    = 10_000
	asyncWorkers = 32
)

// headerAsyncTaskV2 is FC 2.0's name of X-Fc-Async-Task-Id.
const headerAsyncTaskV2 = "X-Fc-Stateful-Async-Invocation-Id"

var taskID = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,127}$`)

// asyncQueue holds accepted asynchronous invocations in memory until a worker
// runs them, once each: it is not durable and nothing is retried.
type asyncQueue struct{ waiting chan asyncTask }

type asyncTask struct {
	target Target
	inv    *instance.Invocation
}

func (q *asyncQueue) start(g *Gateway) {
	q.waiting = make(chan asyncTask, maxQueued)
	for range asyncWorkers {
		g.wg.Go(func() {
			for {
				select {
				case task := <-q.waiting:
					g.invoke(g.ctx, task.target, task.inv, "") // its logs tell how it went
				case <-g.ctx.Done():
					return
				}
			}
		})
	}
}

// enqueue accepts an asynchronous invocation.
func (g *Gateway) enqueue(w http.ResponseWriter, r *http.Request, t Target, inv *instance.Invocation) error {
	task := r.Header.Get(fc.HeaderAsyncTaskID)
	if task == "" {
		task = r.Header.Get(headerAsyncTaskV2)
	}
	if task == "" {
		task = inv.RequestID
	} else if !taskID.MatchString(task) {
		return reply.Invalid("header X-Fc-Async-Task-Id must begin with a letter or _ and have up to 128 letters, digits, _ and -")
	}
	select {
	case g.async.waiting <- asyncTask{t, inv}:
	default:
		return &fc.APIError{Status: http.StatusTooManyRequests, Code: fc.CodeResourceExhausted,
			Message: "too many asynchronous invocations are waiting"}
	}
	w.Header().Set(fc.HeaderAsyncTaskID, task)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}
