package buildcmd

import (
	"context"
	"os/exec"
	"time"
)

// engineTimeout is how long an engine may take to answer.
const engineTimeout = 3 * time.Second

// containerEngine names the first of docker and podman whose engine answers,
// empty if none does.
func containerEngine(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	names := []string{"docker", "podman"}
	answers := make([]chan bool, len(names))
	for i, name := range names {
		answers[i] = make(chan bool, 1)
		go func() {
			cmd := exec.CommandContext(ctx, name, "info")
			cmd.WaitDelay = time.Second
			answers[i] <- cmd.Run() == nil
		}()
	}
	for i, name := range names {
		if <-answers[i] {
			return name
		}
	}
	return ""
}
