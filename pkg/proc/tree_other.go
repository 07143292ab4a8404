//go:build !linux

package proc
