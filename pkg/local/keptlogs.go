package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"s/pkg/fc"
	"s/pkg/local/logfiles"
	"s/pkg/local/sls"
	"s/pkg/local/store"
	"s/pkg/runtime/instance"
)

// How long a line waits to be written together with others, and how many may wait.
const (
	logDelay       = 200 * time.Millisecond
	maxWaiting     = 100_000
	maxWaitingSize = 64 << 20 // bytes of their messages
)

// keptLogs writes the lines of functions that have a logConfig to the logs. Adding a
// line never waits for the disk.
type keptLogs struct {
	docs *store.Logs
	logs *logfiles.Logs
	log  io.Writer // gets what goes wrong

	writing sync.Mutex // held while lines are written
	mu      sync.Mutex
	waiting map[[2]string][]logfiles.Line // by project and logstore
	count   int
	size    int
	lost    int
	closed  bool
}

// openKeptLogs opens the logs of a data directory.
func openKeptLogs(ctx context.Context, dir string, log io.Writer) (*keptLogs, error) {
	docs, err := store.OpenLogs(ctx, dir)
	if err != nil {
		return nil, err
	}
	logs, err := logfiles.Open(filepath.Join(dir, "logs"))
	if err == nil {
		err = docs.MoveLines(ctx, logs.Append)
	}
	if err != nil {
		return nil, errors.Join(err, docs.Close())
	}
	return &keptLogs{docs: docs, logs: logs, log: log, waiting: map[[2]string][]logfiles.Line{}}, nil
}

func (k *keptLogs) add(project, logstore string, line logfiles.Line) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.closed:
		return
	case k.count == maxWaiting, k.size >= maxWaitingSize:
		k.lost++
		return
	case k.count == 0:
		time.AfterFunc(logDelay, k.flush)
	}
	to := [2]string{project, logstore}
	k.waiting[to] = append(k.waiting[to], line)
	k.count++
	k.size += len(line.Message)
}

// flush writes what waits.
func (k *keptLogs) flush() {
	k.writing.Lock()
	defer k.writing.Unlock()
	k.mu.Lock()
	waiting, lost := k.waiting, k.lost
	k.waiting, k.count, k.size, k.lost = map[[2]string][]logfiles.Line{}, 0, 0, 0
	k.mu.Unlock()
	if lost > 0 && k.log != nil {
		fmt.Fprintf(k.log, "logs: %d lines came faster than they could be written and are lost\n", lost)
	}
	for to, lines := range waiting {
		if err := k.logs.Append(to[0], to[1], lines); err != nil && k.log != nil {
			fmt.Fprintf(k.log, "logs: %d lines of %s/%s are lost: %v\n", len(lines), to[0], to[1], err)
		}
	}
}

// close writes what waits and takes nothing more.
func (k *keptLogs) close() error {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
	k.flush()
	return k.docs.Close()
}

// keep passes on the lines of a function's instances to where its logConfig says.
func (k *keptLogs) keep(cfg *instance.Config) {
	to := cfg.Function.LogConfig
	if to == nil || to.Project == "" || to.Logstore == "" {
		return
	}
	name := cfg.Function.FunctionName
	service, function := fc.SplitName(name)
	next, topic, qualifier, version := cfg.Logs, sls.Topic(name), cfg.Qualifier, cfg.VersionID
	cfg.Logs = func(line instance.LogLine) {
		if next != nil {
			next(line)
		}
		k.add(to.Project, to.Logstore, logfiles.Line{
			Time: line.Time, Topic: topic, Service: service, Function: function, Qualifier: qualifier, VersionID: version,
			InstanceID: line.InstanceID, RequestID: line.RequestID, Message: line.Message,
		})
	}
}
