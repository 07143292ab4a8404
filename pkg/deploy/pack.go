package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"s/pkg/bundle"
	"s/pkg/fcclient"
)

// racyWindow is how fresh a file may be for its time to be trusted: file
// systems keep times by ticks of some milliseconds, so that a file written
// again within one keeps its time.
const racyWindow = 50 * time.Millisecond

// packedBy changes when packing does, so that older archives aren't taken.
const packedBy = "1"

// PackInput says what to pack.
type PackInput struct {
	Source   string // absolute: a folder, .zip, .jar or .war
	CacheDir string // where archives are kept between deployments
	Name     string // of the archive, without extension
}

// note is kept beside a packed archive: what tree it was made from.
type note struct {
	Fingerprint string `json:"fingerprint"`
	Checksum    string `json:"checksum"`
	Size        int64  `json:"size"`
}

// Pack gives the archive of a source. An archive file is taken as it is. A
// folder is packed only if something in it changed since the last time: names,
// sizes, modes and times are compared, not contents.
func Pack(ctx context.Context, in PackInput) (*Archive, error) {
	info, err := os.Stat(in.Source)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("code %s does not exist", in.Source)
	}
	if err != nil {
		return nil, err
	}
	options := bundle.Options{Limit: fcclient.MaxInlineZip}
	if !info.IsDir() {
		made, err := bundle.Pack(ctx, in.Source, options)
		if err != nil {
			return nil, err
		}
		return &Archive{Path: made.Path, Size: made.Size, Checksum: made.Checksum, Source: in.Source}, nil
	}
	options.Out = filepath.Join(in.CacheDir, in.Name+".zip")
	tree, err := bundle.List(ctx, in.Source, bundle.ListOptions{Skip: options.Out})
	if err != nil {
		return nil, err
	}
	print, settled := fingerprint(tree, time.Now())
	if archive := reuse(options.Out, print); archive != nil {
		archive.Source = in.Source
		return archive, nil
	}
	// Between here and the new note there must be none that fits no archive.
	if err := os.Remove(notePath(options.Out)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	made, err := bundle.Pack(ctx, in.Source, options)
	if err != nil {
		return nil, err
	}
	if settled {
		if err := keepNote(options.Out, note{print, made.Checksum, made.Size}); err != nil {
			return nil, err
		}
	}
	return &Archive{Path: made.Path, Size: made.Size, Checksum: made.Checksum, Source: in.Source, LeftOut: made.LeftOut}, nil
}

// fingerprint sums up a tree by names, sizes, modes and times. settled is false
// if a file is so new that a later change of it might not show.
func fingerprint(tree *bundle.Listing, now time.Time) (sum string, settled bool) {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %q\n", packedBy, tree.Root)
	settled = true
	for _, e := range tree.Entries {
		if now.Sub(e.ModTime) < racyWindow {
			settled = false
		}
		fmt.Fprintf(hash, "%q %o %d %d %q\n", e.Path, e.Mode, e.Size, e.ModTime.UnixNano(), e.Target)
	}
	return hex.EncodeToString(hash.Sum(nil)), settled
}

func notePath(archive string) string { return archive + ".json" }

// reuse gives the archive of an earlier run if it was made from the same tree.
func reuse(archive, fingerprint string) *Archive {
	data, err := os.ReadFile(notePath(archive))
	if err != nil {
		return nil
	}
	var kept note
	if json.Unmarshal(data, &kept) != nil || kept.Fingerprint != fingerprint {
		return nil
	}
	info, err := os.Stat(archive)
	if err != nil || info.Size() != kept.Size {
		return nil
	}
	return &Archive{Path: archive, Size: kept.Size, Checksum: kept.Checksum, Reused: true}
}

// keepNote writes the note in one step.
func keepNote(archive string, n note) error {
	data, err := json.Marshal(n)
	if err != nil {
		return err
	}
	temp := notePath(archive) + ".new"
	if err := os.WriteFile(temp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(temp, notePath(archive))
}
