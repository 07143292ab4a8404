//go:build !linux && !windows

package rloader

import "syscall"

func killGroup(group int) { _ = syscall.Kill(-group, syscall.SIGKILL) }
