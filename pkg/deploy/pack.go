package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"s/pkg/bundle"
)

// Packer packs a folder; bundle.Pack is one.
type Packer func(ctx context.Context, dir string, opts bundle.Options) (*bundle.Bundle, error)

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
	Packer   Packer
	Options  bundle.Options // Out is set by Pack
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
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("code %s does not exist", in.Source)
		}
		return nil, err
	}
	if !info.IsDir() {
		return packedFile(in.Source, info)
	}
	print, fresh, err := fingerprint(in)
	if err != nil {
		return nil, err
	}
	out := filepath.Join(in.CacheDir, in.Name+".zip")
	if archive := reuse(out, print); archive != nil {
		archive.Source = in.Source
		return archive, nil
	}
	if err := os.MkdirAll(in.CacheDir, 0o755); err != nil {
		return nil, err
	}
	opts := in.Options
	opts.Out = out
	made, err := in.Packer(ctx, in.Source, opts)
	if err != nil {
		return nil, err
	}
	if !fresh {
		err = writeNote(out, note{Fingerprint: print, Checksum: made.Checksum, Size: made.Size})
	} else {
		err = os.Remove(notePath(out))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &Archive{Path: made.Path, Size: made.Size, Checksum: made.Checksum, Source: in.Source}, nil
}

func packedFile(path string, info fs.FileInfo) (*Archive, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".zip", ".jar", ".war":
	default:
		return nil, fmt.Errorf("code %s is neither a folder nor a .zip, .jar or .war file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sum := crc64.New(crc64.MakeTable(crc64.ECMA))
	if _, err := io.Copy(sum, file); err != nil {
		return nil, err
	}
	return &Archive{Path: path, Size: info.Size(), Checksum: strconv.FormatUint(sum.Sum64(), 10), Source: path}, nil
}

// fingerprint sums up a tree by names, sizes, modes and times. fresh tells that
// something changed so recently that a later change might not show.
func fingerprint(in PackInput) (sum string, fresh bool, err error) {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %t %s\n", packedBy, in.Options.NoDefaultIgnore, in.Source)
	limit := time.Now().Add(-racyWindow)
	err = filepath.WalkDir(in.Source, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (path == in.CacheDir || path != in.Source && !in.Options.NoDefaultIgnore && neverPacked(d.Name())) {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if d.IsDir() {
			// Its time changes with the cache inside it; its entries count.
			fmt.Fprintf(hash, "%q %o\n", path, info.Mode())
			return nil
		}
		link := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			if link, err = os.Readlink(path); err != nil {
				return err
			}
		}
		fresh = fresh || info.ModTime().After(limit)
		fmt.Fprintf(hash, "%q %o %d %d %q\n", path, info.Mode(), info.Size(), info.ModTime().UnixNano(), link)
		return nil
	})
	return hex.EncodeToString(hash.Sum(nil)), fresh, err
}

// neverPacked lists folders that packing leaves out and that change by
// themselves.
func neverPacked(name string) bool { return name == ".git" || name == "__pycache__" }

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

// writeNote replaces the note in one step.
func writeNote(archive string, n note) error {
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
