package bundle

import (
	"archive/zip"
	"fmt"
	"hash/crc64"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// take describes an archive that the user made himself.
func take(path string, opts Options) (*Bundle, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".zip", ".jar", ".war":
	default:
		return nil, fmt.Errorf("%s is neither a folder nor a .zip, .jar or .war archive", path)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer z.Close()
	b := &Bundle{Path: path}
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		b.Files++
		b.Source += int64(f.UncompressedSize64)
	}
	if b.Size, b.Checksum, err = Checksum(path); err != nil {
		return nil, err
	}
	if b.Size > opts.Limit {
		return nil, &TooLargeError{Limit: opts.Limit, Report: reportZip(&z.Reader)}
	}
	return b, nil
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
