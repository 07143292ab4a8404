// Package atomicfile writes files whole or not at all: whoever reads one sees what
// it was or what it is, and a program that is killed leaves it as it was.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Options says how a file is written. The zero value replaces whatever is there
// by a file that only its user may read.
type Options struct {
	// Mode is the file's permission; 0 is 0600. The umask doesn't count.
	Mode fs.FileMode
	// KeepMode leaves a file that is there its permission.
	KeepMode bool
	// Follow writes what a symbolic link points to; without it, the link itself
	// is replaced.
	Follow bool
	// New fails with fs.ErrExist if there is a file already.
	New bool
	// Sync has the system put the contents on disk before they take their place,
	// so that they outlive a power failure.
	Sync bool
}

// TempPattern is the pattern, as of filepath.Glob, of what a file is called beside
// its place until it is whole. Writers that were killed leave such files.
func TempPattern(name string) string { return "." + name + "-*" }

// Write makes or replaces a file. Its folder must be there. After an error nothing
// has changed, and nothing is left behind.
func Write(path string, data []byte, o Options) error {
	if o.Follow {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
	}
	temp, err := os.CreateTemp(filepath.Dir(path), TempPattern(filepath.Base(path)))
	if err != nil {
		return err
	}
	err = fill(temp, data, o.mode(path), o.Sync)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = place(temp.Name(), path, o.New)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// mode is the permission that the file gets.
func (o Options) mode(path string) fs.FileMode {
	if o.KeepMode {
		if info, err := os.Stat(path); err == nil {
			return info.Mode().Perm()
		}
	}
	if o.Mode == 0 {
		return 0o600
	}
	return o.Mode
}

func fill(temp *os.File, data []byte, mode fs.FileMode, sync bool) error {
	if _, err := temp.Write(data); err != nil {
		return err
	}
	if err := temp.Chmod(mode); err != nil {
		return err
	}
	if sync {
		return temp.Sync()
	}
	return nil
}

// place gives a file that is whole its name. A link fails where a rename would
// replace.
func place(temp, path string, fresh bool) error {
	if !fresh {
		return os.Rename(temp, path)
	}
	if err := os.Link(temp, path); err != nil {
		return err
	}
	return os.Remove(temp)
}
