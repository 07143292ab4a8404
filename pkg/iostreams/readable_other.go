//go:build !unix

package iostreams

import (
	"os"
	"time"
)

// readable says that a read may be tried: consoles elsewhere are read by
// survey itself, key by key.
func readable(*os.File, time.Duration) (bool, error) { return true, nil }
