package acceptance

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

const echoProject = `edition: 3.0.0
name: app
access: local
resources:
  echo:
    component: fc3
    props:
      region: cn-hangzhou
      functionName: echo
      runtime: python3.10
      handler: index.handler
      code: ./code
      timeout: 60
`

const echoCode = `def handler(event, context):
    return context.request_id.encode() + b" " + event
`

// TestThousandInvokes makes 1,000 invocations over 8 connections: every one is
// answered, with its own event and a request id that no other has.
func TestThousandInvokes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"s.yaml": echoProject, "code/index.py": echoCode})
	w.s("deploy", "-y")
	const total, connections = 1000, 8
	client := w.api(connections)

	events := make(chan int)
	answers := make([]string, total)
	var failures sync.Map
	var wait sync.WaitGroup
	for range connections {
		wait.Go(func() {
			for i := range events {
				body, err := client.invoke(context.Background(), "echo", fmt.Appendf(nil, "event %d", i))
				if err != nil {
					failures.Store(i, err)
				}
				answers[i] = string(body)
			}
		})
	}
	for i := range total {
		events <- i
	}
	close(events)
	wait.Wait()

	failures.Range(func(i, err any) bool {
		t.Errorf("event %d: %v", i, err)
		return true
	})
	seen := map[string]int{}
	for i, answer := range answers {
		var id string
		var got int
		if _, err := fmt.Sscanf(answer, "%s event %d", &id, &got); err != nil || got != i {
			t.Errorf("event %d was answered %q", i, answer)
		}
		if other, twice := seen[id]; twice {
			t.Errorf("events %d and %d share the request id %q", other, i, id)
		}
		seen[id] = i
	}
}
