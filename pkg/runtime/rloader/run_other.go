//go:build !linux

package rloader

import "os"

// exitBroken is the exit code where rloader has nothing to do.
const exitBroken = 125

// run watches over process groups: there are no namespaces to set up, and the
// sandbox starts commands itself.
func run() int {
	if len(os.Args) < 2 || os.Args[1] != Watch {
		return exitBroken
	}
	watch(os.Stdin, killGroup)
	return 0
}
