// Package deploy brings a function, its service, its triggers and what else is
// around it at an endpoint to the state that s.yaml describes. Plan compares desired and actual state
// and is pure; Apply carries out what Plan found, and nothing else. The package
// prints nothing and asks nothing.
package deploy

import (
	"context"
	"maps"

	"s/pkg/fc"
	"s/pkg/spec"
)

// Reader reads what is deployed; *fcclient.Client is one.
type Reader interface {
	GetService(ctx context.Context, name string) (*fc.Service, error)
	GetFunction(ctx context.Context, name, qualifier string) (*fc.Function, error)
	ListTriggers(ctx context.Context, function string) ([]fc.Trigger, error)
	AroundReader
}

// Remote is a Reader that can change what is deployed.
type Remote interface {
	Reader
	AroundWriter
	// PutCode gives what a request says of the code that is an archive on disk.
	PutCode(ctx context.Context, path, checksum string) (*fc.Code, error)
	CreateService(ctx context.Context, s fc.Service) (*fc.Service, error)
	UpdateService(ctx context.Context, s fc.Service) (*fc.Service, error)
	CreateFunction(ctx context.Context, f fc.Function, code *fc.Code) (*fc.Function, error)
	UpdateFunction(ctx context.Context, f fc.Function, code *fc.Code) (*fc.Function, error)
	TagFunction(ctx context.Context, arn string, tags []fc.Tag) error
	UntagFunction(ctx context.Context, arn string, keys []string) error
	MoveFunction(ctx context.Context, name, group string) error
	CreateTrigger(ctx context.Context, function string, t fc.Trigger) (*fc.Trigger, error)
	UpdateTrigger(ctx context.Context, function string, t fc.Trigger) (*fc.Trigger, error)
	DeleteTrigger(ctx context.Context, function, name string) error
}

// Desired is the state that one resource of s.yaml asks for.
type Desired struct {
	Resource string // its name in s.yaml
	Region   string
	// Service is set in edition 1.0.0; it holds role, network, logs and mounts
	// then, and those of Function don't count.
	Service  *fc.Service
	Function fc.Function
	Triggers []fc.Trigger
	// Around are the resources beside the function.
	Around spec.Around
	// Before is what an earlier deployment made, as far as it is known.
	Before Footprint
	// Code is nil for container images.
	Code *Archive
	// Image is the image of a container if it is on this machine and the cloud
	// pulls it from a registry; nil otherwise.
	Image *Image
}

// Archive is packed code: a zip file on disk or an object in OSS.
type Archive struct {
	Path     string
	Size     int64  // bytes
	Checksum string // CRC-64/ECMA, unsigned decimal
	Source   string // the folder or file that it was made from
	// Reused is true if an earlier archive of the same tree was taken.
	Reused bool
	// LeftOut names what the default rules kept out of a new archive.
	LeftOut []string

	OSSBucket string
	OSSObject string
}

// Actual is what is deployed; nil where nothing is.
type Actual struct {
	Service  *fc.Service
	Function *fc.Function
	Triggers []fc.Trigger
	Around   Around
	// Qualifier is the version or alias that was read; empty is what was deployed last.
	Qualifier string
	// Image is the digest of the function's image, after a plan was carried out.
	Image string
}

// Want gives the desired state of a resource with its packed code. env are the
// variables that the code's dependencies need; the user's own come over them,
// merged by merge (nil: the user's value wins).
func Want(r *spec.Resource, code *Archive, env map[string]string, merge func(artifact, user map[string]string) map[string]string) Desired {
	d := Desired{Resource: r.Name, Region: r.Region, Function: r.Function, Triggers: r.Triggers, Around: r.Around, Code: code}
	if len(env) > 0 {
		if merge == nil {
			merge = overlay
		}
		d.Function.EnvironmentVariables = merge(env, r.Function.EnvironmentVariables)
	}
	if r.Service != nil {
		service := *r.Service
		d.Service = &service
	}
	d.normalise()
	return d
}

func overlay(under, over map[string]string) map[string]string {
	out := make(map[string]string, len(under)+len(over))
	maps.Copy(out, under)
	maps.Copy(out, over)
	return out
}

// normalise writes out the defaults that both editions document and without
// which a value taken out of s.yaml would stay deployed.
func (d *Desired) normalise() {
	d.normaliseAround()
	f := &d.Function
	if d.Service != nil {
		// They belong to the service in FC 2.0.
		f.Role, f.InternetAccess, f.LogConfig, f.VPCConfig = "", nil, nil, nil
		f.NASConfig, f.OSSMountConfig, f.TracingConfig = nil, nil, nil
	}
	if r := f.CustomRuntimeConfig; r != nil && r.Port == 0 {
		with := *r
		with.Port = fc.DefaultPort
		f.CustomRuntimeConfig = &with
	}
	if k := f.CustomContainerConfig; k != nil && k.Port == 0 {
		with := *k
		with.Port = fc.DefaultPort
		f.CustomContainerConfig = &with
	}
}

// creatable fills what a create request must have and s.yaml may leave out:
// the defaults of the two components, fc and fc3.
func (d *Desired) creatable() fc.Function {
	f := d.Function
	if f.Handler == "" {
		f.Handler = "index.handler"
	}
	if f.Timeout == 0 {
		f.Timeout = fc.DefaultTimeoutSeconds
	}
	if d.Service != nil {
		if f.MemorySize == 0 {
			f.MemorySize = fc.MinMemoryMB
		}
		return f
	}
	if f.MemorySize == 0 {
		f.MemorySize = fc.DefaultMemoryMB
	}
	if f.MemorySize == fc.DefaultMemoryMB && f.CPU == 0 && f.DiskSize == 0 {
		f.CPU, f.DiskSize = 0.35, 512
	}
	if f.InternetAccess == nil {
		yes := true
		f.InternetAccess = &yes
	}
	return f
}
