package local

import (
	"errors"
	"fmt"
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
		return errors.Join(err, store.Overlay(layer, dir))
	}
	apart := dir + ".new"
	if err := store.Unpack(layer, apart); err != nil {
		return errors.Join(err, os.RemoveAll(apart))
	}
	return errors.Join(store.Overlay(apart, dir), os.RemoveAll(apart))
}
