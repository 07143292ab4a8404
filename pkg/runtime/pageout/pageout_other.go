//go:build !linux || !amd64

package pageout

import "context"

// Memory is the memory of processes.
type Memory struct{}

// Take isn't supported here.
func Take(context.Context, []int, int64) (*Memory, error) { return nil, ErrUnsupported }

// Return has nothing to give back.
func (m *Memory) Return() error { return nil }

// Drop has nothing to forget.
func (m *Memory) Drop() {}

// Taken is how much memory the processes had, Kept in how much that is kept.
func (m *Memory) Taken() (taken, kept int64) { return 0, 0 }
