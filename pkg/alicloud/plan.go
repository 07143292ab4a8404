package alicloud

import (
	"context"
	"errors"
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
	KindLinked   Kind = "service-linked role"
	KindVPC      Kind = "VPC"
	KindVSwitch  Kind = "vSwitch"
	KindGroup    Kind = "security group"
	KindFiles    Kind = "NAS file system"
	KindTarget   Kind = "NAS mount target"
	KindDomain   Kind = "domain name"
)

// Resource is one that "auto" stands for. Name is the name in its service; of what
// is in another one, such as a logstore, Within is that.
type Resource struct {
	Kind   Kind   `json:"kind"`
	Name   string `json:"name"`
	Within string `json:"within,omitempty"`
	Region string `json:"region"`
	// ID is what the service calls it, where names needn't be unique: known once it
	// is made. Of a mount target it is the file system's, "/", and its domain.
	ID string `json:"id,omitempty"`
}

// Request is what a function needs.
type Request struct {
	Function string // its name
	// Service is the name of the service that the blocks are of, in edition 1.0.0;
	// empty in 3.0.0, where the function has them.
	Service string
	Auto    spec.Auto
	// Domain asks for the name in the DNS of a custom domain that isn't deployed.
	Domain bool
	// VPC is what s.yaml says itself of the network, if it isn't "auto".
	VPC *fc.VPCConfig
	// Deployed has the blocks as they are deployed; nil if nothing is. What it has of
	// a configuration is kept, and nothing is looked for.
	Deployed *fc.Function
}

// Twice is a name that several resources have. Taken is the id of the one that was
// taken, the first in the service's list.
type Twice struct {
	Kind  Kind
	Name  string
	Count int
	Taken string
}

// Plan is what was found of a request, and what is missing.
type Plan struct {
	// Missing is what has to be made, in this order.
	Missing []Resource
	// Twice are names that weren't unique.
	Twice  []Twice
	waits  bool // something is there that isn't ready yet
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
	twice   []Twice
	waits   bool
	made    func(Resource)
}

// Unmade stands in a plan for what is known only once it is made, such as the id of
// a VPC.
const Unmade = "(new)"

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
	p.Missing, p.Twice, p.waits = r.missing, r.twice, r.waits
	return p, nil
}

// Assume takes all for there that a request needs, without a call: for a function of
// the working tree, which is deployed nowhere.
func (c *Client) Assume(q Request) *Plan { return &Plan{client: c, parts: c.parts(q)} }

func (c *Client) parts(q Request) []part {
	var parts []part
	have := q.Deployed
	if have == nil {
		have = &fc.Function{}
	}
	if q.Auto.Log != nil {
		parts = append(parts, newLogs(c, q, have.LogConfig))
	}
	if q.Auto.OSSMount != nil {
		parts = append(parts, newMount(c, q.Auto.OSSMount, have.OSSMountConfig))
	}
	if q.Auto.Linked && !c.config.Local && q.Deployed == nil {
		parts = append(parts, &linked{c})
	}
	if q.Auto.VPC != nil || q.Auto.NAS != nil {
		network := newNetwork(c, q, have.VPCConfig)
		if q.Auto.VPC != nil {
			parts = append(parts, network)
		}
		if q.Auto.NAS != nil {
			parts = append(parts, newFiles(c, q, network, have.NASConfig))
		}
	}
	if q.Auto.Role {
		parts = append(parts, newRole(c, have.Role))
	}
	if q.Domain && !c.config.Local {
		_, function := fc.SplitName(q.Function)
		parts = append(parts, &domainName{Client: c, function: function, service: q.Service})
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

// FillService puts the blocks into a service of FC 2.0.
func (p *Plan) FillService(s *fc.Service) {
	f := OfService(*s)
	p.Fill(&f)
	s.Role, s.LogConfig, s.VPCConfig, s.NASConfig, s.OSSMountConfig = f.Role, f.LogConfig, f.VPCConfig, f.NASConfig, f.OSSMountConfig
}

// OfService gives a function with the blocks of a service of FC 2.0, which are a
// function's in FC 3.0.
func OfService(s fc.Service) fc.Function {
	return fc.Function{Role: s.Role, LogConfig: s.LogConfig, VPCConfig: s.VPCConfig, NASConfig: s.NASConfig, OSSMountConfig: s.OSSMountConfig}
}

// Ready reports whether all is there and can be used.
func (p *Plan) Ready() bool { return p == nil || len(p.Missing) == 0 && !p.waits }

// Make makes what is missing, and tells made of each resource once it is there.
// What was made before a failure is found by the next try.
func (p *Plan) Make(ctx context.Context, made func(Resource)) error {
	if p.Ready() {
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

// How often it is looked whether something new is there, and how long between. File
// systems take longer (the components of the other tool look 40 times).
const (
	looks      = 15
	looksFiles = 40
	lookPause  = 2 * time.Second
)

// errNotReady is what get of ensure says of something that is there and can't be
// used yet.
var errNotReady = errors.New("it isn't ready")

// ensure looks for a resource, makes it if it isn't there, and waits until it is,
// and ready. Its create may set the id of what.
func (r *run) ensure(ctx context.Context, what *Resource, get, create func(context.Context) error) error {
	what.Region = r.client.config.Region
	err := get(ctx)
	if err == nil {
		return nil
	}
	if errors.Is(err, errNotReady) {
		if r.waits = true; r.dry {
			return nil
		}
		return r.await(ctx, *what, get)
	}
	if !isMissing(err) {
		return fmt.Errorf("look for the %s %s: %w", what.Kind, what.Name, err)
	}
	r.lacks(*what)
	if r.dry {
		return nil
	}
	if err = create(ctx); err != nil && !isThere(err) {
		return fmt.Errorf("make the %s %s: %w", what.Kind, what.Name, err)
	}
	if err == nil {
		r.made(*what)
	}
	return r.await(ctx, *what, get)
}

// lacks notes something that is missing.
func (r *run) lacks(what Resource) {
	what.Region = r.client.config.Region
	if !slices.Contains(r.missing, what) {
		r.missing = append(r.missing, what)
	}
}

// notUnique notes a name that several resources have, of which the first was taken.
func (r *run) notUnique(kind Kind, name string, count int, taken string) {
	t := Twice{kind, name, count, taken}
	if count > 1 && !slices.Contains(r.twice, t) {
		r.twice = append(r.twice, t)
	}
}

func (r *run) await(ctx context.Context, what Resource, get func(context.Context) error) error {
	most := looks
	if what.Kind == KindFiles || what.Kind == KindTarget {
		most = looksFiles
	}
	for look := 1; ; look++ {
		err := get(ctx)
		if err == nil || !isMissing(err) && !errors.Is(err, errNotReady) {
			return err
		}
		if look == most {
			return fmt.Errorf("the %s %s was made and isn't there after %s: %w", what.Kind, what.Name, time.Duration(most-1)*lookPause, err)
		}
		if err := r.client.config.Sleep(ctx, lookPause); err != nil {
			return err
		}
	}
}

// missing is what get of ensure says of something that no list has.
func missing(service, action string) error {
	return &Error{Service: service, Action: action, Status: 404, Code: "NotFound", Message: "nothing has that name"}
}
