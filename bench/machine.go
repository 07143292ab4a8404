package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// printMachine says what the figures were measured on.
func printMachine(ctx context.Context, out io.Writer) {
	fmt.Fprintf(out, "%s, %d cores, %s/%s, %s\n", cpu(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	for _, line := range [][]string{{"uname", "-sr"}, {"python3", "--version"}} {
		if text, err := exec.CommandContext(ctx, line[0], line[1:]...).Output(); err == nil {
			fmt.Fprint(out, string(text))
		}
	}
}

func cpu() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return "unknown processor"
}
