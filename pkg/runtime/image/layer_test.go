//go:build linux

package image

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"

	"s/pkg/runtime/image/imagetest"
)

type entries []imagetest.Entry

func TestUnpack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		entries entries
		want    []string
		notes   notes
	}{
		{
			"files and folders",
			entries{{Name: "a/"}, {Name: "a/b", Text: "1"}, {Name: "./c/d", Text: "2"}, {Name: "/e", Text: "3"}},
			[]string{"a/", "a/b = 1", "c/", "c/d = 2", "e = 3"},
			notes{},
		},
		{
			"the last one counts",
			entries{{Name: "a", Text: "1"}, {Name: "a/"}, {Name: "b/"}, {Name: "b", Text: "2"}, {Name: "c", Text: "3"}, {Name: "c", Link: "b"}},
			[]string{"a/", "b = 2", "c -> b"},
			notes{},
		},
		{
			"links are kept as they are",
			entries{{Name: "a", Link: "/etc/passwd"}, {Name: "b", Link: "../../../x"}, {Name: "c", Text: "1"}, {Name: "d", Hard: "/c"}},
			[]string{"a -> /etc/passwd", "b -> ../../../x", "c = 1", "d = 1"},
			notes{},
		},
		{"links on the way lead inside", entries{
			{Name: "run/"},
			{Name: "var/run", Link: "/run"},
			{Name: "var/run/pid", Text: "1"},
			{Name: "up", Link: "../../../../../../run"},
			{Name: "up/two", Text: "2"},
			{Name: "hard", Hard: "var/run/pid"},
		}, []string{"hard = 1", "run/", "run/pid = 1", "run/two = 2", "up -> ../../../../../../run", "var/", "var/run -> /run"}, notes{}},
		{
			"whiteouts",
			entries{{Name: "a/.wh.b"}, {Name: ".wh.c"}, {Name: "d/.wh..wh..opq"}, {Name: "d/e", Text: "1"}, {Name: ".wh..wh.plnk"}},
			[]string{"a/", "a/b Dc---------", "c Dc---------", "d/", "d/e = 1"},
			notes{Removed: []string{"a/b", "c"}, Opaque: []string{"d"}},
		},
		{"whiteouts of what is made anew", entries{
			{Name: ".wh.a"},
			{Name: "a/"},
			{Name: "a/b", Text: "1"},
			{Name: "c", Text: "2"},
			{Name: ".wh.c"},
			{Name: "d/"},
			{Name: ".wh.d"},
			{Name: ".wh.e"},
			{Name: "e/f", Text: "3"},
		}, []string{"a/", "a/b = 1", "c = 2", "d/", "e/", "e/f = 3"}, notes{Opaque: []string{"a", "d", "e"}}},
		{
			"devices are left out, pipes not",
			entries{{Name: "null", Type: tar.TypeChar}, {Name: "disk", Type: tar.TypeBlock}, {Name: "pipe", Type: tar.TypeFifo}},
			[]string{"pipe p---------"},
			notes{},
		},
		{"nothing", nil, nil, notes{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			got, err := unpackTar(t.Context(), bytes.NewReader(imagetest.Tar(t, tt.entries...)), dir, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, tree(t, dir)); d != "" {
				t.Error(d)
			}
			if got.Overlays = false; !cmp.Equal(tt.notes.Removed, got.Removed, equalEmpty()) || !cmp.Equal(tt.notes.Opaque, got.Opaque, equalEmpty()) {
				t.Errorf("notes %+v, want %+v", got, tt.notes)
			}
		})
	}
}

func equalEmpty() cmp.Option {
	return cmp.FilterValues(func(x, y []string) bool { return len(x) == 0 && len(y) == 0 }, cmp.Ignore())
}

func TestUnpackRefuses(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	for _, tt := range []struct {
		name    string
		entries entries
		says    string
	}{
		{"a way up", entries{{Name: "../x", Text: "1"}}, "leads out of the image"},
		{"a way up further on", entries{{Name: "a/../../x", Text: "1"}}, "leads out of the image"},
		{"a hard link to the host", entries{{Name: "x", Hard: "/etc/passwd"}}, "no file of this layer"},
		{"a hard link up", entries{{Name: "x", Hard: "../../../../etc/passwd"}}, "no file of this layer"},
		{"a hard link through a link", entries{{Name: "l", Link: "/etc"}, {Name: "x", Hard: "l/passwd"}}, "no file of this layer"},
		{"a hard link to a folder", entries{{Name: "d/"}, {Name: "x", Hard: "d"}}, "no file of this layer"},
		{"a hard link to nothing", entries{{Name: "x", Hard: "/"}}, "a link to nothing"},
		{"links in a circle", entries{{Name: "a", Link: "b"}, {Name: "b", Link: "a"}, {Name: "a/x", Text: "1"}}, "too many symbolic links"},
		{"a file as a folder", entries{{Name: "a", Text: "1"}, {Name: "a/x", Text: "1"}}, "is no folder"},
		{"more than the limit", entries{{Name: "a", Text: strings.Repeat("x", 600)}, {Name: "b", Text: strings.Repeat("x", 600)}}, "unpacks to more than"},
		{"a whiteout of dots", entries{{Name: ".wh..."}}, "a folder that every folder has"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "in")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			_, err := unpackTar(t.Context(), bytes.NewReader(imagetest.Tar(t, tt.entries...)), dir, 1000)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want …%s…", err, tt.says)
			}
			if list := tree(t, filepath.Dir(dir)); len(list) > 0 && !strings.HasPrefix(list[len(list)-1], "in/") {
				t.Errorf("outside is %v", list)
			}
		})
	}
	// A link out of the layer is followed within it.
	dir := t.TempDir()
	if _, err := unpackTar(t.Context(), bytes.NewReader(imagetest.Tar(t, imagetest.Entry{Name: "out", Link: outside}, imagetest.Entry{Name: "out/x", Text: "1"})), dir, 1000); err != nil {
		t.Error(err)
	}
	if list := tree(t, outside); len(list) > 0 {
		t.Errorf("written through a link: %v", list)
	}
	if _, err := os.Stat(filepath.Join(dir, outside, "x")); err != nil {
		t.Error(err)
	}
}

func TestUnpackAttributes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := unpackTar(t.Context(), bytes.NewReader(imagetest.Tar(t,
		imagetest.Entry{Name: "./", Mode: 0o750}, imagetest.Entry{Name: "closed/", Mode: 0o555, UID: 7}, imagetest.Entry{Name: "closed/x", Text: "1", Mode: 0o4711, UID: 7},
		imagetest.Entry{Name: "tmp/", Mode: 0o1777},
	)), dir, 1000)
	if err != nil {
		t.Fatal(err)
	}
	owner := 0
	if os.Geteuid() == 0 {
		owner = 7
	}
	for name, want := range map[string]os.FileMode{
		".": os.ModeDir | 0o750, "closed": os.ModeDir | 0o755, "closed/x": os.ModeSetuid | 0o711, "tmp": os.ModeDir | os.ModeSticky | 0o777,
	} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
			continue
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && strings.HasPrefix(name, "closed") && owner != 0 && int(st.Uid) != owner {
			t.Errorf("%s belongs to %d", name, st.Uid)
		}
		if name == "closed/x" && info.ModTime().Unix() != 1e9 {
			t.Errorf("%s is of %v", name, info.ModTime())
		}
	}
	removeTree(dir)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder can't be removed: %v", err)
	}
}

// TestUnpackMarks looks for what overlayfs reads.
func TestUnpackMarks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n, err := unpackTar(t.Context(), bytes.NewReader(imagetest.Tar(t, imagetest.Entry{Name: ".wh.gone"}, imagetest.Entry{Name: "new/.wh..wh..opq"})), dir, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if !n.Overlays {
		t.Skip("the disk of the temporary folder can't be marked")
	}
	info, err := os.Lstat(filepath.Join(dir, "gone"))
	if err != nil || !isWhiteout(info) {
		t.Errorf("%v, %v", info, err)
	}
	mark := make([]byte, 1)
	if _, err := unix.Lgetxattr(filepath.Join(dir, "new"), userOpaque, mark); err != nil || mark[0] != 'y' {
		t.Errorf("%s: %s, %v", userOpaque, mark, err)
	}
	if _, err := unix.Lgetxattr(filepath.Join(dir, "new"), trustedOpaque, mark); os.Geteuid() == 0 && (err != nil || mark[0] != 'y') {
		t.Errorf("%s: %s, %v", trustedOpaque, mark, err)
	}
}

func TestCopyTo(t *testing.T) {
	t.Parallel()
	layer := func(e ...imagetest.Entry) v1.Layer { return imagetest.Layer(imagetest.Tar(t, e...)) }
	s, _ := newStore(t, t.TempDir())
	img := opened(t, s, imagetest.Layout(t, t.TempDir(), "", imagetest.Image(t, v1.Config{},
		layer(imagetest.Entry{Name: "a", Text: "1"}, imagetest.Entry{Name: "b", Hard: "a"}, imagetest.Entry{Name: "d/x", Text: "x"}, imagetest.Entry{Name: "d/y", Text: "y"},
			imagetest.Entry{Name: "link", Link: "d"}, imagetest.Entry{Name: "o/old", Text: "old"}, imagetest.Entry{Name: "f", Text: "file"}),
		layer(imagetest.Entry{Name: "d/.wh.x"}, imagetest.Entry{Name: "o/.wh..wh..opq"}, imagetest.Entry{Name: "o/new", Text: "new"},
			imagetest.Entry{Name: "link/"}, imagetest.Entry{Name: "link/in", Text: "in"}, imagetest.Entry{Name: "f/"}, imagetest.Entry{Name: "p", Type: tar.TypeFifo}),
		layer(imagetest.Entry{Name: ".wh.p"}),
	)))
	want := []string{"a = 1", "b = 1", "d/", "d/y = y", "f/", "link/", "link/in = in", "o/", "o/new = new"}
	if d := cmp.Diff(want, merged(t, img)); d != "" {
		t.Error(d)
	}
	all := opened(t, s, imagetest.Layout(t, t.TempDir(), "", imagetest.Image(t, v1.Config{},
		layer(imagetest.Entry{Name: "a", Text: "1"}), layer(imagetest.Entry{Name: ".wh..wh..opq"}, imagetest.Entry{Name: "b", Text: "2"}))))
	if d := cmp.Diff([]string{"b = 2"}, merged(t, all)); d != "" {
		t.Error(d)
	}
}

// FuzzUnpack looks for an archive that gets anything out of its folder.
func FuzzUnpack(f *testing.F) {
	for _, e := range []entries{
		{{Name: "a/b", Text: "1"}, {Name: "l", Link: ".."}, {Name: "l/x", Text: "1"}},
		{{Name: ".wh.x"}, {Name: "x/.wh..wh..opq"}, {Name: "h", Hard: "x"}},
	} {
		f.Add(imagetest.Tar(f, e...))
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		parent := t.TempDir()
		dir := filepath.Join(parent, "in")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		_, _ = unpackTar(t.Context(), bytes.NewReader(archive), dir, 1<<16)
		if found, err := os.ReadDir(parent); err != nil || len(found) != 1 {
			t.Errorf("outside is %v, %v", found, err)
		}
		removeTree(dir)
	})
}
