package bundle

import (
	"archive/zip"
	"hash/crc64"
	"io"
	"os"
	stdpath "path"
	"path/filepath"
	"strconv"
	"strings"

	"s/pkg/diag"
)

// take describes an archive that the user made himself.
func take(path string, opts Options) (*Bundle, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".zip", ".jar", ".war":
	default:
		return nil, diag.Errorf("%s is neither a folder nor a .zip, .jar or .war archive", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b := &Bundle{Path: path}
	z, err := zip.NewReader(f, info.Size())
	if info.Size() > opts.Limit {
		over := &TooLargeError{Limit: opts.Limit}
		if err == nil {
			over.Report = reportZip(z)
		}
		return nil, over
	}
	if err != nil {
		return nil, diag.Errorf("%s: %w", path, err)
	}
	for _, entry := range z.File {
		if err := checkEntry(entry); err != nil {
			return nil, diag.Errorf("%s: %w", path, err)
		}
		if !entry.FileInfo().IsDir() {
			b.Files++
			b.Source += int64(entry.UncompressedSize64)
		}
	}
	size, sum, err := checksum(f)
	b.Size, b.Checksum = size, decimal(sum)
	return b, err
}

// checkZip makes sure that a file is an archive that can be taken.
func checkZip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	for _, entry := range z.File {
		if err := checkEntry(entry); err != nil {
			return err
		}
	}
	return nil
}

// checkEntry refuses what can't be unpacked into the code folder: names that
// lead out of it, and passwords.
func checkEntry(f *zip.File) error {
	name := f.Name
	if creator := f.CreatorVersion >> 8; creator != creatorUnix>>8 && creator != creatorDarwin {
		name = strings.ReplaceAll(name, `\`, "/") // of archives from Windows
	}
	name = strings.TrimSuffix(name, "/")
	if stdpath.IsAbs(name) || !within(stdpath.Clean(name)) {
		return &FileError{Path: f.Name, Reason: "leads out of the code folder"}
	}
	if f.Flags&flagEncrypted != 0 {
		return &FileError{Path: f.Name, Reason: "is encrypted"}
	}
	return nil
}

// Checksum gives the size of a file in bytes and its CRC-64/ECMA in unsigned
// decimal, as codeChecksum of GetFunction has it.
func Checksum(path string) (int64, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	n, sum, err := checksum(f)
	return n, decimal(sum), err
}

func checksum(r io.Reader) (int64, uint64, error) {
	sum := crc64.New(crc64.MakeTable(crc64.ECMA))
	n, err := io.CopyBuffer(struct{ io.Writer }{sum}, struct{ io.Reader }{r}, make([]byte, 256<<10))
	return n, sum.Sum64(), err
}

func decimal(sum uint64) string { return strconv.FormatUint(sum, 10) }
