//go:build !linux

package main

// onOneCore can't be done here.
func (w *World) onOneCore(func(func() error) error) (done bool, err error) { return false, nil }
