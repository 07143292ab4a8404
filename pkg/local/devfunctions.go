package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"sync"
	"syscall"

	"s/pkg/fc"
	"s/pkg/local/control"
	"s/pkg/local/store"
	"s/pkg/runtime/debugger"
)

// DevFunction is a function as the working tree has it.
type DevFunction struct {
	// Name is what people call it, the resource's name; it is unique.
	Name     string
	Region   string
	Service  *fc.Service // of edition 1.0.0; nil otherwise
	Function fc.Function
	Triggers []fc.Trigger
	// Code is a folder, which instances see as it is, or a zip archive; empty if
	// the function is an image.
	Code string
	// Fleeting says that the folder will be replaced, by the next build: instances
	// get a copy of it.
	Fleeting bool
	// Layers are folders or zip archives, which instances see as one in /opt; of
	// equal files the first layer's counts.
	Layers []string
	// SharedDir keeps the folders that stand in for NAS file systems and OSS
	// buckets; empty leaves these mounts out.
	SharedDir string
	// Revision changes with the code.
	Revision string
	// Debug, if set, lets a debugger attach; the function then has one instance,
	// which no timeout ends.
	Debug *debugger.Options
}

type devKey struct{ region, name string }

// devEntry is a function as it is served.
type devEntry struct {
	given   DevFunction
	stored  *store.Function
	trigger *store.Trigger // nil without an HTTP trigger
	code    *devCode
	layers  string // the folder for /opt; may be empty
}

// devFunctions are the functions of the working tree, in memory. They take the
// store's place for the gateway.
type devFunctions struct {
	unpack string // where archives are unpacked

	mu      sync.RWMutex
	entries map[devKey]*devEntry
	code    map[string]*devCode // by the hash that stored functions have
	serial  int64

	layerLock sync.Mutex
	layers    map[string]string // folders that were made of layers, by what they are made of
}

// devCode is a version of the code of a function.
type devCode struct {
	dir     string
	own     bool // it was made here, and is removed when nobody needs it
	holds   int
	current bool
}

func (c *devCode) unneeded() bool { return c.own && !c.current && c.holds == 0 }

func newDevFunctions(unpack string) *devFunctions {
	return &devFunctions{unpack: unpack, entries: map[devKey]*devEntry{}, code: map[string]*devCode{}, layers: map[string]string{}}
}

// Resolve finds a function: LATEST, since nothing is published of a working tree.
func (d *devFunctions) Resolve(region, name, qualifier string, _ *store.Choice) (store.Resolved, error) {
	e := d.entry(region, name)
	switch {
	case e == nil:
		return store.Resolved{}, &store.NotFoundError{Kind: store.KindFunction, Name: name}
	case store.IsLatest(qualifier):
		return store.Resolved{Function: e.stored, Qualifier: fc.LatestQualifier}, nil
	}
	kind := store.KindAlias
	if store.IsVersion(qualifier) {
		kind = store.KindVersion
	}
	return store.Resolved{}, &store.NotFoundError{Kind: kind, Name: qualifier, Of: store.KindFunction + " '" + name + "'"}
}

// Leads reports whether a function is still the one that it was.
func (d *devFunctions) Leads(r store.Resolved) bool {
	e := d.entry(r.Function.Region, r.Function.Function.FunctionName)
	return e != nil && e.stored == r.Function
}

func (d *devFunctions) entry(region, name string) *devEntry {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.entries[devKey{region, name}]
}

// HTTPTrigger finds a function's HTTP trigger.
func (d *devFunctions) HTTPTrigger(region, function, _ string) (*store.Trigger, error) {
	if e := d.entry(region, function); e != nil && e.trigger != nil {
		return e.trigger, nil
	}
	return nil, &store.NotFoundError{Kind: store.KindTrigger, Name: fc.TriggerHTTP}
}

// TriggerByHost finds none: triggers have a port each, not a host name.
func (d *devFunctions) TriggerByHost(_, label string) (*store.Trigger, error) {
	return nil, &store.NotFoundError{Kind: store.KindTrigger, Name: label}
}

// OpenCode gives the folder of a version of the code.
func (d *devFunctions) OpenCode(hash string) (dir string, release func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.code[hash]
	if c == nil {
		return "", nil, errors.New("this version of the code is no longer served")
	}
	c.holds++
	return c.dir, sync.OnceFunc(func() {
		d.mu.Lock()
		c.holds--
		unneeded := c.unneeded()
		d.mu.Unlock()
		if unneeded {
			_ = os.RemoveAll(c.dir) // all goes at the end
		}
	}), nil
}

// OpenLayers finds none: a function's layers are set when its instances are
// configured (Dev.adjust).
func (d *devFunctions) OpenLayers([]store.Code) (dir string, release func(), err error) {
	return "", func() {}, nil
}

// prepare completes a function as creating it would. What didn't change is given
// back as it is.
func (d *devFunctions) prepare(f DevFunction) (*devEntry, error) {
	key := devKey{f.Region, f.Function.FunctionName}
	if old := d.entry(key.region, key.name); old != nil && reflect.DeepEqual(old.given, f) {
		return old, nil
	}
	e := &devEntry{given: f, stored: &store.Function{Region: f.Region, Function: f.Function}}
	if err := control.Complete(e.stored, f.Service); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	var err error
	if e.layers, err = d.layersOf(f); err != nil {
		return nil, err
	}
	for _, t := range f.Triggers {
		if t.TriggerType != fc.TriggerHTTP {
			continue
		}
		config, err := control.HTTPConfig(t.TriggerConfig)
		if err != nil {
			return nil, fmt.Errorf("%s: trigger %s: %w", f.Name, t.TriggerName, err)
		}
		e.trigger = &store.Trigger{Region: f.Region, Function: key.name, Trigger: t, HTTP: config}
		break
	}
	if f.Debug != nil {
		withoutLimits(&e.stored.Function)
	}
	return e, d.codeOf(e)
}

// withoutLimits gives a function all the time that there is.
func withoutLimits(f *fc.Function) {
	f.Timeout = fc.MaxTimeoutSeconds
	if f.InstanceLifecycleConfig == nil {
		return
	}
	hooks := *f.InstanceLifecycleConfig
	for _, hook := range []**fc.LifecycleHook{&hooks.Initializer, &hooks.PreStop, &hooks.PreFreeze} {
		if *hook != nil {
			own := **hook
			own.Timeout = fc.MaxTimeoutSeconds
			*hook = &own
		}
	}
	f.InstanceLifecycleConfig = &hooks
}

// codeOf makes sure that the code is a folder that stays as it is while instances
// of an older version run, unless it is the user's own.
func (d *devFunctions) codeOf(e *devEntry) error {
	d.mu.Lock()
	d.serial++
	e.stored.Revision = d.serial
	d.mu.Unlock()
	e.stored.Code.SHA256 = strconv.FormatInt(e.stored.Revision, 10)
	e.code = &devCode{dir: e.given.Code}
	if e.stored.Image() != "" {
		return nil
	}
	info, err := os.Stat(e.given.Code)
	if err != nil {
		return fmt.Errorf("%s: code: %w", e.given.Name, err)
	}
	own := filepath.Join(d.unpack, e.stored.Code.SHA256)
	switch {
	case !info.IsDir():
		e.code = &devCode{dir: own, own: true}
		err = store.Unpack(e.given.Code, own)
	case e.given.Fleeting:
		e.code = &devCode{dir: own, own: true}
		err = link(e.given.Code, own)
		if errors.Is(err, syscall.EXDEV) || errors.Is(err, fs.ErrPermission) { // on another disk, say
			e.code, err = &devCode{dir: e.given.Code}, os.RemoveAll(own)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: code: %w", e.given.Name, err)
	}
	return nil
}

// link makes a tree of the same files.
func link(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			text, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(text, target)
		}
		return os.Link(path, target)
	})
}

// set serves these and no others, and tells which keys changed.
func (d *devFunctions) set(entries []*devEntry) (changed []devKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.entries
	d.entries = map[devKey]*devEntry{}
	for _, e := range entries {
		key := devKey{e.given.Region, e.given.Function.FunctionName}
		d.entries[key] = e
		d.code[e.stored.Code.SHA256] = e.code
		e.code.current = true
		if old[key] != e {
			changed = append(changed, key)
		}
	}
	for key, e := range old {
		now := d.entries[key]
		if now == nil {
			changed = append(changed, key)
		}
		if now == e {
			continue
		}
		e.code.current = false
		delete(d.code, e.stored.Code.SHA256)
		if e.code.unneeded() {
			_ = os.RemoveAll(e.code.dir) // all goes at the end
		}
	}
	return changed
}

// wants reports whether a function is this image.
func (d *devFunctions) wants(image string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, e := range d.entries {
		if e.stored.Image() == image {
			return true
		}
	}
	return false
}

// named finds the function that an instance's configuration is of.
func (d *devFunctions) named(region string, f fc.Function) *devEntry {
	return d.entry(region, f.FunctionName)
}
