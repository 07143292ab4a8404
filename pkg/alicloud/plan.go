package alicloud

import (
	"context"
	"fmt"
	"slices"
	"time"

	"s/pkg/fc"
	"s/pkg/spec"
)

// Kind is what a resource is.
type Kind string

// The kinds.
const (
	KindProject  Kind = "log project"
	KindLogstore Kind = "logstore"
	KindIndex    Kind = "log index"
	KindBucket   Kind = "OSS bucket"
	KindRole     Kind = "RAM role"
	KindPolicy   Kind = "policy of the role"
)

// Resource is one that "auto" stands for. Name is the name in its service; of what
// is in another one, such as a logstore, Within is that.
type Resource struct {
	Kind   Kind   `json:"kind"`
	Name   string `json:"name"`
	Within string `json:"within,omitempty"`
	Region string `json:"region"`
}

// Request is what a function needs.
type Request struct {
	Function string // its name
	Auto     spec.Auto
	// Deployed is the function as it is deployed; nil if it isn't. What it has of a
	// configuration is kept, and nothing is looked for.
	Deployed *fc.Function
}

// Plan is what was found of a request, and what is missing.
type Plan struct {
	// Missing is what has to be made, in this order.
	Missing []Resource
	// Notes are lines for a person, about what can't be had here.
	Notes  []string
	client *Client
	parts  []part
}

// part is one block of s.yaml that is "auto".
type part interface {
	// ensure looks for its resources, and makes those that are missing unless the
	// run is dry.
	ensure(ctx context.Context, r *run) error
	// fill puts the block into the function.
	fill(f *fc.Function)
}

// run is one pass over the resources of parts.
type run struct {
	client  *Client
	dry     bool
	missing []Resource
	made    func(Resource)
}

// Plan looks for what a request needs. It makes read calls only.
func (c *Client) Plan(ctx context.Context, q Request) (*Plan, error) {
	p := &Plan{client: c}
	p.parts = c.parts(q)
	r := &run{client: c, dry: true}
	for _, part := range p.parts {
		if err := part.ensure(ctx, r); err != nil {
			return nil, err
		}
	}
	p.Missing = r.missing
	return p, nil
}

func (c *Client) parts(q Request) []part {
	var parts []part
	have := q.Deployed
	if have == nil {
		have = &fc.Function{}
	}
	if q.Auto.Log != nil {
		parts = append(parts, newLogs(c, q.Auto.Log, have.LogConfig))
	}
	if q.Auto.OSSMount != nil {
		parts = append(parts, newMount(c, q.Auto.OSSMount, have.OSSMountConfig))
	}
	if q.Auto.Role {
		parts = append(parts, newRole(c, have.Role))
	}
	return parts
}

// Fill puts the blocks into a function.
func (p *Plan) Fill(f *fc.Function) {
	if p == nil {
		return
	}
	for _, part := range p.parts {
		part.fill(f)
	}
}

// Make makes what is missing, and tells made of each resource once it is there.
// What was made before a failure is found by the next try.
func (p *Plan) Make(ctx context.Context, made func(Resource)) error {
	if p == nil || len(p.Missing) == 0 {
		return nil
	}
	r := &run{client: p.client, made: made}
	for _, part := range p.parts {
		if err := part.ensure(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// How often it is looked whether something new is there, and how long between.
const (
	looks     = 15
	lookPause = 2 * time.Second
)

// ensure looks for a resource, makes it if it isn't there, and waits until it is.
func (r *run) ensure(ctx context.Context, what Resource, get, create func(context.Context) error) error {
	what.Region = r.client.config.Region
	err := get(ctx)
	if err == nil {
		return nil
	}
	if !isMissing(err) {
		return fmt.Errorf("look for the %s %s: %w", what.Kind, what.Name, err)
	}
	if !slices.Contains(r.missing, what) {
		r.missing = append(r.missing, what)
	}
	if r.dry {
		return nil
	}
	if err = create(ctx); err != nil && !isThere(err) {
		return fmt.Errorf("make the %s %s: %w", what.Kind, what.Name, err)
	}
	if err == nil {
		r.made(what)
	}
	return r.await(ctx, what, get)
}

func (r *run) await(ctx context.Context, what Resource, get func(context.Context) error) error {
	for look := 1; ; look++ {
		err := get(ctx)
		if err == nil || !isMissing(err) {
			return err
		}
		if look == looks {
			return fmt.Errorf("the %s %s was made and isn't there after %s: %w", what.Kind, what.Name, (looks-1)*lookPause, err)
		}
		if err := r.client.config.Sleep(ctx, lookPause); err != nil {
			return err
		}
	}
}
