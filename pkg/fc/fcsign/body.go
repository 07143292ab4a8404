package fcsign

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"

	"s/pkg/fc"
)

// checkBody makes r.Body check itself against the signed digest: its last
// Read, the one that would give io.EOF, gives the returned kind of error
// instead if the body isn't the one that was signed. A request without a body
// is checked at once.
func checkBody(r *http.Request, digest hash.Hash, want []byte, header string) error {
	body := &checkedBody{ReadCloser: r.Body, digest: digest, want: want, header: header}
	if r.Body == nil || r.Body == http.NoBody {
		return body.verdict()
	}
	r.Body = body
	return nil
}

// checkedBody hashes what is read through it. A handler that reads to the end
// before it acts never acts on a changed body.
type checkedBody struct {
	io.ReadCloser
	digest hash.Hash
	want   []byte
	header string
	err    error
}

// Read reads and hashes.
func (b *checkedBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.ReadCloser.Read(p)
	b.digest.Write(p[:n])
	if errors.Is(err, io.EOF) {
		if bad := b.verdict(); bad != nil {
			err = bad
		}
	}
	b.err = err
	return n, err
}

func (b *checkedBody) verdict() error {
	if subtle.ConstantTimeCompare(b.digest.Sum(nil), b.want) == 1 {
		return nil
	}
	return &fc.APIError{
		Status: http.StatusForbidden, Code: fc.CodeSignatureNotMatch,
		Message: "the body received is not the one that header " + b.header + " was made from",
	}
}

func checkSHA256(r *http.Request) error {
	text := r.Header.Get(headerContentSHA)
	if text == EmptyPayload && (r.Body == nil || r.Body == http.NoBody) {
		return nil
	}
	want, err := hex.DecodeString(text)
	if err != nil || len(want) != sha256.Size {
		return badAuthorization("header x-acs-content-sha256 is not a SHA-256 in hexadecimal")
	}
	return checkBody(r, sha256.New(), want, "x-acs-content-sha256")
}

// checkMD5 checks the body of an ROA request. FC's own scheme has a
// Content-MD5 too, but its clients spell it in three ways, so it isn't checked
// there.
func checkMD5(r *http.Request) error {
	text := r.Header.Get(headerContentMD5)
	if text == "" {
		return nil
	}
	want, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(want) != md5.Size {
		return badAuthorization("header Content-MD5 is not an MD5 in base64")
	}
	return checkBody(r, md5.New(), want, "Content-MD5")
}
