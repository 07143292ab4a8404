package oss

import (
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"s/pkg/local/store"
)

// appendObject adds to the end of an object, which it makes if there is none. The
// content is written anew with every call, so that whoever reads it sees one state.
func appendObject(c *call) error {
	text := c.r.URL.Query().Get("position")
	position, err := strconv.ParseInt(text, 10, 64)
	if err != nil || position < 0 {
		return failure(http.StatusBadRequest, "InvalidArgument", "The position must be a non-negative integer, it is '"+text+"'.")
	}
	header, err := objectHeader(c.r.Header)
	if err != nil {
		return err
	}
	if _, err := c.cfg.Store.Bucket(c.bucket); err != nil {
		return err
	}
	old, content, err := c.appendable(position)
	if err != nil {
		return err
	}
	more, err := c.receive()
	if err == nil {
		defer more.Discard()
		err = add(content, more)
	}
	if err == nil && content.Size() > maxPut {
		err = tooLarge()
	}
	if err != nil {
		content.Discard()
		return err
	}
	o := &store.Object{
		Bucket: c.bucket, Name: c.key, Size: content.Size(), ETag: strings.ToUpper(hex.EncodeToString(content.MD5())), CRC64: content.CRC64(),
		Modified: c.cfg.Now().UTC().Truncate(time.Second), Header: header, Appendable: true,
	}
	if old != nil {
		o.Header = old.Header // headers count with the first call
	}
	var changed *store.ChangedObjectError
	if err := c.cfg.Store.ReplaceObject(old, o, content); errors.As(err, &changed) {
		return c.notTheEnd(changed.Size)
	} else if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Etag", quoted(o.ETag))
	h.Set(headerNextPosition, strconv.FormatInt(o.Size, 10))
	h.Set("X-Oss-Hash-Crc64ecma", strconv.FormatUint(o.CRC64, 10))
	c.event(EventAppend, o)
	return c.empty(http.StatusOK)
}

// headerNextPosition is where the next append to an object must begin.
const headerNextPosition = "X-Oss-Next-Append-Position"

// appendable begins a content with that of the object, if there is one and it ends at
// the position.
func (c *call) appendable(position int64) (*store.Object, *store.Blob, error) {
	old, in, err := c.cfg.Store.OpenObject(c.bucket, c.key)
	var missing *store.NotFoundError
	switch {
	case errors.As(err, &missing):
		if position != 0 {
			return nil, nil, c.notTheEnd(0)
		}
		content, err := c.cfg.Store.NewBlob()
		return nil, content, err
	case err != nil:
		return nil, nil, err
	}
	defer in.Close()
	if !old.Appendable {
		return nil, nil, failure(http.StatusConflict, "ObjectNotAppendable", "The object is not appendable.")
	}
	if position != old.Size {
		return nil, nil, c.notTheEnd(old.Size)
	}
	content, err := c.cfg.Store.NewBlob()
	if err != nil {
		return nil, nil, err
	}
	if _, err := io.Copy(onlyWriter{content}, in); err != nil {
		content.Discard()
		return nil, nil, err
	}
	return old, content, nil
}

// notTheEnd refuses an append that doesn't begin where the object ends.
func (c *call) notTheEnd(size int64) error {
	c.w.Header().Set(headerNextPosition, strconv.FormatInt(size, 10))
	return failure(http.StatusConflict, "PositionNotEqualToLength", "Position is not equal to file length.")
}

// add appends what was received to a content.
func add(content, more *store.Blob) error {
	in, err := more.Reader()
	if err != nil {
		return err
	}
	_, err = io.Copy(onlyWriter{content}, in)
	return err
}
