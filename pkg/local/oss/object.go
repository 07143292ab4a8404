package oss

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/local/store"
)

// maxPut is the largest object that PutObject takes, and the largest part (5 GB,
// documentation of OSS limits).
const maxPut = 5 << 30

// keptHeaders are what an object is given with as it was put, beside x-oss-meta-*.
func keptHeaders() []string {
	return []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires"}
}

const metaPrefix = "X-Oss-Meta-"

// maxMeta bounds the user metadata of an object (8 KB, documentation of
// PutObject).
const maxMeta = 8 << 10

// objectHeader is what of a request's headers is kept with an object.
func objectHeader(h http.Header) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range keptHeaders() {
		if value := h.Get(name); value != "" {
			out[name] = value
		}
	}
	size := 0
	for name := range h {
		if strings.HasPrefix(name, metaPrefix) {
			out[name] = h.Get(name)
			size += len(name) + len(out[name])
		}
	}
	if size > maxMeta {
		return nil, failure(http.StatusBadRequest, "InvalidArgument", "the user metadata is larger than 8 KB")
	}
	return out, nil
}

func putObject(c *call) error {
	if c.r.Header.Get("X-Oss-Copy-Source") != "" {
		return copyObject(c)
	}
	header, err := objectHeader(c.r.Header)
	if err != nil {
		return err
	}
	if err := c.mayMake(); err != nil {
		return err
	}
	content, err := c.receive()
	if err != nil {
		return err
	}
	o, err := c.store(content, header)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Etag", quoted(o.ETag))
	h.Set("Content-Md5", base64.StdEncoding.EncodeToString(o.MD5))
	h.Set("X-Oss-Hash-Crc64ecma", strconv.FormatUint(o.CRC64, 10))
	c.event(EventPut, o)
	return c.empty(http.StatusOK)
}

// mayMake refuses a request before its body is read, if it would be later.
func (c *call) mayMake() error {
	if _, err := c.cfg.Store.Bucket(c.bucket); err != nil {
		return err
	}
	if strings.EqualFold(c.r.Header.Get("X-Oss-Forbid-Overwrite"), "true") {
		return c.unused()
	}
	return nil
}

// unused refuses the name of an object that is there.
func (c *call) unused() error {
	_, err := c.cfg.Store.Object(c.bucket, c.key)
	var missing *store.NotFoundError
	if err == nil {
		return failure(http.StatusConflict, "FileAlreadyExists", "The object you specified already exists and can not be overwritten.")
	}
	if !errors.As(err, &missing) {
		return err
	}
	return nil
}

func (c *call) store(content *store.Blob, header map[string]string) (*store.Object, error) {
	sum := content.MD5()
	o := &store.Object{
		Bucket: c.bucket, Name: c.key, Size: content.Size(), MD5: sum, ETag: strings.ToUpper(hex.EncodeToString(sum)),
		CRC64: content.CRC64(), Modified: c.cfg.Now().UTC().Truncate(time.Second), Header: header,
	}
	return o, c.cfg.Store.PutObject(o, content)
}

// receive writes the body of the request to a blob and compares it with its
// Content-MD5, if it has one.
func (c *call) receive() (*store.Blob, error) {
	if c.r.ContentLength > maxPut {
		return nil, tooLarge()
	}
	want, err := c.wantedMD5()
	if err != nil {
		return nil, err
	}
	content, err := c.cfg.Store.NewBlob()
	if err != nil {
		return nil, err
	}
	buffer := make([]byte, 256<<10)
	_, err = io.CopyBuffer(onlyWriter{content}, http.MaxBytesReader(c.w, c.r.Body, maxPut), buffer)
	switch {
	case err != nil:
		err = bodyError(err)
	case want != nil && !bytes.Equal(want, content.MD5()):
		err = failure(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified did not match what we received.")
	}
	if err != nil {
		content.Discard()
		return nil, err
	}
	return content, nil
}

// onlyWriter hides that a file can read by itself, so that the digests see it
// all.
type onlyWriter struct{ io.Writer }

func (c *call) wantedMD5() ([]byte, error) {
	text := c.r.Header.Get("Content-Md5")
	if text == "" {
		return nil, nil
	}
	want, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(want) != md5.Size {
		return nil, failure(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified is not valid.")
	}
	return want, nil
}

func tooLarge() error {
	return failure(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size of 5 GB.")
}

// bodyError tells a body that broke off from a disk that is full.
func bodyError(err error) error {
	var api *fc.APIError
	var disk *store.DiskFullError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &api), errors.As(err, &disk):
		return err
	case errors.As(err, &large):
		return tooLarge()
	}
	return failure(http.StatusBadRequest, "IncompleteBody", "the body broke off: "+err.Error())
}

// describe sets the headers of an object.
func (c *call) describe(o *store.Object) {
	h := c.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	for name, value := range o.Header {
		h.Set(name, value)
	}
	h.Set("Etag", quoted(o.ETag))
	h.Set("Last-Modified", o.Modified.UTC().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	h.Set("X-Oss-Hash-Crc64ecma", strconv.FormatUint(o.CRC64, 10))
	h.Set("X-Oss-Storage-Class", "Standard")
	h.Set("X-Oss-Object-Type", "Multipart")
	if o.Appendable {
		h.Set("X-Oss-Object-Type", "Appendable")
		h.Set(headerNextPosition, strconv.FormatInt(o.Size, 10))
	}
	if o.MD5 != nil {
		h.Set("X-Oss-Object-Type", "Normal")
		h.Set("Content-Md5", base64.StdEncoding.EncodeToString(o.MD5))
	}
}

func headObject(c *call) error {
	o, err := c.cfg.Store.Object(c.bucket, c.key)
	if err != nil {
		if _, noBucket := c.cfg.Store.Bucket(c.bucket); noBucket != nil {
			return noBucket
		}
		return err
	}
	c.describe(o)
	if err := c.condition(o); err != nil {
		return err
	}
	c.w.Header().Set("Content-Length", strconv.FormatInt(o.Size, 10))
	if c.r.Method == http.MethodGet { // GetObjectMeta, which has no body
		c.w.Header().Set("Content-Length", "0")
	}
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func getObject(c *call) error {
	o, in, err := c.cfg.Store.OpenObject(c.bucket, c.key)
	if err != nil {
		if _, noBucket := c.cfg.Store.Bucket(c.bucket); noBucket != nil {
			return noBucket
		}
		return err
	}
	defer in.Close()
	c.describe(o)
	if err := c.condition(o); err != nil {
		return err
	}
	h := c.w.Header()
	for name, values := range c.r.URL.Query() {
		if kept, ok := strings.CutPrefix(name, "response-"); ok && len(values) > 0 {
			h.Set(kept, values[0])
		}
	}
	start, length, partial, err := c.span(o)
	if err != nil {
		return err
	}
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
		h.Set("Content-Range", "bytes "+strconv.FormatInt(start, 10)+"-"+strconv.FormatInt(start+length-1, 10)+"/"+strconv.FormatInt(o.Size, 10))
		h.Del("Content-Md5")
	}
	c.w.WriteHeader(status)
	_, _ = io.Copy(c.w, io.NewSectionReader(in, start, length)) // a client that is gone needs no answer
	return nil
}

func deleteObject(c *call) error {
	o, err := c.cfg.Store.DeleteObject(c.bucket, c.key)
	if err != nil {
		return err
	}
	c.event(EventDelete, o)
	return c.empty(http.StatusNoContent)
}
