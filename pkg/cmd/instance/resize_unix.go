//go:build unix

package instancecmd

import (
	"os"
	"os/signal"
	"syscall"
)

// resized tells when the terminal's size changed.
func resized() (changed <-chan os.Signal, stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGWINCH)
	return signals, func() { signal.Stop(signals) }
}
