package proc

import (
	"strconv"
	"strings"
)

// parseHolder reads lsof -Fpc: a line p<pid>, then a line c<name>.
func parseHolder(out string) (pid int, name string, ok bool) {
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "p") && pid == 0:
			pid, _ = strconv.Atoi(line[1:])
		case strings.HasPrefix(line, "c") && name == "":
			name = line[1:]
		}
	}
	return pid, name, pid > 0
}
