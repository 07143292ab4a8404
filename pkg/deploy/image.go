package deploy

import (
	"context"
	"strings"

	"s/pkg/fc"
)

// Image is an image on this machine that a function is to run.
type Image struct {
	From string // docker, podman or a file
	// Digest is that of the image in the registry; empty if it isn't known before
	// it is pushed.
	Digest string
	// Pushed reports that the registry has it under the function's reference.
	Pushed bool
	// Push brings it to the registry and gives its digest.
	Push func(ctx context.Context) (digest string, err error)
}

// ImageChange says which image replaces which.
type ImageChange struct {
	Old  string `json:"old,omitempty"` // digest, if it is known
	New  string `json:"new,omitempty"` // digest, if it is known before the push
	From string `json:"from"`          // docker, podman or a file
	Push bool   `json:"push"`          // it isn't in the registry yet
}

// UseImage has the function run the file that a build wrote its image to, as the
// local cloud can. Without such a file it does nothing.
func (p *Prepared) UseImage() {
	if p.Image != "" {
		p.SetImage(fc.JoinLocalImage(fc.TransportDockerArchive, p.Image, ""))
	}
}

// SetImage has the function run an image of another name.
func (p *Prepared) SetImage(name string) {
	container := *p.Desired.Function.CustomContainerConfig
	container.Image = name
	p.Desired.Function.CustomContainerConfig = &container
}

// planImage compares the image on this machine with what is deployed. nil is no
// difference. A name that stands for the same image as when it was deployed is
// none, and neither is one of which nobody knows what was deployed, if the registry
// has it.
func planImage(desired Desired, have *fc.Function) *ImageChange {
	image := desired.Image
	if image == nil {
		return nil
	}
	old := deployedImage(desired.Before, have)
	if have != nil && image.Pushed && (old == "" || old == image.Digest) {
		return nil
	}
	if have == nil && image.Pushed {
		return nil // the name says it all
	}
	return &ImageChange{Old: old, New: image.Digest, From: image.From, Push: !image.Pushed}
}

// deployedImage is the digest of what the function runs: what was deployed, or what
// the service says.
func deployedImage(before Footprint, have *fc.Function) string {
	if before.Image != "" || have == nil || have.CustomContainerConfig == nil {
		return before.Image
	}
	_, digest, _ := strings.Cut(have.CustomContainerConfig.ResolvedImageURI, "@")
	return digest
}

// image pushes what has to be pushed, and gives the digest of what the function
// runs afterwards.
func (a *applier) image(ctx context.Context, change Change) (string, error) {
	image := a.plan.desired.Image
	switch {
	case image == nil:
		return "", nil
	case image.Pushed:
		return image.Digest, nil
	case change.Image == nil: // the image isn't what this run is about
		return "", nil
	}
	return image.Push(ctx)
}

// withoutResolved is a function less what the service found its image to be.
func withoutResolved(f fc.Function) fc.Function {
	if k := f.CustomContainerConfig; k != nil {
		container := *k
		container.ResolvedImageURI = ""
		f.CustomContainerConfig = &container
	}
	return f
}

// imageText is the line of a plan.
func imageText(c ImageChange, style Style) string {
	switch {
	case c.Push && c.Old == "":
		return style.T("image: pushed from %s", c.From)
	case c.Push:
		return style.T("image: changed, pushed from %s instead of %s", c.From, shortDigest(c.Old))
	}
	return style.T("image: changed, %s instead of %s", shortDigest(c.New), shortDigest(c.Old))
}

// shortDigest is the beginning of a digest, as engines show it.
func shortDigest(digest string) string {
	const enough = len("sha256:") + 12
	return digest[:min(len(digest), enough)]
}
