package build

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
)

// chosen are the options of a build that decide what its artifact is and that
// the next one needs: without them deploy would make another artifact than the
// user has asked for. Variables aren't among them: they may be secrets.
type chosen struct {
	Args       []string `json:"args,omitempty"`
	Shell      string   `json:"shell,omitempty"`
	Script     string   `json:"script,omitempty"`
	Dockerfile string   `json:"dockerfile,omitempty"`
	Context    string   `json:"context,omitempty"`
	Buildkit   bool     `json:"buildkit,omitempty"`
}

// chosen gives what is to be remembered of the options; nil for the usual build.
func (o *Options) chosen() *chosen {
	c := chosen{o.Args, o.Shell, o.Script, o.Dockerfile, o.Context, o.Buildkit}
	if len(c.Args) == 0 && c.Shell == "" && c.Script == "" && c.Dockerfile == "" && c.Context == "" && !c.Buildkit {
		return nil
	}
	return &c
}

// sum is what tells options from others, with the variables and the image; empty
// for the usual build.
func (o *Options) sum() string {
	image := ""
	if o.Container != nil {
		image = o.Container.Image
	}
	if o.chosen() == nil && len(o.Env) == 0 && image == "" && !o.NoDefaultIgnore {
		return ""
	}
	// Maps are in the order of their keys.
	text, err := json.Marshal([]any{o.chosen(), o.Env, image, o.NoDefaultIgnore})
	if err != nil {
		return "" // never: these are texts
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12])
}

// asBefore gives the request with the options of the build that made the
// artifact, if that is what it asks for. A script that is gone isn't asked for
// again.
func (r Request) asBefore() Request {
	if !r.AsBefore {
		return r
	}
	c := readStamp(r.ArtifactDir).Chosen
	if c == nil {
		return r
	}
	if c.Script != "" {
		if _, err := os.Stat(c.Script); err != nil {
			return r
		}
	}
	r.Args, r.Shell, r.Script = c.Args, c.Shell, c.Script
	r.Dockerfile, r.Context, r.Buildkit = c.Dockerfile, c.Context, c.Buildkit
	return r
}
