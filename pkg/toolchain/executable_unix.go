//go:build unix

package toolchain

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// executable reports whether this user may start the file.
func executable(path string, _ fs.FileInfo) bool {
	return unix.Access(path, unix.X_OK) == nil
}
