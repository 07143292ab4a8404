package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"s/pkg/bundle"
	"s/pkg/diag"
)

// Build makes the artifact, or finds it as it should be. It returns nil if the
// code needs no build. Its errors are those of the builders, *bundle.FileError
// for a source that can't be copied, or the context's.
func (bs Builders) Build(ctx context.Context, req Request) (*Artifact, error) {
	req = req.asBefore()
	parts, err := bs.plans(req)
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	if req.CacheDir == "" {
		dir, err := os.MkdirTemp("", "s-build-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		req.CacheDir = dir
	}
	cache := NewCache(req.CacheDir)
	cleaned, err := cache.share(ctx, req.ProjectDir)
	if err != nil {
		return nil, err
	}
	defer cleaned()
	req.doing(diag.Say("waiting for another build of it"))
	unlock, err := cache.lock(ctx, "artifact "+req.ArtifactDir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	req.doing(diag.Say("reading the source"))
	// The source as it is once the lock is ours: another build may have run.
	trees, err := readTrees(ctx, req, parts)
	if err != nil {
		return nil, err
	}
	run := &run{req: req, parts: parts, trees: trees, cache: cache}
	if a, err := run.unchanged(ctx); a != nil || err != nil {
		return a, err
	}
	return run.make(ctx)
}

// run is one build.
type run struct {
	req   Request
	parts []part
	trees *trees
	cache *Cache
}

// unchanged gives the artifact if it is right as it is, else nil.
func (r *run) unchanged(ctx context.Context) (*Artifact, error) {
	s := readStamp(r.req.ArtifactDir)
	if r.req.Fresh || !s.current(r.req.ArtifactDir, r.trees.print(), inputsOf(r.parts)) {
		return nil, nil
	}
	if !r.req.AsBefore && s.How != r.req.sum() {
		return nil, nil // it was built in another way
	}
	// What a newer version stood in for may have been installed since.
	if slices.ContainsFunc(s.Tools, func(t Tool) bool { return !t.Exact }) {
		now, err := r.tools(ctx)
		if err != nil || !slices.Equal(slices.Concat(now...), s.Tools) {
			return nil, nil //nolint:nilerr // the build says it
		}
	}
	env, err := Environment(r.req.ArtifactDir)
	a := &Artifact{Dir: r.req.ArtifactDir, Env: env, Reused: true, Unchanged: true, Tools: s.Tools, Dependencies: dependencies(r.parts)}
	if s.Archive != "" {
		a.Archive = filepath.Join(a.Dir, s.Archive)
	}
	return a, err
}

// tools finds the tools of each part.
func (r *run) tools(ctx context.Context) ([][]Tool, error) {
	all := make([][]Tool, len(r.parts))
	for i, p := range r.parts {
		tools, err := r.toolsOf(ctx, p)
		if err != nil {
			return nil, diag.Errorf("build %s: %w", r.req.Name, err)
		}
		all[i] = tools
	}
	return all, nil
}

func (r *run) toolsOf(ctx context.Context, p part) ([]Tool, error) {
	if r.req.Container == nil {
		return p.Tools(ctx, r.req)
	}
	in, ok := p.Builder.(InContainer)
	if !ok {
		return nil, &HelpError{
			Err:  diag.Errorf("the %s builder doesn't work in containers", p.Name()),
			Help: "run s build without --use-docker: it builds on this machine",
		}
	}
	tools := in.ContainerTools(r.req)
	for i := range tools {
		tools[i].Exact = true
	}
	return append(tools, r.req.Container.tool()), nil
}

func (r *run) make(ctx context.Context) (*Artifact, error) {
	r.req.doing(diag.Say("looking for the tools"))
	tools, err := r.tools(ctx)
	if err != nil {
		return nil, err
	}
	a := &Artifact{
		Dir: r.req.ArtifactDir, Env: environment(r.parts), Reused: true, Dependencies: dependencies(r.parts),
		Tools: slices.Concat(tools...), LeftOut: r.trees.code.leftOut(), Lists: listsOf(r.parts),
	}
	made := make([]*Entry, len(r.parts))
	for i, p := range r.parts {
		key, err := r.key(ctx, p, tools[i])
		if err != nil {
			return nil, err
		}
		r.req.doing(diag.Say("looking into the cache"))
		entry, reused, err := r.cache.Get(ctx, key, r.req.Fresh, func(ctx context.Context, out, scratch string) error {
			return r.part(ctx, p, tools[i], out, scratch)
		})
		if err != nil {
			return nil, r.told(err)
		}
		defer entry.Release()
		made[i] = entry
		a.Reused = a.Reused && reused
	}
	r.req.doing(diag.Say("copying the code"))
	err = assemble(ctx, r.req, r.trees.code, keep(r.parts), func(dir string) error {
		for i, p := range r.parts {
			if err := copyAny(ctx, made[i].Dir, filepath.Join(dir, filepath.FromSlash(p.plan.Into))); err != nil {
				return err
			}
		}
		name, err := r.archive(dir)
		if name != "" {
			a.Archive = filepath.Join(a.Dir, name)
		}
		if err != nil || name != "" {
			return err
		}
		a.TooNew, err = checkArch(r.req, dir)
		return err
	})
	if err != nil {
		return nil, r.told(err)
	}
	return a, r.note(a)
}

// told names the resource in an error of a file that can't be copied.
func (r *run) told(err error) error {
	if errors.As(err, new(*bundle.FileError)) {
		return diag.Errorf("build %s: %w", r.req.Name, err)
	}
	return err
}

// archive names the file in the artifact's folder that is the code as it is,
// empty if the code is the folder.
func (r *run) archive(dir string) (string, error) {
	if !slices.ContainsFunc(r.parts, func(p part) bool { return p.plan.Archive }) {
		return "", nil
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(files) != 1 || files[0].IsDir() {
		return "", diag.Errorf("build %s: the code is an archive that was built, and can't be joined by other parts", r.req.Name)
	}
	return files[0].Name(), nil
}

// note writes what the artifact is and what it was made from beside it.
func (r *run) note(a *Artifact) error {
	if err := writeEnv(r.req.ArtifactDir, a.Env); err != nil {
		return err
	}
	s := stamp{Source: r.trees.print(), Inputs: inputsOf(r.parts), Tools: a.Tools, Chosen: r.req.chosen(), How: r.req.sum()}
	if !r.trees.settled() {
		s.Source = ""
	}
	if a.Archive != "" {
		s.Archive = filepath.Base(a.Archive)
	}
	return s.write(r.req.ArtifactDir)
}

// part makes one part.
func (r *run) part(ctx context.Context, p part, tools []Tool, out, scratch string) error {
	job := &Job{Request: r.req, Plan: p.plan, Tools: tools, Out: out, Scratch: scratch}
	if p.plan.Compiles {
		job.Work = filepath.Join(scratch, "work")
		if err := os.MkdirAll(job.Work, 0o700); err != nil { // of code without files there would be none
			return err
		}
		if err := copyTree(ctx, r.trees.root(p), job.Work, nil); err != nil {
			return err
		}
	}
	if err := p.Make(ctx, job); err != nil {
		return err
	}
	return r.hide(p, out)
}

// key is what a part is kept by: all that decides it.
func (r *run) key(ctx context.Context, p part, tools []Tool) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%s\n%q\n", p.Name(), p.plan.Inputs, r.req.Target(), r.req.Args)
	if p.plan.Compiles && r.req.NoDefaultIgnore {
		fmt.Fprintln(sum, "nothing is left out by default")
	}
	for _, name := range sortedKeys(r.req.Env) {
		fmt.Fprintf(sum, "%q=%q\n", name, r.req.Env[name])
	}
	for _, t := range tools {
		fmt.Fprintf(sum, "%q %q %q\n", t.Name, t.Version, t.Path)
	}
	if p.plan.Compiles {
		content, err := r.trees.root(p).content(ctx)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s\n", content)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16]), nil
}

// inputsOf sums up what decides the parts besides source and tools.
func inputsOf(parts []part) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n", driverVersion)
	for _, p := range parts {
		fmt.Fprintf(sum, "%s %s %s\n", p.Name(), p.plan.Inputs, p.plan.Into)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// assemble makes the artifact: a copy of the source with what add puts beside
// it. The former artifact stays until the new one is complete; on an error
// nothing of the new one remains.
func assemble(ctx context.Context, req Request, t *tree, keep func(string) bool, add func(dir string) error) (err error) {
	dir, err := stage(req.ArtifactDir)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if err := copyTree(ctx, t, dir, keep); err != nil {
		return err
	}
	if err := add(dir); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// From here on the old notes don't fit.
	if err := os.Remove(req.ArtifactDir + stampSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return swap(dir, req.ArtifactDir)
}
