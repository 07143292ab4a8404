package rloader

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"s/pkg/proc"
)

// killDescendants ends all processes below this one and returns when gone is
// closed. What they start meanwhile is found in the next round: this process is
// their reaper, so they can't leave the tree.
func killDescendants(gone <-chan struct{}) {
	self := os.Getpid()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		for _, pid := range proc.Descendants(self) {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		select {
		case <-gone:
			return
		case <-time.After(pause):
		}
	}
}
