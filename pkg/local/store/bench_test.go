package store

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkCreateAtOnce has 1, 8 and 100 callers create functions in turns, and says how
// long one takes, and how many times as long as a plain sync of the same disk.
func BenchmarkCreateAtOnce(b *testing.B) {
	s, err := Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	plain, err := os.Create(filepath.Join(b.TempDir(), "plain"))
	if err != nil {
		b.Fatal(err)
	}
	defer plain.Close()
	const each = 100
	var made atomic.Int64
	var syncing time.Duration
	took := map[int]time.Duration{}
	for b.Loop() {
		syncing += syncs(b, plain, each)
		for _, callers := range []int{1, 8, 100} {
			took[callers] += shared(callers, each, func() {
				if err := s.CreateFunction(function(fmt.Sprint("f", made.Add(1)))); err != nil {
					b.Error(err)
				}
			})
		}
	}
	for callers, d := range took {
		b.ReportMetric(float64(d.Microseconds())/float64(b.N*each), fmt.Sprintf("µs/create-%d", callers))
		b.ReportMetric(float64(d)/float64(syncing), fmt.Sprintf("syncs/create-%d", callers))
	}
	b.ReportMetric(0, "ns/op") // of all of them: says nothing
}

// shared has callers do something n times in all, and says how long that took.
func shared(callers, n int, do func()) time.Duration {
	var begun atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	for range callers {
		all.Go(func() {
			for begun.Add(1) <= int64(n) {
				do()
			}
		})
	}
	all.Wait()
	return time.Since(start)
}

// syncs appends to a file and syncs it, n times.
func syncs(b *testing.B, file *os.File, n int) time.Duration {
	b.Helper()
	page := make([]byte, 4096)
	return shared(1, n, func() {
		_, err := file.Write(page)
		if err == nil {
			err = file.Sync()
		}
		if err != nil {
			b.Error(err)
		}
	})
}
