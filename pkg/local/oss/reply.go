package oss

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/local/store"
)

// xmlTime is how OSS writes times in documents.
const xmlTime = "2006-01-02T15:04:05.000Z"

// newID makes a request id of OSS's form: 24 upper case hexadecimal digits.
func newID() string {
	var raw [12]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	return strings.ToUpper(hex.EncodeToString(raw[:]))
}

func failure(status int, code, message string) error {
	return &fc.APIError{Status: status, Code: code, Message: message}
}

// errorBody is an error as OSS writes it.
type errorBody struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string   `xml:"Code"`
	Message   string   `xml:"Message"`
	RequestID string   `xml:"RequestId"`
	HostID    string   `xml:"HostId"`
	Bucket    string   `xml:"BucketName,omitempty"`
	Key       string   `xml:"Key,omitempty"`
}

// refuse answers with an error.
func (c *call) refuse(err error) {
	api := apiError(err)
	h := c.w.Header()
	for _, name := range []string{"Content-Length", "Content-Disposition", "Content-Encoding", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	if api.Status == http.StatusNotModified {
		c.w.WriteHeader(api.Status)
		return
	}
	body := errorBody{
		Code: api.Code, Message: printable(api.Message), RequestID: c.id, HostID: printable(c.r.Host),
		Bucket: printable(c.bucket), Key: printable(c.key),
	}
	c.document(api.Status, body)
}

// printable drops what XML can't carry.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, text)
}

// document answers with a document.
func (c *call) document(status int, doc any) {
	body, err := xml.Marshal(doc)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte("<Error><Code>InternalError</Code></Error>")
	}
	body = append([]byte(xml.Header), body...)
	h := c.w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		c.w.Write(body) // a client that is gone needs no answer
	}
}

// empty answers without a document.
func (c *call) empty(status int) error {
	c.w.Header().Set("Content-Length", "0")
	if status == http.StatusNoContent {
		c.w.Header().Del("Content-Length")
	}
	c.w.WriteHeader(status)
	return nil
}

// apiError finds OSS's form of any error.
func apiError(err error) *fc.APIError {
	var api *fc.APIError
	var missing *store.NotFoundError
	var notEmpty *store.NotEmptyError
	var disk *store.DiskFullError
	out := &fc.APIError{Status: http.StatusInternalServerError, Code: "InternalError", Message: err.Error()}
	switch {
	case errors.As(err, &api):
		return api
	case errors.As(err, &missing):
		out.Status = http.StatusNotFound
		out.Code, out.Message = notFound(missing.Kind)
	case errors.As(err, &notEmpty):
		out.Status, out.Code, out.Message = http.StatusConflict, "BucketNotEmpty", "The bucket has "+notEmpty.Has+". Please delete them first."
	case errors.As(err, &disk):
		out.Status, out.Code, out.Message = http.StatusInsufficientStorage, "DiskFull", disk.Error()
	}
	return out
}

func notFound(kind string) (code, message string) {
	switch kind {
	case store.KindBucket:
		return "NoSuchBucket", "The specified bucket does not exist."
	case store.KindUpload:
		return "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
	}
	return "NoSuchKey", "The specified key does not exist."
}

// quoted is an ETag as it is sent.
func quoted(etag string) string { return `"` + etag + `"` }

func unquoted(etag string) string { return strings.ToUpper(strings.Trim(strings.TrimSpace(etag), `"`)) }

// stamp writes a time as OSS does, which gives whole seconds.
func stamp(t time.Time) string { return t.UTC().Truncate(time.Second).Format(xmlTime) }
