package iostreams

import "testing"

func TestSize(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int64]string{
		0: "0 bytes", 1023: "1023 bytes", 1024: "1.0 kB", 1 << 20: "1.0 MB", 5<<20 + 1<<19: "5.5 MB", 5 << 30: "5.0 GB",
	} {
		if got := Size(bytes); got != want {
			t.Errorf("%d: %s, want %s", bytes, got, want)
		}
	}
}
