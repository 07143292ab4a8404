//go:build !linux

package main

import (
	"context"
	"errors"
)

// measureChaos looks at processes, mounts and cgroups of Linux.
func measureChaos(context.Context, *World) ([]Figure, error) {
	return nil, errors.New("chaos needs Linux")
}

// measureClients looks at what a process uses by what Linux tells of it.
func measureClients(context.Context, *World) ([]Figure, error) {
	return nil, errors.New("clients needs Linux")
}
