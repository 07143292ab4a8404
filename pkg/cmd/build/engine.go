package buildcmd

import (
	"context"
	"os/exec"
	"time"

	"s/pkg/debug"
)

// engineTimeout is how long an engine may take to answer.
const engineTimeout = 3 * time.Second

// containerEngine names the first of docker and podman whose engine answers,
// empty if none does.
func containerEngine(ctx context.Context, log *debug.Log) string {
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	names := []string{"docker", "podman"}
	answers := make([]chan bool, len(names))
	for i, name := range names {
		answers[i] = make(chan bool, 1)
		go func() {
			cmd := exec.CommandContext(ctx, name, "info")
			cmd.WaitDelay = time.Second
			ended := log.Tool(cmd.Args)
			err := cmd.Run()
			ended(err)
			answers[i] <- err == nil
		}()
	}
	found := ""
	for i, name := range names {
		if <-answers[i] && found == "" {
			found = name
			cancel() // the others needn't answer any more
		}
	}
	return found
}
