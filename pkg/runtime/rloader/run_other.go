//go:build !linux

package rloader

// exitBroken is the exit code where rloader has nothing to do.
const exitBroken = 125

// run is never reached: where there are no namespaces to set up and no parent
// death signal, the sandbox starts commands itself.
func run() int { return exitBroken }
