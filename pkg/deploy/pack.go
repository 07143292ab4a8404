package deploy

import (
	"context"
	"errors"
	"io/fs"
	"os"
	stdpath "path"
	"path/filepath"
	"strings"

	"s/pkg/bundle"
	"s/pkg/diag"
	"s/pkg/fc"
)

// PackInput says what to pack. Source or URL is set.
type PackInput struct {
	Source   string // absolute: a folder, .zip, .jar or .war
	URL      string // http or https, of an archive
	CacheDir string // where archives are kept between deployments
	Name     string // of the archive, without extension
	// Whole is set if a .jar or .war is to be in the code as it is, since the
	// function starts it with `java -jar`; else its contents are the code.
	Whole bool
	// NoDefaultIgnore packs what is left out by default, too.
	NoDefaultIgnore bool
	// Looker looks at what is packed anew of a folder; nil if nobody does.
	Looker bundle.Looker
}

// Pack gives the archive of a source. A .zip, .jar or .war is taken as it is,
// from a URL too. A folder is packed with an index, which lies beside the
// archive: what didn't change isn't packed again.
func Pack(ctx context.Context, in PackInput) (*Archive, error) {
	options := bundle.Options{
		Limit: fc.MaxOSSCode, Out: filepath.Join(in.CacheDir, in.Name+".zip"), Index: true,
		NoDefaultIgnore: in.NoDefaultIgnore, Skip: in.CacheDir, Looker: in.Looker,
	}
	path, source := in.Source, in.Source
	if in.URL != "" {
		source = bundle.ShowURL(in.URL)
		var err error
		if path, err = bundle.Fetch(ctx, in.URL, bundle.FetchOptions{Dir: in.CacheDir, Name: in.Name, Limit: options.Limit}); err != nil {
			return nil, err
		}
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, diag.Errorf("code %s does not exist", path)
	}
	if err != nil {
		return nil, err
	}
	var made *bundle.Bundle
	if !info.IsDir() && in.Whole && isJava(path) {
		made, err = bundle.PackFile(ctx, path, stdpath.Base(filepath.ToSlash(source)), options)
	} else {
		made, err = bundle.Pack(ctx, path, options)
	}
	if err != nil {
		return nil, err
	}
	return &Archive{
		Path: made.Path, Size: made.Size, Checksum: made.Checksum, Source: source, Reused: made.Reused, LeftOut: made.LeftOut,
	}, nil
}

func isJava(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jar", ".war":
		return true
	}
	return false
}
