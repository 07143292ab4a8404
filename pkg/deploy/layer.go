package deploy

import (
	"context"
	"slices"

	"s/pkg/bundle"
	"s/pkg/fc"
)

// LayerPublisher is where layers are published; *fcclient.Client is one.
type LayerPublisher interface {
	ListLayerVersions(ctx context.Context, name string) ([]fc.LayerVersion, error)
	PublishLayerVersion(ctx context.Context, in fc.LayerInput) (*fc.LayerVersion, error)
	// PutCode gives what a request says of the code that is an archive on disk.
	PutCode(ctx context.Context, path, checksum string) (*fc.Code, error)
}

// PublishLayer makes a version of a layer of an archive, unless the newest version
// is that already: then it is given, and same is set. in.Code is taken from the
// archive, which is uploaded if it is too large for a request.
func PublishLayer(ctx context.Context, remote LayerPublisher, in fc.LayerInput, archive *bundle.Bundle) (v *fc.LayerVersion, same bool, err error) {
	versions, err := remote.ListLayerVersions(ctx, in.LayerName)
	if err != nil {
		return nil, false, err
	}
	if newest := NewestLayer(versions); newest != nil && isSame(newest, in, archive.Checksum) {
		return newest, true, nil
	}
	if in.Code, err = remote.PutCode(ctx, archive.Path, archive.Checksum); err != nil {
		return nil, false, err
	}
	v, err = remote.PublishLayerVersion(ctx, in)
	return v, false, err
}

func isSame(v *fc.LayerVersion, in fc.LayerInput, checksum string) bool {
	return v.CodeChecksum == checksum && v.Description == in.Description && slices.Equal(v.CompatibleRuntime, in.CompatibleRuntime)
}

// NewestLayer gives the version with the highest number, or nil.
func NewestLayer(versions []fc.LayerVersion) *fc.LayerVersion {
	var newest *fc.LayerVersion
	for i := range versions {
		if newest == nil || versions[i].Version > newest.Version {
			newest = &versions[i]
		}
	}
	return newest
}
