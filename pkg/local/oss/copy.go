package oss

import (
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"s/pkg/local/store"
)

// copySource opens the object that a copy is made of, if it is what the request wants
// it to be.
func (c *call) copySource() (*store.Object, *os.File, error) {
	source, err := url.PathUnescape(strings.TrimPrefix(c.r.Header.Get("X-Oss-Copy-Source"), "/"))
	bucket, key, ok := strings.Cut(source, "/")
	if err != nil || !ok || !validBucket(bucket) || key == "" || !validKey(key) {
		return nil, nil, failure(http.StatusBadRequest, "InvalidArgument", "x-oss-copy-source must be /bucket/object")
	}
	if _, err := c.cfg.Store.Bucket(bucket); err != nil {
		return nil, nil, err
	}
	from, in, err := c.cfg.Store.OpenObject(bucket, key)
	if err != nil {
		return nil, nil, err
	}
	if err := c.conditionOf(from, "X-Oss-Copy-Source-"); err != nil {
		in.Close()
		return nil, nil, err
	}
	return from, in, nil
}

// copyObject makes an object of another's content.
func copyObject(c *call) error {
	if err := c.mayMake(); err != nil {
		return err
	}
	from, in, err := c.copySource()
	if err != nil {
		return err
	}
	defer in.Close()
	header := from.Header
	if strings.EqualFold(c.r.Header.Get("X-Oss-Metadata-Directive"), "REPLACE") {
		if header, err = objectHeader(c.r.Header); err != nil {
			return err
		}
	}
	content, err := c.copied(in)
	if err != nil {
		return err
	}
	o, err := c.store(content, header)
	if err != nil {
		return err
	}
	c.event(EventCopy, o)
	c.w.Header().Set("Etag", quoted(o.ETag))
	c.w.Header().Set("X-Oss-Hash-Crc64ecma", strconv.FormatUint(o.CRC64, 10))
	c.document(http.StatusOK, copyResult{ETag: quoted(o.ETag), LastModified: stamp(o.Modified)})
	return nil
}

// copied is a content of what there is to read.
func (c *call) copied(in io.Reader) (*store.Blob, error) {
	content, err := c.cfg.Store.NewBlob()
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(onlyWriter{content}, in); err != nil {
		content.Discard()
		return nil, err
	}
	return content, nil
}

// copyPart makes a part of an upload of another object, or of a piece of it. A range
// that can't be read or isn't there copies the whole object, as OSS does.
func copyPart(c *call, u *store.Upload, number int) error {
	from, in, err := c.copySource()
	if err != nil {
		return err
	}
	defer in.Close()
	first, last, ok := parseRange(c.r.Header.Get("X-Oss-Copy-Source-Range"), from.Size)
	if !ok || first >= from.Size || first > last {
		first, last = 0, from.Size-1
	}
	content, err := c.copied(io.NewSectionReader(in, first, last-first+1))
	if err != nil {
		return err
	}
	p := c.part(number, content)
	if err := c.cfg.Store.PutPart(u, p, content); err != nil {
		return err
	}
	c.w.Header().Set("Etag", quoted(p.ETag))
	c.w.Header().Set("X-Oss-Hash-Crc64ecma", strconv.FormatUint(p.CRC64, 10))
	c.document(http.StatusOK, struct {
		XMLName      xml.Name `xml:"CopyPartResult"`
		LastModified string   `xml:"LastModified"`
		ETag         string   `xml:"ETag"`
	}{LastModified: stamp(p.Modified), ETag: quoted(p.ETag)})
	return nil
}

// part describes a part by its content.
func (c *call) part(number int, content *store.Blob) *store.Part {
	sum := content.MD5()
	return &store.Part{
		Number: number, Size: content.Size(), MD5: sum, ETag: strings.ToUpper(hex.EncodeToString(sum)), CRC64: content.CRC64(),
		Modified: c.cfg.Now().UTC().Truncate(time.Second),
	}
}
