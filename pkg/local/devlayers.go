package local

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"s/pkg/local/store"
)

// layersOf gives the folder that instances of a function see as /opt: its only
// layer as it is, else all of them in one, where of equal files the first layer's
// counts.
func (d *devFunctions) layersOf(f DevFunction) (string, error) {
	if len(f.Layers) == 0 {
		return "", nil
	}
	var key strings.Builder
	folders := true
	for _, layer := range f.Layers {
		info, err := os.Stat(layer)
		if err != nil {
			return "", fmt.Errorf("%s: layer: %w", f.Name, err)
		}
		folders = folders && info.IsDir()
		fmt.Fprintf(&key, "%q %d %d\n", layer, info.Size(), info.ModTime().UnixNano())
	}
	if folders && len(f.Layers) == 1 {
		return f.Layers[0], nil
	}
	d.layerLock.Lock()
	defer d.layerLock.Unlock()
	if dir := d.layers[key.String()]; dir != "" {
		return dir, nil
	}
	dir := filepath.Join(d.unpack, "layers", strconv.Itoa(len(d.layers)))
	for _, layer := range slices.Backward(f.Layers) {
		if err := addLayer(layer, dir); err != nil {
			return "", fmt.Errorf("%s: layer %s: %w", f.Name, layer, errors.Join(err, os.RemoveAll(dir)))
		}
	}
	d.layers[key.String()] = dir
	return dir, nil
}

// addLayer lays a layer, a folder or an archive, over what is in dir.
func addLayer(layer, dir string) error {
	info, err := os.Stat(layer)
	if err != nil || info.IsDir() {
		return errors.Join(err, overlay(layer, dir))
	}
	apart := dir + ".new"
	if err := store.Unpack(layer, apart); err != nil {
		return errors.Join(err, os.RemoveAll(apart))
	}
	return errors.Join(overlay(apart, dir), os.RemoveAll(apart))
}

// overlay copies a tree over another.
func overlay(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
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
			return copyFile(path, target)
		}
		return nil // sockets and the like are no part of a layer
	})
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
