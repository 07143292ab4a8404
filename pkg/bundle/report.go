package bundle

import (
	"archive/zip"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"s/pkg/diag"
)

// topItems is how many items a report has of each kind.
const topItems = 10

// Report says what of the code is large.
type Report struct {
	Total    Item   `json:"total"`
	Folders  []Item `json:"folders"`  // those right below the top, largest first
	Files    []Item `json:"files"`    // largest first
	Packages []Item `json:"packages"` // of npm and Python, largest first
}

// Item is a file, a folder or a package and what it takes.
type Item struct {
	Path   string `json:"path"`             // or the package's name
	Files  int    `json:"files"`            // how many
	Size   int64  `json:"size"`             // bytes before compression
	Packed int64  `json:"packed,omitempty"` // bytes in the archive; 0 if it isn't packed
}

// ReportArchive reports on an archive: a Bundle's, or any .zip, .jar or .war.
func ReportArchive(file string) (*Report, error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		return nil, diag.Errorf("%s: %w", file, err)
	}
	defer z.Close()
	return reportZip(&z.Reader), nil
}

func reportZip(z *zip.Reader) *Report {
	g := newGauge()
	for _, f := range z.File {
		if dist, ok := recordOf(f.Name); ok {
			if r, err := f.Open(); err == nil {
				g.record(f.Name, dist, r)
				_ = r.Close() // only read
			}
		}
	}
	for _, f := range z.File {
		if !f.FileInfo().IsDir() {
			g.add(f.Name, int64(f.UncompressedSize64), int64(f.CompressedSize64))
		}
	}
	return g.report()
}

// ReportFolder reports on a folder by what would be packed of it, without
// packing it.
func ReportFolder(ctx context.Context, dir string, opts Options) (*Report, error) {
	l, err := opts.lister(ctx, dir)
	if err != nil {
		return nil, err
	}
	g := newGauge()
	err = l.walk(func(e Entry) error {
		if e.Mode.IsDir() {
			return nil
		}
		if dist, ok := recordOf(e.Path); ok {
			if f, err := os.Open(path.Join(l.root, e.Path)); err == nil {
				g.record(e.Path, dist, f)
				_ = f.Close() // only read
			}
		}
		g.add(e.Path, e.Size, 0)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return g.report(), nil
}

// gauge adds up sizes. It holds the largest files, folders and what is in
// folders of packages, not all files.
type gauge struct {
	total    Item
	files    []Item
	folders  map[string]*Item
	packages map[string]*Item
	dists    map[string]string // top name in a folder of Python packages -> package
}

func newGauge() *gauge {
	return &gauge{folders: map[string]*Item{}, packages: map[string]*Item{}, dists: map[string]string{}}
}

func (g *gauge) add(name string, size, packed int64) {
	one := Item{Path: name, Files: 1, Size: size, Packed: packed}
	g.total.plus(one)
	g.files = append(g.files, one)
	if len(g.files) >= 100*topItems {
		g.files = top(g.files)
	}
	if folder, _, ok := strings.Cut(name, "/"); ok {
		tally(g.folders, folder, one)
	}
	if p := npmPackage(name); p != "" {
		tally(g.packages, p, one)
	} else if dir := pythonTop(name); dir != "" {
		tally(g.packages, dir, one)
	}
}

func (i *Item) plus(more Item) {
	i.Files += more.Files
	i.Size += more.Size
	i.Packed += more.Packed
}

func tally(items map[string]*Item, name string, one Item) {
	i := items[name]
	if i == nil {
		i = &Item{Path: name}
		items[name] = i
	}
	i.plus(one)
}

// npmPackage is the name of the package that a file belongs to: what follows
// the last node_modules of its path.
func npmPackage(name string) string {
	const modules = "node_modules/"
	i := strings.LastIndex("/"+name, "/"+modules)
	if i < 0 {
		return ""
	}
	parts := strings.Split(name[i+len(modules):], "/")
	switch {
	case len(parts) < 2 || strings.HasPrefix(parts[0], "."):
		return ""
	case strings.HasPrefix(parts[0], "@") && len(parts) > 2:
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// pythonTop is the first folder or file below the place where Python packages
// are installed, with that place: python/numpy. Elsewhere there is none.
func pythonTop(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		if i+1 < len(parts) && (p == "site-packages" || p == "dist-packages" || i == 0 && p == "python") && parts[i+1] != "lib" {
			return path.Join(parts[:i+2]...)
		}
	}
	return ""
}

// recordOf recognises the list of a Python package's files, in
// NAME-VERSION.dist-info/RECORD (PEP 376).
func recordOf(name string) (dist string, ok bool) {
	dir, file := path.Split(name)
	folder := path.Base(dir)
	base, is := strings.CutSuffix(folder, ".dist-info")
	if file != "RECORD" || !is {
		return "", false
	}
	dist, _, _ = strings.Cut(base, "-")
	return dist, true
}

// maxRecordList bounds what is read of such a list, in bytes.
const maxRecordList = 8 << 20

// record reads which names belong to a Python package.
func (g *gauge) record(name, dist string, r io.Reader) {
	text, err := io.ReadAll(io.LimitReader(r, maxRecordList))
	if err != nil {
		return
	}
	place := path.Dir(path.Dir(name))
	for line := range strings.Lines(string(text)) {
		file, _, _ := strings.Cut(line, ",")
		first, _, _ := strings.Cut(file, "/")
		if first == "" || first == ".." {
			continue
		}
		key := path.Join(place, first)
		if have, taken := g.dists[key]; taken && have != dist {
			g.dists[key] = first // shared by several
			continue
		}
		g.dists[key] = dist
	}
}

// report sorts what was added up. Folders of one Python package become one item.
func (g *gauge) report() *Report {
	packages := map[string]*Item{}
	for key, i := range g.packages {
		name := key
		if dist := g.dists[key]; dist != "" {
			name = dist
		} else if strings.Contains(key, "/") && !strings.HasPrefix(key, "@") {
			name = path.Base(key)
			if base, ok := strings.CutSuffix(name, ".dist-info"); ok {
				name, _, _ = strings.Cut(base, "-")
			}
		}
		tally(packages, name, *i)
	}
	return &Report{Total: g.total, Folders: top(values(g.folders)), Files: top(g.files), Packages: top(values(packages))}
}

func values(items map[string]*Item) []Item {
	out := make([]Item, 0, len(items))
	for _, i := range items {
		out = append(out, *i)
	}
	return out
}

// top keeps the largest items, largest first.
func top(items []Item) []Item {
	slices.SortFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(b.Packed, a.Packed), cmp.Compare(b.Size, a.Size), cmp.Compare(a.Path, b.Path))
	})
	return items[:min(topItems, len(items))]
}

// Translator gives messages in the user's language; *iostreams.IOStreams is one.
type Translator interface {
	T(format string, args ...any) string
}

// Write prints the report.
func (r *Report) Write(w io.Writer, in Translator) error {
	var b strings.Builder
	line := func(i Item, name string) {
		packed := ""
		if i.Packed > 0 {
			packed = Megabytes(i.Packed)
		}
		fmt.Fprintf(&b, "%12s %12s  %s\n", Megabytes(i.Size), packed, name)
	}
	line(r.Total, in.T("all: %d files, before and after packing", r.Total.Files))
	for _, group := range []struct {
		title string
		items []Item
	}{{in.T("largest folders:"), r.Folders}, {in.T("largest packages:"), r.Packages}, {in.T("largest files:"), r.Files}} {
		if len(group.items) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s\n", group.title)
		for _, i := range group.items {
			line(i, i.Path)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
