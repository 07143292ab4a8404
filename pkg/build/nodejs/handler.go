package nodejs

import (
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/diag"
	"s/pkg/fc"
	"s/pkg/toolchain"
)

// handler makes sure that the file of a managed function's handler is there once
// everything is built.
func (m *maker) handler() error {
	rt, _ := fc.LookupRuntime(m.job.Runtime)
	dot := strings.LastIndexByte(m.job.Handler, '.')
	if rt.Language != toolchain.Node || dot < 0 || !m.p.code.builds() {
		return nil
	}
	module := m.job.Handler[:dot]
	var looked []string
	for _, suffix := range []string{".js", ".mjs", ".cjs"} {
		if exists(filepath.Join(m.job.Out, filepath.FromSlash(module+suffix))) {
			return nil
		}
		looked = append(looked, module+suffix)
	}
	help := diag.Say("correct handler in s.yaml, or where the build script writes to")
	if other := m.alike(path.Base(module)); other != "" {
		help = diag.Say("handler: %s", other+m.job.Handler[dot:])
	}
	return &build.HelpError{
		Err:  diag.Errorf("handler %q: the build script made none of %s", m.job.Handler, strings.Join(looked, ", ")),
		Help: help,
	}
}

// alike looks for a module of the same name elsewhere in what was built.
func (m *maker) alike(base string) string {
	var found []string
	_ = filepath.WalkDir(m.job.Out, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == modulesDir {
			return fs.SkipDir
		}
		suffix := filepath.Ext(file)
		if rel, err := filepath.Rel(m.job.Out, file); err == nil && slices.Contains([]string{".js", ".mjs", ".cjs"}, suffix) {
			if rel = strings.TrimSuffix(filepath.ToSlash(rel), suffix); path.Base(rel) == base {
				found = append(found, rel)
			}
		}
		return nil
	}) // it is a hint: what can't be read is passed over
	if len(found) != 1 {
		return ""
	}
	return found[0]
}
