package instance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/bootstrap"
	"s/pkg/runtime/rapi"
	"s/pkg/runtime/sandbox"
)

// spareLimit is how long a spare may take until it waits. Nobody waits for it.
const spareLimit = time.Minute

// early are beginnings of variables that any program's C library or dynamic linker
// reads when the program starts. Functions that set them get no spare.
var early = [...]string{"LD_", "GLIBC_", "MALLOC_", "LC_", "LANG", "LOCPATH", "NLSPATH", "GCONV_PATH", "TZ", "HOME", "TMPDIR", "RES_", "HOSTALIASES"}

// kind is all that a spare is made of. Functions that agree in it can take each
// other's spares; nothing of a function is in it.
type kind struct {
	key      string // equal for equal kinds
	runtime  string
	launcher sandbox.Launcher
	workDir  string
	spec     sandbox.Spec
}

// kindOf is the kind of spare that an instance can be made of; nil if of none.
func kindOf(cfg *Config, rt fc.Runtime, l *layout) *kind {
	if cfg.Spares == nil || cfg.Debug != nil || cfg.Function.CustomDNS != nil || rt.Custom || l.boot.Early == nil || cfg.Launcher.Isolation().Mode == sandbox.ModeProcess {
		return nil
	}
	for name := range cfg.Function.EnvironmentVariables {
		begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		if slices.ContainsFunc(early[:], begins) || slices.ContainsFunc(l.boot.Early, begins) {
			return nil
		}
	}
	k := &kind{runtime: rt.Name, launcher: cfg.Launcher, workDir: cfg.WorkDir, spec: l.spec}
	k.spec.Mounts = slices.Clone(l.spec.Mounts[l.function:])
	k.spec.Folders = []string{codeDir + "/lib", layerDir + "/lib"}
	env := ours(rt, l)
	maps.Copy(env, l.env)
	k.spec.Env = pairs(env)
	like := k.spec
	like.MemoryMB = 0 // is set when it is assigned
	k.key = fmt.Sprintf("%q %q %+v", k.runtime, k.workDir, like)
	return k
}

// spare is an interpreter that runs its language's bootstrap and waits for a
// function. It is used once, and no user's code ran in it before.
type spare struct {
	kind *kind
	id   string
	proc sandbox.Process
	api  *rapi.Server
	pipe logPipe
}

// newSpare starts one and returns when it waits.
func newSpare(ctx context.Context, k *kind) (*spare, error) {
	s := &spare{kind: k, id: newID()}
	err := s.start(ctx)
	if err == nil {
		err = s.wait(ctx)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *spare) start(ctx context.Context) error {
	spec := s.kind.spec
	if err := place(&spec, s.kind.workDir, s.id); err != nil {
		return err
	}
	secret := rand.Text()
	var err error
	if s.api, err = rapi.Listen(rapi.Config{Now: time.Now, Secret: secret}); err != nil {
		return err
	}
	pipe, w, err := newLogPipe()
	if err != nil {
		return err
	}
	defer w.Close()
	s.pipe = pipe
	spec.Env = append(slices.Clone(spec.Env), "FC_RUNTIME_API="+s.api.Addr(), bootstrap.SpareVariable+"="+secret)
	spec.Stdout, spec.Stderr = w, w
	s.proc, err = s.kind.launcher.Launch(ctx, spec)
	return err
}

func (s *spare) wait(ctx context.Context) error {
	timer := time.NewTimer(spareLimit)
	defer timer.Stop()
	select {
	case <-s.api.Asked():
		return nil
	case <-s.proc.Done():
		return errors.New("the spare ended early")
	case <-timer.C:
		return errors.New("the spare takes too long")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// alive reports whether it still waits.
func (s *spare) alive() bool {
	select {
	case <-s.proc.Done():
		return false
	default:
		return true
	}
}

// close ends a spare that nobody took, and leaves nothing of it.
func (s *spare) close() {
	if s.proc != nil {
		_ = s.proc.Close()
	}
	if s.api != nil {
		s.api.Close(ErrGone)
	}
	if s.pipe.file != nil {
		s.pipe.close()
	}
	_ = os.RemoveAll(filepath.Join(s.kind.workDir, s.id))
}

// adopt makes a spare the instance, if there is one of the kind. If it isn't as
// it should be, it is dropped, and the instance starts as any.
func (i *Instance) adopt(ctx context.Context, rt fc.Runtime, l *layout, k *kind) bool {
	s := i.cfg.Spares.take(k)
	if s == nil {
		return false
	}
	own := i.id
	i.id = s.id // what is mounted in it has its name
	if err := i.become(ctx, s, rt, l); err != nil {
		s.close()
		i.id, i.driver, i.logs, i.proc = own, nil, nil, nil
		return false
	}
	return true
}

// become gives the spare all that makes it an instance of the function: files,
// limits, and at last its environment.
func (i *Instance) become(ctx context.Context, s *spare, rt fc.Runtime, l *layout) error {
	assignable, ok := s.proc.(sandbox.Assignable)
	if !ok {
		return sandbox.ErrCantAssign
	}
	env := environment(i.cfg, rt, i.id, l)
	driver := managedBy(i, s.api, env)
	list := pairs(env)
	if err := assignable.Assign(ctx, sandbox.Assignment{Mounts: l.spec.Mounts[:l.function], MemoryMB: l.spec.MemoryMB, Env: list}); err != nil {
		return err
	}
	i.driver, i.proc, i.logs = driver, s.proc, collect(s.pipe, i.id, i.cfg, nil)
	for _, w := range l.warnings {
		i.logs.say(w)
	}
	return s.api.Assign(i.concurrency(), header(i.cfg, i.id, rapi.AppendHeader), []byte(strings.Join(list, "\x00")))
}
