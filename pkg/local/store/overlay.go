package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mergedPrefix begins the names of folders that were made of several layers.
const mergedPrefix = "layers-"

// OpenLayers gives the folder that instances see as /opt: of one layer its own, of
// several one that is made of them all, where of equal files the first layer's
// counts (field layers of CreateFunction). It is empty without layers, and stays
// until release is called.
func (s *Store) OpenLayers(layers []Code) (dir string, release func(), err error) {
	switch len(layers) {
	case 0:
		return "", func() {}, nil
	case 1:
		return s.OpenCode(layers[0].SHA256)
	}
	var releases []func()
	releaseAll := func() {
		for _, f := range releases {
			f()
		}
	}
	var dirs, names []string
	for _, layer := range layers {
		one, release, err := s.OpenCode(layer.SHA256)
		if err != nil {
			releaseAll()
			return "", nil, err
		}
		dirs, names, releases = append(dirs, one), append(names, layer.SHA256), append(releases, release)
	}
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	name := mergedPrefix + hex.EncodeToString(sum[:])
	releases = append(releases, s.code.hold(name))
	dir, err = s.code.made(name, func(temp string) error {
		for _, one := range slices.Backward(dirs) {
			if err := overlay(one, temp, linkFile); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		releaseAll()
		return "", nil, err
	}
	return dir, releaseAll, nil
}

// Overlay copies a tree over another: what is there under the same name goes,
// unless both are folders.
func Overlay(from, to string) error { return overlay(from, to, copyFile) }

func overlay(from, to string, place func(from, to string) error) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		// A link that an upper tree has a folder for goes, too: nothing is written
		// through it.
		if there, err := os.Lstat(target); err == nil && (!d.IsDir() || !there.IsDir()) {
			if err := os.RemoveAll(target); err != nil {
				return err
			}
		}
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			text, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(text, target)
		case d.Type().IsRegular():
			return place(path, target)
		}
		return nil // sockets and the like are no part of a layer
	})
}

// linkFile gives a file another name; where the disk has no more of them, or none
// at all, it is copied.
func linkFile(from, to string) error {
	if err := os.Link(from, to); err == nil {
		return nil
	}
	return copyFile(from, to)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
