package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/segmentio/asm/base64"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// maxControlBody bounds a request: the largest inline code as base64, and the
// rest of the document.
const maxControlBody = (fc.MaxInlineCode+2)/3*4 + 1<<20

// fields is a JSON object by its keys. Null is "not given", since clients send
// it for everything unset.
type fields map[string]view

// view is a piece of JSON that shares the memory of the body: code can be 134
// MB of it.
type view []byte

// UnmarshalJSON keeps the piece without copying it.
func (v *view) UnmarshalJSON(piece []byte) error {
	*v = piece
	return nil
}

// MarshalJSON gives the piece.
func (v view) MarshalJSON() ([]byte, error) { return v, nil }

// fields reads the body of the request. It is read to its end before anything
// is done, so that its signature is known to be right.
func (c *call) fields() (fields, error) {
	body, err := readBody(c.w, c.r, maxControlBody)
	if err != nil {
		return nil, err
	}
	out := fields{}
	if len(bytes.TrimSpace(body)) == 0 {
		return out, nil
	}
	if c.zip = out.cut(body); c.zip != nil {
		return out, nil
	}
	if err := json.Unmarshal(body, &out); err != nil {
		return nil, badJSON(err)
	}
	out.given()
	return out, nil
}

// given drops what is null.
func (f fields) given() {
	for name, v := range f {
		if string(v) == "null" {
			delete(f, name)
		}
	}
}

// longCode is the size in bytes from which code.zipFile is cut out of a body
// before that is parsed: JSON reads every byte several times.
const longCode = 1 << 20

// cut reads a body whose code.zipFile is long and plain: the document without
// it into f, and its text as the result. Nil is any other body, to be parsed as
// a whole.
func (f fields) cut(body []byte) (zip []byte) {
	key := []byte(`"zipFile"`)
	before, after, found := bytes.Cut(body, key)
	if !found || len(after) < longCode || bytes.HasSuffix(before, []byte(`\`)) {
		return nil
	}
	value := bytes.TrimLeft(after, " \t\r\n:")
	start := len(body) - len(value) + 1
	end := -1
	if len(value) > 0 && value[0] == '"' {
		end = bytes.IndexByte(value[1:], '"')
	}
	if end < longCode || bytes.IndexByte(value[1:1+end], '\\') >= 0 || bytes.Contains(body[start+end:], key) {
		return nil
	}
	short := slices.Concat(body[:start], body[start+end:])
	var check struct {
		Code struct {
			ZipFile *string `json:"zipFile"`
		} `json:"code"`
	}
	if json.Unmarshal(short, &check) != nil || check.Code.ZipFile == nil || *check.Code.ZipFile != "" || json.Unmarshal(short, &f) != nil {
		clear(f)
		return nil
	}
	f.given()
	return body[start : start+end]
}

func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, reply.TooLarge(limit)
	}
	var b bytes.Buffer
	if r.ContentLength > 0 {
		b.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(http.MaxBytesReader(w, r.Body, limit)); err != nil {
		return nil, readError(err)
	}
	return b.Bytes(), nil
}

// readError tells a request that broke off from one that is refused.
func readError(err error) error {
	var api *fc.APIError
	var tooLarge *http.MaxBytesError
	if errors.As(err, &api) || errors.As(err, &tooLarge) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return reply.Invalid("the request body broke off")
	}
	return reply.Invalid("the request body can't be read: " + err.Error())
}

// badJSON says what is wrong with a body in the words of JSON, not of Go.
func badJSON(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		if wrong.Field == "" {
			return reply.Invalid(fmt.Sprintf("the request body must be a JSON object, it is a %s", wrong.Value))
		}
		return reply.Invalid(fmt.Sprintf("field '%s' can't be a %s", wrong.Field, wrong.Value))
	}
	return reply.Invalid("the request body is not valid JSON: " + err.Error())
}

// take removes a field and reads it into out; false if it isn't given.
func (f fields) take(name string, out any) (bool, error) {
	v, given := f[name]
	if !given {
		return false, nil
	}
	delete(f, name)
	if err := json.Unmarshal(v, out); err != nil {
		return true, badField(name, err)
	}
	return true, nil
}

// badField says which field of a body is wrong; prefix is the path to what was
// read.
func badField(prefix string, err error) error {
	var api *fc.APIError
	if errors.As(err, &api) {
		return api
	}
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return reply.Invalid(fmt.Sprintf("field '%s': %v", prefix, err))
	}
	path := prefix
	if path != "" && wrong.Field != "" {
		path += "."
	}
	return reply.Invalid(fmt.Sprintf("field '%s' can't be a %s", path+wrong.Field, wrong.Value))
}

// merge lays the given fields over a document and reads the whole into out. A
// field that is given replaces the old one, however deep it is.
func merge(base any, given fields, out any) error {
	text, err := json.Marshal(base)
	if err != nil {
		return err
	}
	doc := fields{}
	if err := json.Unmarshal(text, &doc); err != nil {
		return err
	}
	maps.Copy(doc, given)
	if text, err = json.Marshal(doc); err != nil {
		return err
	}
	if err := json.Unmarshal(text, out); err != nil {
		return badField("", err)
	}
	return nil
}

// codeInput is the code of a create or update request.
type codeInput struct {
	ZipFile       base64Bytes `json:"zipFile"`
	OSSBucketName string      `json:"ossBucketName"`
	OSSObjectName string      `json:"ossObjectName"`
	Checksum      string      `json:"checksum"`
}

// base64Bytes is decoded from a JSON string. Encoders that escape "/" are
// understood.
type base64Bytes []byte

// UnmarshalJSON decodes the text.
func (b *base64Bytes) UnmarshalJSON(piece []byte) error {
	if string(piece) == "null" {
		return nil
	}
	if len(piece) < 2 || piece[0] != '"' {
		return reply.Invalid("field 'code.zipFile' must be a string")
	}
	text := piece[1 : len(piece)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		var plain string
		if err := json.Unmarshal(piece, &plain); err != nil {
			return err
		}
		text = []byte(strings.NewReplacer("\r", "", "\n", "").Replace(plain)) // some encoders break lines
	} else {
		text = bytes.Clone(text)
	}
	var err error
	*b, err = decodeZip(text)
	return err
}

// decodePiece is how much text is decoded at a time: what fits the processor's cache,
// and whole groups of four.
const decodePiece = 128 << 10

// decodeZip decodes an archive into the memory of its text, which is at an end by
// that: both can be 100 MB.
func decodeZip(text []byte) ([]byte, error) {
	piece := make([]byte, base64.StdEncoding.DecodedLen(decodePiece))
	done := 0
	for rest := text; len(rest) > 0; {
		n := min(len(rest), decodePiece)
		size, err := base64.StdEncoding.Decode(piece, rest[:n])
		if err == nil && n < len(rest) && size < len(piece) {
			err = errors.New("padding or a line break inside")
		}
		if err != nil {
			return nil, reply.Invalid("field 'code.zipFile' is not base64: " + err.Error())
		}
		done += copy(text[done:], piece[:size])
		rest = rest[n:]
	}
	return text[:done], nil
}

// takeCode stores the code of a request. The header X-Fc-Code-Checksum is FC
// 2.0's place for the checksum. Without code, given is false. release must be
// called once the function refers to the code.
func (c *call) takeCode(f fields) (code store.Code, given bool, release func(), err error) {
	var in codeInput
	if given, err = f.take("code", &in); !given || err != nil {
		return store.Code{}, given, nil, err
	}
	if c.zip != nil {
		if in.ZipFile, err = decodeZip(c.zip); err != nil {
			return store.Code{}, true, nil, err
		}
	}
	if in.ZipFile == nil && in.OSSBucketName == "" && in.OSSObjectName == "" {
		return store.Code{}, false, nil, nil // {} changes nothing
	}
	if code, release, err = c.storeCode(in); err != nil {
		return code, true, nil, err
	}
	want := in.Checksum
	if want == "" && c.v2() {
		want = c.r.Header.Get(fc.HeaderCodeChecksum)
	}
	if want != "" && code.Checksum != want {
		release()
		return store.Code{}, true, nil, reply.Invalid(fmt.Sprintf("code checksum mismatch: the archive has %s, the request says %s", code.Checksum, want))
	}
	return code, true, release, nil
}

// storeCode stores the archive that a request holds or names.
func (c *call) storeCode(in codeInput) (store.Code, func(), error) {
	if in.ZipFile == nil {
		return c.objectCode(in.OSSBucketName, in.OSSObjectName)
	}
	if len(in.ZipFile) > fc.MaxInlineCode {
		return store.Code{}, nil, reply.TooLarge(fc.MaxInlineCode)
	}
	return c.cfg.Store.PutCode(in.ZipFile)
}
