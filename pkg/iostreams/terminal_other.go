//go:build !unix

package iostreams

import (
	"os"
	"time"
)

// readable says that a read may be tried: consoles elsewhere are read by
// survey itself, key by key.
func readable(*os.File, time.Duration) (bool, error) { return true, nil }

// listen leaves the console's mode to survey.
func listen(*os.File) (restore func(), err error) { return func() {}, nil }
