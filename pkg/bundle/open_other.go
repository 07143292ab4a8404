//go:build !unix

package bundle

import "os"

// open opens a listed file.
func open(path string) (*os.File, error) { return os.Open(path) }
