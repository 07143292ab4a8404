package rawio

import (
	"errors"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReadAndWriteAt(t *testing.T) {
	f := onDisk(t)
	if n, err := WriteAt(f, []byte("0123456789"), 0); n != 10 || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
	if n, err := WriteAt(f, []byte("ab"), 4); n != 2 || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
	for _, test := range []struct {
		size   int
		offset int64
		want   string
		err    error
	}{
		{4, 0, "0123", nil}, {4, 3, "3ab6", nil}, {40, 8, "89", nil}, {0, 0, "", nil}, {4, 10, "", io.EOF}, {4, 100, "", io.EOF}, {4, -1, "", unix.EINVAL},
	} {
		p := make([]byte, test.size)
		n, err := ReadAt(f, p, test.offset)
		if string(p[:n]) != test.want || !errors.Is(err, test.err) {
			t.Errorf("%d at %d: %q, %v; want %q, %v", test.size, test.offset, p[:n], err, test.want, test.err)
		}
	}
}

func TestAtErrors(t *testing.T) {
	f := onDisk(t)
	reader, err := os.Open(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	var path *os.PathError
	if _, err := WriteAt(reader, []byte("x"), 0); !errors.Is(err, unix.EBADF) || !errors.As(err, &path) || path.Path != f.Name() {
		t.Errorf("write to what is open for reading: %v", err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadAt(reader, make([]byte, 1), 0); err == nil {
		t.Error("a closed file is read")
	}
	if _, err := WriteAt(nil, nil, 0); err == nil {
		t.Error("no file is written to")
	}
}
