package bundle

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"s/pkg/bundle/bundletest"
)

// BenchmarkPackLarge packs 20,000 files, 190 MB of source text, and reports
// time and size as ratios of `zip -6 -r` on the same tree, where zip is
// installed. The tree is made once per run.
func BenchmarkPackLarge(b *testing.B) {
	dir := b.TempDir()
	tree := filepath.Join(dir, "tree")
	if err := os.Mkdir(tree, 0o755); err != nil {
		b.Fatal(err)
	}
	if err := bundletest.Large().Write(tree); err != nil {
		b.Fatal(err)
	}
	var peer, own time.Duration
	var peerSize, ownSize int64
	for b.Loop() {
		b.StopTimer()
		d, size := runZip(b, tree, filepath.Join(dir, "peer.zip"))
		peer, peerSize = peer+d, size
		b.StartTimer()
		start := time.Now()
		made, err := Pack(context.Background(), tree, Options{Out: filepath.Join(dir, "own.zip")})
		if err != nil {
			b.Fatal(err)
		}
		own, ownSize = own+time.Since(start), made.Size
	}
	b.ReportMetric(float64(ownSize)/(1<<20), "MB")
	b.ReportMetric(own.Seconds()/float64(b.N), "s/pack")
	if peer > 0 {
		b.ReportMetric(peer.Seconds()/float64(b.N), "s/zip")
		b.ReportMetric(own.Seconds()/peer.Seconds(), "time/zip")
		b.ReportMetric(float64(ownSize)/float64(peerSize), "size/zip")
	}
}

// runZip runs zip -6 -r; nothing if it isn't installed.
func runZip(b *testing.B, tree, out string) (time.Duration, int64) {
	zip, err := exec.LookPath("zip")
	if err != nil {
		return 0, 0
	}
	if err := os.Remove(out); err != nil && !os.IsNotExist(err) {
		b.Fatal(err)
	}
	cmd := exec.Command(zip, "-6", "-q", "-r", out, filepath.Base(tree))
	cmd.Dir = filepath.Dir(tree)
	start := time.Now()
	if msg, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("zip: %v: %s", err, msg)
	}
	d := time.Since(start)
	info, err := os.Stat(out)
	if err != nil {
		b.Fatal(err)
	}
	return d, info.Size()
}
