package buildcmd

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"s/pkg/build"
	"s/pkg/build/image"
	"s/pkg/diag"
	"s/pkg/spec"
)

// china is the offset of China's time zone, in seconds: the peer chooses the
// registry of images by it.
const china = 8 * 60 * 60

// container gives where to build a resource in, nil for this machine: if there
// is nothing to do, and, which is said, if no engine answers or the image can't
// be had.
func (o *Options) container(ctx context.Context, p *spec.Project, r *spec.Resource, options build.Options) (*build.Container, error) {
	known := build.Artifacts{Builders: o.Builders}
	needed, err := known.Needed(p, r)
	if err != nil {
		return nil, o.explain(ctx, p, err)
	}
	if !needed && options.Shell == "" && options.Script == "" {
		return nil, nil
	}
	if r.Function.CustomContainerConfig != nil {
		return nil, nil // its image is what is built
	}
	engine := o.engine(ctx, false)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if engine == "" {
		// What is right as it is needs no word about how it would be built.
		if ready, err := known.UpToDate(ctx, p, r); err != nil || ready && !o.NoCache {
			return nil, o.explain(ctx, p, err)
		}
		o.once(func() { o.IO.Errf("no Docker or Podman engine answers: building on this machine") })
		return nil, nil
	}
	lookup := o.LookupEnv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	_, offset := time.Now().Zone()
	name := build.BuildImage(r.Function.Runtime, offset == china, lookup)
	if err := o.image(ctx, engine, name); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		o.IO.Errf("warning: %s: the image %s can't be had (%v): building on this machine", r.Name, name, err)
		return nil, nil
	}
	return &build.Container{Engine: engine, Image: name, User: user(engine)}, nil
}

// user is whom the files of a build belong to: docker's daemon is root whoever
// asks it, podman has the asker be root in the container.
func user(engine string) string {
	if filepath.Base(engine) != "docker" || runtime.GOOS != "linux" {
		return ""
	}
	return fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
}

// image sees to it that the engine has an image, which is pulled only if it
// hasn't.
func (o *Options) image(ctx context.Context, engine, image string) error {
	if o.known != nil { // one pull is enough for all that build in it
		o.known.pull.Lock()
		defer o.known.pull.Unlock()
	}
	inspect := exec.CommandContext(ctx, engine, "image", "inspect", image)
	ended := o.IO.Debug().Tool(inspect.Args)
	err := inspect.Run()
	ended(err)
	if err == nil {
		return nil
	}
	o.IO.Errf("pulling %s …", image)
	pull := exec.CommandContext(ctx, engine, "pull", "--platform", string(build.DefaultPlatform), image)
	pull.WaitDelay = time.Second
	ended = o.IO.Debug().Tool(pull.Args)
	out, err := pull.CombinedOutput()
	ended(err)
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return diag.Errorf("%w: %s", err, strings.TrimSpace(lines[len(lines)-1]))
}

// once tells something at most once in the life of the command.
func (o *Options) once(tell func()) {
	if o.known == nil {
		tell()
		return
	}
	o.known.tell.Do(tell)
}

// known is what the builds of one command share.
type known struct {
	engine, buildkit struct {
		ask  sync.Once
		path string
	}
	tell sync.Once
	pull sync.Mutex
}

func (o *Options) engine(ctx context.Context, buildkit bool) string {
	if o.known == nil {
		return o.askEngine(ctx, buildkit)
	}
	answer := &o.known.engine
	if buildkit {
		answer = &o.known.buildkit
	}
	answer.ask.Do(func() { answer.path = o.askEngine(ctx, buildkit) })
	return answer.path
}

// engineTimeout is how long an engine may take to answer.
const engineTimeout = 3 * time.Second

func (o *Options) askEngine(ctx context.Context, buildkit bool) string {
	if o.Engine != nil {
		return o.Engine(ctx, buildkit)
	}
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	return image.Engine(ctx, buildkit, func(ctx context.Context, argv []string) error {
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.WaitDelay = time.Second
		ended := o.IO.Debug().Tool(cmd.Args)
		err := cmd.Run()
		ended(err)
		return err
	})
}
