package gateway

import (
	"net/http"
	"regexp"
	"sync"

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
// runs them, once each: it is not durable and nothing is retried. Workers live
// as long as there is work.
type asyncQueue struct {
	mu      sync.Mutex
	waiting []asyncTask
	workers int
}

type asyncTask struct {
	target Target
	inv    *instance.Invocation
}

// add takes a task, unless too many wait; more tells to start a worker.
func (q *asyncQueue) add(task asyncTask) (taken, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= maxQueued {
		return false, false
	}
	q.waiting = append(q.waiting, task)
	if more = q.workers < asyncWorkers; more {
		q.workers++
	}
	return true, more
}

// next gives the oldest task. Without one the worker that asked must end.
func (q *asyncQueue) next() (asyncTask, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.workers--
		return asyncTask{}, false
	}
	task := q.waiting[0]
	q.waiting[0] = asyncTask{}
	q.waiting = q.waiting[1:]
	return task, true
}

func (g *Gateway) work() {
	for g.ctx.Err() == nil {
		task, ok := g.async.next()
		if !ok {
			return
		}
		_, _, _ = g.invoke(g.ctx, task.target, task.inv, "") // its logs tell how it went
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
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed {
		return stopping()
	}
	taken, more := g.async.add(asyncTask{t, inv})
	if more {
		g.wg.Go(g.work)
	}
	if !taken {
		return &fc.APIError{
			Status: http.StatusTooManyRequests, Code: fc.CodeResourceExhausted,
			Message: "too many asynchronous invocations are waiting",
		}
	}
	w.Header().Set(fc.HeaderAsyncTaskID, task)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}
