package instance

import (
	"cmp"

	"s/pkg/fc"
	"s/pkg/runtime/sandbox"
)

// NoImages is the error of a container function where nothing can be mounted.
func NoImages(i sandbox.Isolation) error {
	why := cmp.Or(i.Why, "this system has no namespaces")
	return notStarted("images need namespaces to run in, and instances run without here (isolation %s: %s)", i.Mode, why)
}

// contain prepares the start of a container: the image is its root file system,
// neither code nor layers are mounted.
func contain(cfg *Config) (*layout, error) {
	img, k := cfg.Image, cfg.Function.CustomContainerConfig
	if k == nil {
		k = &fc.CustomContainerConfig{}
	}
	args := img.Config.Command(k.Entrypoint, k.Command)
	if len(args) == 0 {
		return nil, notStarted("the image %s has neither ENTRYPOINT nor CMD: set customContainerConfig.command", img.Reference)
	}
	l := &layout{env: img.Config.Vars()}
	l.spec = sandbox.Spec{
		Args: args, Dir: cmp.Or(img.Config.WorkingDir, "/"), User: img.Config.User, MemoryMB: cfg.Function.MemorySize,
		MaxProcesses: fc.MaxProcesses, Port: cmp.Or(k.Port, fc.DefaultPort),
		Image: &sandbox.Image{Dir: img.Dir, Layers: img.Trees()},
	}
	if img.Warning != "" {
		l.warn("%s", img.Warning)
	}
	if l.spec.User != "" && cfg.Launcher.Isolation().Mode == sandbox.ModeUserNamespaces {
		l.spec.User = "" // the namespace has no other
		if !root(img.Config.User) {
			l.warn("the image's user %s needs the rights of root on this machine: uid 0 of the container stands in", img.Config.User)
		}
	}
	return l, l.share(cfg)
}

// root reports whether USER of an image is uid 0.
func root(user string) bool {
	return user == "" || user == "0" || user == "root" || user == "0:0" || user == "root:root"
}
