package sandbox

import (
	"slices"
	"strings"
	"time"
)

// drainIdle is how long nothing may come after a command has ended before its
// output counts as complete, if a process that it left keeps the stream open.
const drainIdle = 100 * time.Millisecond

// mergeEnv is the instance's environment with the command's variables in place
// of those of the same name.
func mergeEnv(own []string, spec ExecSpec) []string {
	env := slices.Clone(own)
	added := spec.Env
	if spec.TTY && !slices.ContainsFunc(append(slices.Clone(own), added...), hasName("TERM")) {
		added = append([]string{"TERM=xterm"}, added...)
	}
	for _, pair := range added {
		name, _, _ := strings.Cut(pair, "=")
		env = append(slices.DeleteFunc(env, hasName(name)), pair)
	}
	return env
}

func hasName(name string) func(string) bool {
	return func(pair string) bool { return strings.HasPrefix(pair, name+"=") }
}
