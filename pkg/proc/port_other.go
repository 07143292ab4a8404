//go:build !linux

package proc

import (
	"os/exec"
	"strconv"
)

// PortHolder finds the process that listens at a TCP port of this machine, by
// asking lsof; where there is none, nobody is found.
func PortHolder(port int) (pid int, name string, ok bool) {
	out, err := exec.Command("lsof", "-nP", "-iTCP:"+strconv.Itoa(port), "-sTCP:LISTEN", "-Fpc").Output()
	if err != nil {
		return 0, "", false
	}
	return parseHolder(string(out))
}
