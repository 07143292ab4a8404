package local

import (
	"fmt"
	"net"
	"strconv"

	"s/pkg/proc"
)

// holder names the program that listens on an address, or is empty.
func holder(addr string) string {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return ""
	}
	pid, name, ok := proc.PortHolder(port)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s (pid %d)", name, pid)
}
