//go:build unix

package bundle

import (
	"os"
	"syscall"
)

// open opens a listed file. What took its place since then isn't waited for (a
// pipe) or followed (a link).
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}
