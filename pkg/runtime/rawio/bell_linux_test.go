package rawio

import (
	"errors"
	"os"
	"testing"
	"time"
)

// patience is how long something that must happen may take.
const patience = 2 * time.Minute

// ringing is a pipe with a bell.
func ringing(t *testing.T) (b *Bell, r, w *os.File) {
	t.Helper()
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = NewBell(raw); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = b.Close(), r.Close(), w.Close() })
	return b, r, w
}

// waiting waits for the bell in the background.
func waiting(b *Bell) <-chan error {
	rang := make(chan error, 1)
	go func() { rang <- b.Wait() }()
	return rang
}

func ended(t *testing.T, rang <-chan error) error {
	t.Helper()
	select {
	case err := <-rang:
		return err
	case <-time.After(patience):
		t.Fatal("it waits for ever")
		return nil
	}
}

func write1(t *testing.T, w *os.File) {
	t.Helper()
	if _, err := w.WriteString("x"); err != nil {
		t.Fatal(err)
	}
}

// isRinging reports whether the bell rings though nobody asked for it.
func isRinging(t *testing.T, b *Bell) (yes bool) {
	t.Helper()
	if err := b.raw.Control(func(fd uintptr) { yes = rings(fd) }); err != nil {
		t.Fatal(err)
	}
	return yes
}

func TestBellRingsOnce(t *testing.T) {
	b, r, w := ringing(t)
	write1(t, w)
	if isRinging(t, b) {
		t.Error("it rings before it is asked to")
	}
	for round := range 3 {
		rang := waiting(b)
		if round > 0 {
			write1(t, w)
		}
		if err := ended(t, rang); err != nil {
			t.Fatal(err)
		}
		write1(t, w)
		if isRinging(t, b) {
			t.Error("it rings again")
		}
		// What is there rings at once when it is asked.
		if err := ended(t, waiting(b)); err != nil {
			t.Fatal(err)
		}
		var buf [16]byte
		var n int
		raw, err := r.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if cerr := raw.Control(func(fd uintptr) { n, err = Read(int(fd), buf[:]) }); cerr != nil || err != nil || n != 2 {
			t.Errorf("read %d bytes, %v %v", n, err, cerr)
		}
	}
}

func TestBellRingsAtTheEnd(t *testing.T) {
	b, _, w := ringing(t)
	rang := waiting(b)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it stays the end
		if err := ended(t, rang); err != nil {
			t.Error(err)
		}
		rang = waiting(b)
	}
	if err := ended(t, rang); err != nil {
		t.Error(err)
	}
}

func TestClosedBell(t *testing.T) {
	for name, end := range map[string]func(b *Bell, r *os.File) error{
		"the bell": func(b *Bell, _ *os.File) error { return b.Close() },
		"both":     func(b *Bell, r *os.File) error { return errors.Join(b.Close(), r.Close()) },
	} {
		b, r, _ := ringing(t)
		rang := waiting(b)
		if err := end(b, r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for range 2 { // while it waits, and before
			if err := ended(t, rang); err == nil {
				t.Errorf("%s: it rings", name)
			}
			rang = waiting(b)
		}
	}
	b, r, _ := ringing(t)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := ended(t, waiting(b)); err == nil {
		t.Error("that of a closed pipe rings")
	}
	raw, err := onDisk(t).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewBell(raw); err == nil {
		t.Error("a file on disk, which is never waited for, has a bell")
	}
}

// onDisk is a file on disk.
func onDisk(t *testing.T) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}
