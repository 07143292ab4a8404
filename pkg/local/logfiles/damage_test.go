package logfiles

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wide finds all lines of a logstore.
func wide(filter *Filter) Query {
	return Query{Project: "p", Logstore: "l", From: time.Unix(0, 0), To: time.Unix(1<<32, 0), Filter: filter}
}

// TestKilled: whatever a killed program has left, what was written before is there, and
// more can be added.
func TestKilled(t *testing.T) {
	const before = 300 // a block and a tail
	for name, leave := range map[string]func(t *testing.T, b *book){
		"half a record of the tail": func(t *testing.T, b *book) {
			must(t, writeAt(b.tailPath(), encodeRecord([]Line{lineAt(9, "a", "torn")})[:20], b.tailSize))
		},
		"a record that isn't what was written": func(t *testing.T, b *book) {
			data := encodeRecord([]Line{lineAt(9, "a", "torn")})
			data[12]++
			must(t, writeAt(b.tailPath(), data, b.tailSize))
		},
		"half a block": func(t *testing.T, b *book) {
			data, _ := encodeBlock([]Line{lineAt(9, "a", "torn")})
			must(t, writeAt(b.growingPath(), data, b.grown))
		},
		"a block of zeros": func(t *testing.T, b *book) {
			must(t, writeAt(b.growingPath(), make([]byte, 9000), b.grown))
		},
		"a block that isn't what was written": func(t *testing.T, b *book) {
			data, _ := encodeBlock([]Line{lineAt(9, "a", "torn")})
			data[len(data)-1]++
			must(t, writeAt(b.growingPath(), append(data, make([]byte, signatureBytes+100)...), b.grown))
		},
		"half a segment": func(t *testing.T, b *book) {
			must(t, os.WriteFile(filepath.Join(b.dir, ".00000001_1_2_3.lines-123"), []byte("half"), 0o600))
		},
		"a tail that is in a block by now": func(t *testing.T, b *book) {
			must(t, os.WriteFile(filepath.Join(b.dir, tailName(1, 0)), encodeRecord([]Line{lineAt(1, "a", "twice")}), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := openLogs(t, dir)
			for i := range before {
				must(t, l.Append("p", "l", []Line{lineAt(int64(i), "a", fmt.Sprint(i))}))
			}
			leave(t, l.book("p", "l", false))
			l = openLogs(t, dir)
			must(t, l.Append("p", "l", []Line{lineAt(before, "a", fmt.Sprint(before))}))
			for range 2 {
				got := l.messages(t, wide(nil), 1000)
				if len(got) != before+1 || got[before] != fmt.Sprint(before) {
					t.Errorf("%d lines: %.300q", len(got), got)
				}
				l = openLogs(t, dir)
			}
			b := l.book("p", "l", false)
			if entries, err := os.ReadDir(b.dir); err != nil || len(entries) != 2 {
				t.Errorf("%v %v", entries, err)
			}
		})
	}
}

// TestSealedTwice: a program was killed when a segment was whole and the growing file
// still there.
func TestSealedTwice(t *testing.T) {
	m := &model{}
	l := m.fill(t, openLogs(t, t.TempDir()), rand.New(rand.NewPCG(7, 8)), modelSegment*5/4)
	b := l.book("p", "l", false)
	if len(b.segments) != 1 {
		t.Fatalf("%d segments", len(b.segments))
	}
	must(t, os.WriteFile(filepath.Join(b.dir, growingName(b.segments[0].first)), []byte("what is in the segment"), 0o600))
	l = openLogs(t, l.dir)
	if n := len(l.messages(t, wide(nil), 1<<30)); n != len(m.lines) {
		t.Errorf("%d lines, want %d", n, len(m.lines))
	}
	// What grows stays when all segments are dropped, also over a restart.
	b = l.book("p", "l", false)
	kept := len(m.lines) - b.segments[0].count
	must(t, l.within(b, b.drop))
	for range 2 {
		if n := len(l.messages(t, wide(nil), 1<<30)); n != kept {
			t.Errorf("%d lines, want %d", n, kept)
		}
		l = openLogs(t, l.dir)
	}
}

// TestDamaged: a file that was changed is named, with a way to go on; it works.
func TestDamaged(t *testing.T) {
	m := &model{}
	l := m.fill(t, openLogs(t, t.TempDir()), rand.New(rand.NewPCG(9, 9)), modelSegment*5/4)
	b := l.book("p", "l", false)
	s := b.segments[0]
	whole, err := os.ReadFile(s.path)
	must(t, err)
	for name, data := range map[string][]byte{
		"a block":    append([]byte(strings.Repeat("Z", 5000)), whole[5000:]...),
		"the index":  append(append(whole[:len(whole)-100:len(whole)-100], strings.Repeat("Z", 50)...), whole[len(whole)-50:]...),
		"the footer": append(whole[:len(whole)-10:len(whole)-10], "0123456789"...),
		"cut off":    whole[:len(whole)/2],
		"empty":      nil,
	} {
		must(t, os.WriteFile(s.path, data, 0o600))
		opened := openLogs(t, l.dir)
		err := opened.Each(t.Context(), wide(nil), func(*Line) bool { return true })
		var damage *DamagedError
		if !errors.As(err, &damage) || damage.Path != s.path || !strings.Contains(err.Error(), "remove that file") {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, os.Remove(s.path))
	l = openLogs(t, l.dir)
	if n := len(l.messages(t, wide(nil), 1<<30)); n != len(m.lines)-s.count {
		t.Errorf("%d lines are left, want %d", n, len(m.lines)-s.count)
	}
}

// FuzzBlock: bytes that aren't a block are refused, whatever they are.
func FuzzBlock(f *testing.F) {
	data, _ := encodeBlock([]Line{lineAt(1, "a", "x"), lineAt(2, "b", "y")})
	f.Add(data)
	f.Add(data[:40])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if lines, err := decodeBlock(data); err == nil {
			if _, info := encodeBlock(lines); info.count != len(lines) {
				t.Errorf("%d lines", info.count)
			}
		}
		_, _ = decodeRecord(string(data)) // doesn't crash
	})
}

// FuzzWords: a line with a text is found by each of its words and their beginnings.
func FuzzWords(f *testing.F) {
	for _, text := range []string{"GET /users?id=7", "Größe: ÄÖ", "K\xff\xfe K", "", "a,b;c", "ſ K İ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := signatureOf([]Line{{Message: text}})
		for _, w := range Words(text) {
			if !HasWord(text, w) && !strings.HasSuffix(w, "*") {
				t.Errorf("%q doesn't have its %q", text, w)
			}
			for n := range min(len(w), 20) + 1 {
				start := w[:n] + "*"
				if filter := HasText(start); !HasWord(text, start) || filter != nil && !s.has(filter.hash) {
					t.Errorf("%q doesn't have its %q", text, start)
				}
			}
			if filter := HasText(w); filter != nil && !s.has(filter.hash) {
				t.Errorf("the filter of %q doesn't have %q", text, w)
			}
		}
	})
}
