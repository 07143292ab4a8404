package main

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBind: all threads of a process get a processor, and all of them again.
func TestBind(t *testing.T) {
	var before, one, now unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if before.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	for _, set := range []*unix.CPUSet{&one, &before} {
		if err := bind([]int{os.Getpid(), 1 << 30}, set); err != nil {
			t.Fatal(err)
		}
		if err := unix.SchedGetaffinity(0, &now); err != nil || now != *set {
			t.Errorf("%v, want %v; %v", now, *set, err)
		}
	}
	var none unix.CPUSet
	if err := bind([]int{os.Getpid()}, &none); !errors.Is(err, unix.EINVAL) {
		t.Errorf("no processors: %v", err)
	}
}
