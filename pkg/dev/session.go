package dev

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"s/pkg/build"
	"s/pkg/deploy"
	"s/pkg/local"
	"s/pkg/runtime/debugger"
	"s/pkg/spec"
	"s/pkg/watch"
)

// Server is what serves the functions; *local.Dev is it.
type Server interface {
	// Set serves these functions and no others.
	Set(ctx context.Context, functions []local.DevFunction) error
	// Warm starts an instance of a function.
	Warm(ctx context.Context, name string) error
}

// Session keeps what a server serves up with a project's files.
type Session struct {
	// Load reads s.yaml and gives the resources that are meant.
	Load func(ctx context.Context) (*spec.Project, []*spec.Resource, error)
	// File is the s.yaml as given, to look at while it can't be read; empty is
	// that of this folder.
	File     string
	Preparer deploy.Preparer
	Builders build.Builders
	Server   Server
	// Debug says how the n-th resource is debugged; nil is not at all.
	Debug func(ctx context.Context, r *spec.Resource, n int) (*debugger.Options, error)
	Tell  Teller

	project   *spec.Project
	resources []*spec.Resource
	states    map[string]*state
	config    string // of s.yaml and what belongs to it
}

// Teller is told what happens. All of it comes from one goroutine.
type Teller interface {
	// Serving is told what is served, whenever s.yaml was read anew.
	Serving(project *spec.Project, resources []*spec.Resource)
	// Reloaded is told that new code of a resource answers from now on, or that
	// s.yaml was read again.
	Reloaded(resource string)
	// Failed is told why something couldn't be served anew; what was served
	// before still is. The resource is empty if it is s.yaml.
	Failed(resource string, err error)
}

// state is a resource as it is served.
type state struct {
	look
	function local.DevFunction
	served   bool
}

// Start reads s.yaml, makes everything ready and serves it. The error is that of
// s.yaml, or of the first resource that can't be served.
func (s *Session) Start(ctx context.Context) error {
	s.states = map[string]*state{}
	s.config = s.configPrint()
	var err error
	if s.project, s.resources, err = s.Load(ctx); err != nil {
		return err
	}
	s.config = s.configPrint()
	for n, r := range s.resources {
		// Before the build: what changes while it runs is built next.
		if err := s.prepare(ctx, r, n, see(ctx, s.Builders, s.project, r)); err != nil {
			return err
		}
	}
	if err := s.serve(ctx); err != nil {
		return err
	}
	s.Tell.Serving(s.project, s.resources)
	s.warm(ctx)
	return nil
}

// Watch keeps up with the files until the context ends.
func (s *Session) Watch(ctx context.Context) error {
	w := watch.New()
	defer w.Close()
	for ctx.Err() == nil {
		s.refresh(ctx)
		if w.Watch(s.folders()) {
			continue // what was seen before the watching may be stale
		}
		if err := w.Wait(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// refresh looks at everything and serves what changed.
func (s *Session) refresh(ctx context.Context) {
	config := false
	if print := s.configPrint(); print != s.config {
		s.config, config = print, true
		if !s.reload(ctx) {
			return
		}
	}
	changed := s.update(ctx, config)
	if len(changed) == 0 && !config || ctx.Err() != nil {
		return
	}
	if err := s.serve(ctx); err != nil {
		s.failed(ctx, "", err)
	}
	if config {
		s.Tell.Serving(s.project, s.resources)
		s.Tell.Reloaded(filepath.Base(s.project.File))
	}
	for _, name := range changed {
		s.Tell.Reloaded(name)
	}
	s.warm(ctx)
}

// update prepares the resources whose files changed, or with all every one, and
// names those that are to be served anew.
func (s *Session) update(ctx context.Context, all bool) (changed []string) {
	for n, r := range s.resources {
		seen := see(ctx, s.Builders, s.project, r)
		if ctx.Err() != nil {
			return nil
		}
		before := s.states[r.Name]
		if before != nil && before.same(seen) && !all {
			before.folders = seen.folders
			continue
		}
		if err := s.prepare(ctx, r, n, seen); err != nil {
			s.failed(ctx, r.Name, err)
			continue
		}
		if before == nil || !reflect.DeepEqual(before.function, s.states[r.Name].function) {
			changed = append(changed, r.Name)
		}
	}
	return changed
}

// reload reads s.yaml anew; without success all stays as it was.
func (s *Session) reload(ctx context.Context) bool {
	project, resources, err := s.Load(ctx)
	if err != nil {
		s.failed(ctx, "", err)
		return false
	}
	s.project, s.resources = project, resources
	for name := range s.states {
		if !slices.ContainsFunc(resources, func(r *spec.Resource) bool { return r.Name == name }) {
			delete(s.states, name)
		}
	}
	return true
}

func (s *Session) failed(ctx context.Context, resource string, err error) {
	if ctx.Err() == nil {
		s.Tell.Failed(resource, err)
	}
}

// prepare makes a resource ready to be served. Of one that can't be, what was
// seen is remembered, so that it is tried again once that changes.
func (s *Session) prepare(ctx context.Context, r *spec.Resource, n int, seen look) error {
	st := s.states[r.Name]
	if st == nil {
		st = &state{}
		s.states[r.Name] = st
	}
	next := *st
	next.look = seen
	s.states[r.Name] = &next
	if seen.err != nil {
		return seen.err
	}
	var debug *debugger.Options
	var err error
	if s.Debug != nil {
		if debug, err = s.Debug(ctx, r, n); err != nil {
			return err
		}
	}
	f, err := Function(ctx, s.Preparer, s.project, r, debug)
	if err != nil {
		return err
	}
	f.Revision = seen.print
	next.function, next.served = f, true
	return nil
}

// serve hands the server all that can be served.
func (s *Session) serve(ctx context.Context) error {
	var functions []local.DevFunction
	for _, r := range s.resources {
		if st := s.states[r.Name]; st != nil && st.served {
			functions = append(functions, st.function)
		}
	}
	return s.Server.Set(ctx, functions)
}

// warm starts the instances that a debugger is to attach to.
func (s *Session) warm(ctx context.Context) {
	if s.Debug == nil {
		return
	}
	for _, r := range s.resources {
		if st := s.states[r.Name]; st == nil || st.function.Debug == nil {
			continue
		}
		if err := s.Server.Warm(ctx, r.Name); err != nil {
			s.failed(ctx, r.Name, err)
		}
	}
}

// folders are all that are watched.
func (s *Session) folders() []string {
	var all []string
	for _, file := range s.configFiles() {
		all = append(all, filepath.Dir(file))
	}
	for _, st := range s.states {
		all = append(all, st.folders...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// configFiles are s.yaml and what may belong to it: the files beside it that are
// YAML, JSON or hold variables.
func (s *Session) configFiles() []string {
	file := s.File
	if file == "" {
		file = "s.yaml"
	}
	if p := s.project; p != nil {
		file = p.File
		if !filepath.IsAbs(file) {
			file = filepath.Join(p.Dir, filepath.Base(file))
		}
	}
	file, _ = filepath.Abs(file) // fails without a working directory only
	files := []string{file}
	names, _ := os.ReadDir(filepath.Dir(file)) // what can't be read isn't there
	for _, n := range names {
		switch ext := strings.ToLower(filepath.Ext(n.Name())); {
		case n.IsDir() || n.Name() == filepath.Base(file):
		case ext == ".yaml", ext == ".yml", strings.HasPrefix(n.Name(), ".env"):
			files = append(files, filepath.Join(filepath.Dir(file), n.Name()))
		}
	}
	return files
}

// configPrint changes with the files of s.yaml.
func (s *Session) configPrint() string {
	var b strings.Builder
	for _, file := range s.configFiles() {
		info, err := os.Stat(file)
		if err != nil {
			fmt.Fprintln(&b, file, "isn't there")
			continue
		}
		fmt.Fprintln(&b, file, info.Size(), info.ModTime().UnixNano())
	}
	return b.String()
}
