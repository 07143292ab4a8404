//go:build !unix

package toolchain

import (
	"io/fs"
	"strings"
)

// executable reports whether this user may start the file.
func executable(path string, _ fs.FileInfo) bool {
	return strings.HasSuffix(strings.ToLower(path), ".exe")
}
