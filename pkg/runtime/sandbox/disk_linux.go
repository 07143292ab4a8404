package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// probeDiskMB is the size of the disk on which it is tried whether one can be
// mounted.
const probeDiskMB = 16

// disks makes files with an empty file system, one for each instance: /tmp is
// full when the function has written as much as it may, as on FC. Each is a
// copy of one that mke2fs has made, without its holes: some hundred KB.
type disks struct {
	dir    string
	mke2fs string

	mu     sync.Mutex
	models map[int]string // by size in MB
}

// newDisks removes what a killed launcher has left. It fails if mke2fs isn't
// there.
func newDisks(state string) (*disks, error) {
	d := &disks{dir: filepath.Join(state, "disks"), models: map[int]string{}}
	for _, path := range []string{"mke2fs", "/sbin/mke2fs", "/usr/sbin/mke2fs"} {
		if found, err := exec.LookPath(path); err == nil {
			d.mke2fs = found
			break
		}
	}
	if d.mke2fs == "" {
		return nil, errors.New("mke2fs (package e2fsprogs) isn't there")
	}
	if err := os.RemoveAll(d.dir); err != nil {
		return nil, err
	}
	return d, os.MkdirAll(d.dir, 0o700)
}

// make gives the path of a new file system.
func (d *disks) make(ctx context.Context, serial uint64, sizeMB int) (string, error) {
	model, err := d.model(ctx, sizeMB)
	if err != nil {
		return "", err
	}
	path := filepath.Join(d.dir, strconv.FormatUint(serial, 10))
	return path, copySparse(model, path)
}

func (d *disks) model(ctx context.Context, sizeMB int) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if path := d.models[sizeMB]; path != "" {
		return path, nil
	}
	path := filepath.Join(d.dir, fmt.Sprintf("model-%d", sizeMB))
	if err := os.WriteFile(path, nil, 0o600); err != nil { // nobody else's, from the beginning
		return "", err
	}
	// No journal and no reserved blocks: it lives as long as the instance.
	args := []string{"-q", "-F", "-t", "ext4", "-m", "0", "-O", "^has_journal", "-E", "lazy_itable_init=1,root_owner=0:0", path, strconv.Itoa(sizeMB) + "M"}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, d.mke2fs, args...)
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", d.mke2fs, err, strings.TrimSpace(said.String()))
	}
	if err := os.Chmod(path, 0o600); err != nil { // mke2fs goes by the umask
		return "", err
	}
	d.models[sizeMB] = path
	return path, nil
}

// copySparse copies what of a file isn't a hole.
func copySparse(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(out.Truncate(info.Size()), copyData(in, out, info.Size()))
	return errors.Join(err, out.Close())
}

func copyData(in, out *os.File, size int64) error {
	for at := int64(0); at < size; {
		begin, err := unix.Seek(int(in.Fd()), at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // holes up to the end
			return nil
		}
		if err != nil {
			return err
		}
		end, err := unix.Seek(int(in.Fd()), begin, unix.SEEK_HOLE)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.NewOffsetWriter(out, begin), io.NewSectionReader(in, begin, end-begin)); err != nil {
			return err
		}
		at = end
	}
	return nil
}
