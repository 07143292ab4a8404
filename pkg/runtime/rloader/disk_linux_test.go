package rloader

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Many take block devices at once, and give them back: each gets one of its own.
func TestAttachAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			file, err := os.Create(filepath.Join(dir, strconv.Itoa(n)))
			if err == nil {
				err = file.Truncate(1 << 20)
			}
			if err != nil {
				t.Error(err)
				return
			}
			defer file.Close()
			for range 300 {
				device, err := attach(file)
				if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOENT) {
					t.Log("no block devices here: ", err)
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				device.Close()
			}
		})
	}
	wg.Wait()
}
