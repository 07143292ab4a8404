package store

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// database is one of those in a data directory: how it is filled and opened.
type database struct {
	name string
	// fill makes it, with more in it than fits into a few pages.
	fill func(t *testing.T, dir string)
	open func(t *testing.T, dir string) (io.Closer, error)
	// says is what its error says of what is in it, and what comes then.
	says []string
}

func databases() []database {
	return []database{
		{
			name: databaseName,
			fill: func(t *testing.T, dir string) {
				s := open(t, dir)
				for i := range 100 {
					must(t, s.CreateFunction(function(fmt.Sprintf("f%d", i))))
				}
				must(t, s.Close())
			},
			open: func(t *testing.T, dir string) (io.Closer, error) { return Open(t.Context(), dir) },
			says: []string{"the state of the local cloud is damaged", "deploy again"},
		},
		{
			name: queueName,
			fill: func(t *testing.T, dir string) {
				q := openQueue(t, dir)
				for i := range 100 {
					must(t, q.Add(event("f", fmt.Sprintf("t%d", i), 0)))
				}
				must(t, q.Close())
			},
			open: func(t *testing.T, dir string) (io.Closer, error) { return OpenQueue(t.Context(), dir, at(0)) },
			says: []string{"the queue of asynchronous invocations is damaged", "what waited in it is lost"},
		},
		{
			name: logsName,
			fill: func(t *testing.T, dir string) {
				l := openLogs(t, dir)
				for i := range 100 {
					must(t, l.PutDoc("project", fmt.Sprint("p", i), []byte(strings.Repeat("described ", 100))))
				}
				must(t, l.Close())
			},
			open: func(t *testing.T, dir string) (io.Closer, error) { return OpenLogs(t.Context(), dir) },
			says: []string{"what is known of log projects is damaged", "make again"},
		},
	}
}

// TestDamagedDatabases: each is refused with an error that names it and says what to
// do, and what it says helps.
func TestDamagedDatabases(t *testing.T) {
	t.Parallel()
	for _, d := range databases() {
		for how, damage := range map[string]func(t *testing.T, path string){
			"no database": func(t *testing.T, path string) {
				must(t, os.WriteFile(path, []byte("this is no database, whatever its name says"), 0o600))
			},
			"overwritten pages": func(t *testing.T, path string) {
				f, err := os.OpenFile(path, os.O_WRONLY, 0)
				must(t, err)
				_, err = f.WriteAt([]byte(strings.Repeat("Z", 16<<10)), 2000)
				must(t, err, f.Close())
			},
			"cut off": func(t *testing.T, path string) { must(t, os.Truncate(path, 5000)) },
		} {
			t.Run(d.name+" "+how, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				d.fill(t, dir)
				path := filepath.Join(dir, d.name)
				damage(t, path)
				_, err := d.open(t, dir)
				if e := wantError[*CorruptError](t, err); e.Path != path {
					t.Errorf("path %s", e.Path)
				}
				for _, text := range append(d.says, path, d.name+"-wal") {
					if !strings.Contains(err.Error(), text) {
						t.Errorf("%v; want %s", err, text)
					}
				}
				for _, suffix := range []string{"", "-wal", "-shm"} {
					if err := os.Rename(path+suffix, filepath.Join(t.TempDir(), "away")); err != nil && !os.IsNotExist(err) {
						t.Error(err)
					}
				}
				again, err := d.open(t, dir) // the lock was given back
				must(t, err)
				must(t, again.Close())
			})
		}
	}
}
