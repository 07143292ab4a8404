package proc

import (
	"bufio"
	"errors"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// threads is a Python program with two threads beside the first, which waits for
// what never comes.
const threads = `
import os, signal, socket, threading, time

def tick():
    while True:
        time.sleep(0.001)

def catch():
    signal.sigwait({signal.SIGTERM})
    os._exit(7)

a, b = socket.socketpair()
`

// waits is what the first thread does.
const waits = `
threading.Thread(target=tick, daemon=True).start()
threading.Thread(target=tick, daemon=True).start()
print("up", flush=True)
while True:
    a.recv(1)
`

// begin starts a program of Python and waits until it is up.
func begin(t *testing.T, program string) *exec.Cmd {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.Command(python, "-c", program)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return cmd
}

// endsWith terminates a program and looks how it ends.
func endsWith(t *testing.T, cmd *exec.Cmd, want int) {
	t.Helper()
	if err := Terminate(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the exit code tells
	}()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("it goes on")
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Errorf("it ended with %d, want %d", got, want)
	}
}

// TestTerminateAfterStop: a process that has just been continued.
func TestTerminateAfterStop(t *testing.T) {
	t.Parallel()
	for range 12 {
		cmd := begin(t, threads+"signal.signal(signal.SIGTERM, lambda *_: os._exit(143))\n"+waits)
		for _, sig := range []unix.Signal{unix.SIGSTOP, unix.SIGCONT} {
			if err := unix.Kill(cmd.Process.Pid, sig); err != nil {
				t.Fatal(err)
			}
		}
		endsWith(t, cmd, 143)
	}
}

// TestTerminateByAnotherThread: a program may have a thread that waits for it.
func TestTerminateByAnotherThread(t *testing.T) {
	t.Parallel()
	cmd := begin(t, threads+"signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\nthreading.Thread(target=catch, daemon=True).start()\n"+waits)
	endsWith(t, cmd, 7)
}

// TestTerminateByDefault: without a handler, the whole process ends.
func TestTerminateByDefault(t *testing.T) {
	t.Parallel()
	cmd := begin(t, threads+waits)
	endsWith(t, cmd, -1)
	if err := Terminate(cmd.Process.Pid); !errors.Is(err, unix.ESRCH) {
		t.Errorf("one that has ended: %v", err)
	}
}

func TestTerminateZombie(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if s, ok := readStat(cmd.Process.Pid); ok && s.state == 'Z' {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it doesn't end")
		}
	}
	if firstTakes(cmd.Process.Pid, unix.SIGTERM) {
		t.Error("who has ended takes signals")
	}
	if err := errors.Join(Terminate(cmd.Process.Pid), cmd.Wait()); err != nil {
		t.Error(err)
	}
}
