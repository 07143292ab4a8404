package fcclient

import (
	"context"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/segmentio/asm/base64"

	"s/pkg/fc"
)

// MaxInlineZip is the largest zip archive that goes inside a request, in bytes; a
// larger one is uploaded to OSS.
// The service takes 100 MB of base64 text that way (limits-of-usage), which is
// three quarters of that in bytes.
const MaxInlineZip = 75e6

// TooLargeError is an archive that can't go inside a request.
type TooLargeError struct {
	Size int64 // bytes
}

// Error names the size and the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the code archive has %.1f MB and only %.1f MB can be sent in a request",
		float64(e.Size)/1e6, MaxInlineZip/1e6)
}

// ChangedError is an archive that isn't the one it was when it was packed.
type ChangedError struct {
	Path string
}

// Error names the archive.
func (e *ChangedError) Error() string {
	return fmt.Sprintf("the packed code %s was replaced meanwhile, perhaps by another s; run it again", e.Path)
}

// InlineCode reads a zip archive into the code of a create or update request.
// checksum is its CRC-64/ECMA as decimal; an archive that has another one is a
// *ChangedError. The service verifies it, too.
func InlineCode(path, checksum string) (*fc.Code, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > MaxInlineZip {
		return nil, &TooLargeError{Size: info.Size()}
	}
	// One pass encodes it while the other sums it up.
	sum := make(chan string, 1)
	go func() { sum <- checksumOf(io.NewSectionReader(f, 0, info.Size())) }()
	text, err := encode(io.NewSectionReader(f, 0, info.Size()), info.Size())
	if got := <-sum; err == nil && checksum != "" && got != checksum {
		err = &ChangedError{Path: path}
	}
	if err != nil {
		return nil, err
	}
	return &fc.Code{ZipFile: text, Checksum: checksum}, nil
}

// checksumOf is the CRC-64/ECMA of what r gives, decimal; empty if it can't be read.
func checksumOf(r io.Reader) string {
	sum := crc64.New(crc64.MakeTable(crc64.ECMA))
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, struct{ io.Reader }{r}, make([]byte, 96<<10)); err != nil {
		return ""
	}
	return strconv.FormatUint(sum.Sum64(), 10)
}

// encode gives the size bytes of r as base64, made in pieces that fit the processor's
// cache.
func encode(r io.Reader, size int64) (string, error) {
	var text strings.Builder // the archive is in memory once, as text
	text.Grow(base64.StdEncoding.EncodedLen(int(size)))
	raw := make([]byte, 96<<10) // a multiple of three: no padding inside
	piece := make([]byte, base64.StdEncoding.EncodedLen(len(raw)))
	for {
		n, err := io.ReadFull(r, raw)
		base64.StdEncoding.Encode(piece, raw[:n])
		text.Write(piece[:base64.StdEncoding.EncodedLen(n)])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return text.String(), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// zipPlace stands for a code.zipFile that was set aside. No text inside a
// document can look like it: its quotes would be escaped.
const zipPlace = `"zipFile":"@"`

// setAside takes the archive out of the code, so that its megabytes, which need
// no escaping, aren't read and copied again and again on their way into a body.
func setAside(code *fc.Code) (rest *fc.Code, zip string) {
	if code == nil || code.ZipFile == "" {
		return code, ""
	}
	with := *code
	with.ZipFile = "@"
	return &with, code.ZipFile
}

// functionJSON is a function as the API of version 2023-03-30 has it. The
// fields here hide those of the same name in fc.Function: layers are ARNs in
// requests and objects in answers, and an empty map or list must be sent for
// the service to clear it.
type functionJSON struct {
	*fc.Function
	FunctionName         string             `json:"functionName,omitempty"`
	EnvironmentVariables *map[string]string `json:"environmentVariables,omitempty"`
	Layers               any                `json:"layers,omitempty"`
	Code                 *fc.Code           `json:"code,omitempty"`
}

// functionAnswer reads a function, layers in either shape.
type functionAnswer struct {
	fc.Function
	Layers layerList `json:"layers"`
}

func (a *functionAnswer) function() *fc.Function {
	f := a.Function
	f.Layers = a.Layers
	return &f
}

// GetFunction reads a function; qualifier may be empty for LATEST.
func (c *Client) GetFunction(ctx context.Context, name, qualifier string) (*fc.Function, error) {
	op := call{action: "GetFunction", method: http.MethodGet, path: c.functionPath(name), query: qualified(qualifier)}
	return c.functionCall(ctx, name, op)
}

// CreateFunction makes a function; code is nil for container images. In FC 2.0
// its service must exist.
func (c *Client) CreateFunction(ctx context.Context, f fc.Function, code *fc.Code) (*fc.Function, error) {
	op := call{action: "CreateFunction", method: http.MethodPost, path: c.path("functions"), repeatable: true}
	rest, zip := setAside(code)
	op.zip = zip
	if c.config.V2 {
		service, _ := fc.SplitName(f.FunctionName)
		op.path = c.path("services", service, "functions")
		op.body, op.header = functionToV2(f, rest, false), checksumHeader(rest)
	} else {
		op.body = createBody(f, rest)
	}
	out, err := c.functionCall(ctx, f.FunctionName, op)
	if made(err) {
		return c.UpdateFunction(ctx, f, code)
	}
	return out, err
}

// UpdateFunction changes a function; a nil code leaves the code as it is.
// Variables and layers that f doesn't have are removed.
func (c *Client) UpdateFunction(ctx context.Context, f fc.Function, code *fc.Code) (*fc.Function, error) {
	op := call{action: "UpdateFunction", method: http.MethodPut, path: c.functionPath(f.FunctionName)}
	code, op.zip = setAside(code)
	if c.config.V2 {
		op.body, op.header = functionToV2(f, code, true), checksumHeader(code)
	} else {
		op.body = updateBody(f, code)
	}
	return c.functionCall(ctx, f.FunctionName, op)
}

// DeleteFunction removes a function, which must have no trigger.
func (c *Client) DeleteFunction(ctx context.Context, name string) error {
	return c.do(ctx, call{action: "DeleteFunction", method: http.MethodDelete, path: c.functionPath(name)})
}

// functionCall runs a call that answers with a function.
func (c *Client) functionCall(ctx context.Context, name string, op call) (*fc.Function, error) {
	if c.config.V2 {
		var out functionV2
		op.out = &out
		if err := c.do(ctx, op); err != nil {
			return nil, err
		}
		service, _ := fc.SplitName(name)
		return out.function(service), nil
	}
	var out functionAnswer
	op.out = &out
	if err := c.do(ctx, op); err != nil {
		return nil, err
	}
	return out.function(), nil
}

func createBody(f fc.Function, code *fc.Code) functionJSON {
	writable := writableFields(f)
	body := functionJSON{Function: &writable, FunctionName: f.FunctionName, Code: code}
	if len(f.EnvironmentVariables) > 0 {
		body.EnvironmentVariables = &f.EnvironmentVariables
	}
	if len(f.Layers) > 0 {
		body.Layers = layerARNs(f.Layers)
	}
	return body
}

func updateBody(f fc.Function, code *fc.Code) functionJSON {
	writable := writableFields(f)
	// The name is in the path; tags and the resource group have operations of
	// their own.
	writable.Tags, writable.ResourceGroupID = nil, ""
	env := f.EnvironmentVariables
	if env == nil {
		env = map[string]string{}
	}
	return functionJSON{Function: &writable, EnvironmentVariables: &env, Layers: layerARNs(f.Layers), Code: code}
}

// writableFields clears what only the service sets.
func writableFields(f fc.Function) fc.Function {
	f.FunctionID, f.FunctionARN, f.CodeSize, f.CodeChecksum = "", "", 0, ""
	f.CreatedTime, f.LastModifiedTime, f.State, f.LastUpdateStatus = "", "", "", ""
	return f
}

func layerARNs(layers []fc.Layer) []string {
	arns := make([]string, len(layers))
	for i, l := range layers {
		arns[i] = l.ARN
	}
	return arns
}

func qualified(qualifier string) map[string]string {
	if qualifier == "" {
		return nil
	}
	return map[string]string{"qualifier": qualifier}
}

func checksumHeader(code *fc.Code) map[string]string {
	if code == nil || code.Checksum == "" {
		return nil
	}
	return map[string]string{fc.HeaderCodeChecksum: code.Checksum}
}
