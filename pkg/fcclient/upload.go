package fcclient

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

// Sizes and times of uploads.
const (
	partSize     = 8 << 20 // bytes; a part that breaks off is sent again
	partTries    = 6
	partTime     = 10 * time.Minute
	abortTime    = 10 * time.Second
	uploadAction = "UploadCode"
	// ossTokenExpired is OSS's code of temporary keys whose time is over.
	ossTokenExpired = "SecurityTokenExpired"
)

// uploadToken is what GetTempBucketToken answers (2016-08-15): where an archive may
// be put, and with which keys. The object is <account>/<objectName>.
type uploadToken struct {
	Credentials struct {
		AccessKeyID     string `json:"AccessKeyId"`
		AccessKeySecret string
		SecurityToken   string
	}
	OSSRegion  string
	OSSBucket  string
	ObjectName string
	// OSSEndpoint is told by the local cloud, whose OSS has no host of its own.
	OSSEndpoint string
}

// PutCode gives the code of a create or update request: the archive itself, or, if it
// is too large for a request, the object of OSS that it was uploaded to. checksum is
// its CRC-64/ECMA as decimal; an archive that has another one is a *ChangedError.
func (c *Client) PutCode(ctx context.Context, path, checksum string) (*fc.Code, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() <= MaxInlineZip {
		return InlineCode(path, checksum)
	}
	return c.uploadCode(ctx, path, checksum)
}

// uploadCode puts an archive into the service's bucket for uploads, part by part. A
// part whose connection breaks is sent again, and OSS's CRC-64 of each part and of the
// whole is compared. What was uploaded is removed if it comes to nothing. The keys for
// it are good for a time alone: if that is over, it begins again with new ones, once.
func (c *Client) uploadCode(ctx context.Context, path, checksum string) (*fc.Code, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	u, err := c.uploaded(ctx, file, info.Size())
	if fc.IsCode(err, ossTokenExpired) {
		u, err = c.uploaded(ctx, file, info.Size())
	}
	if err != nil {
		return nil, err
	}
	if checksum != "" && u.checksum != checksum {
		return nil, &ChangedError{Path: path}
	}
	return &fc.Code{OSSBucketName: u.bucket, OSSObjectName: u.key, Checksum: u.checksum}, nil
}

// uploaded uploads a file with keys of its own.
func (c *Client) uploaded(ctx context.Context, file io.ReaderAt, size int64) (*upload, error) {
	token, err := c.uploadToken(ctx)
	if err != nil {
		return nil, err
	}
	u, err := c.newUpload(token, file, size)
	if err != nil {
		return nil, err
	}
	if err := u.run(ctx); err != nil {
		return nil, fmt.Errorf("upload of the code: %w", err)
	}
	return u, nil
}

// uploadToken asks for room in the bucket for uploads.
func (c *Client) uploadToken(ctx context.Context) (*uploadToken, error) {
	got, err := c.retry(ctx, call{method: http.MethodGet}, func() (*answer, error) {
		r, err := c.request(ctx, direct{
			host: hostInvoke, op: fcsign.Operation{Action: "GetTempBucketToken"}, method: http.MethodGet,
			path: "/" + fc.APIVersion2Old + "/tempBucketToken",
		})
		if err != nil {
			return nil, err
		}
		r.Header.Set("X-Fc-Account-Id", c.config.Credentials.AccountID)
		fcsign.SignFC(r, c.keys(), c.now())
		return c.answerOf(ctx, "GetTempBucketToken", r, apiError)
	})
	if err != nil {
		return nil, err
	}
	var token uploadToken
	if err := json.Unmarshal(got.body, &token); err != nil || token.OSSBucket == "" || token.ObjectName == "" || token.Credentials.AccessKeyID == "" {
		return nil, errors.New("the answer of GetTempBucketToken isn't what it should be: it lacks a bucket, an object or keys")
	}
	return &token, nil
}

// answerOf sends a signed request and reads the answer.
func (c *Client) answerOf(ctx context.Context, action string, r *http.Request, refusal func(string, *answer) error) (*answer, error) {
	response, err := c.through(action).RoundTrip(r)
	if err != nil {
		return nil, c.unreachable(ctx, r.URL.Host, err)
	}
	defer response.Body.Close()
	got := &answer{status: response.StatusCode, header: response.Header}
	if got.body, err = io.ReadAll(io.LimitReader(response.Body, maxErrorBody)); err != nil {
		return nil, c.unreachable(ctx, r.URL.Host, err)
	}
	if got.status < 200 || got.status > 299 {
		return got, c.named(refusal(r.URL.Host, got))
	}
	return got, nil
}

// upload is one multipart upload.
type upload struct {
	*Client
	keys        fcsign.Keys
	base        string // URL of the object, escaped
	region      string
	bucket, key string
	file        io.ReaderAt
	size        int64
	id          string
	checksum    string // of the whole, decimal
}

func (c *Client) newUpload(token *uploadToken, file io.ReaderAt, size int64) (*upload, error) {
	keys := token.Credentials
	u := &upload{
		Client: c, bucket: token.OSSBucket, key: c.config.Credentials.AccountID + "/" + token.ObjectName, file: file, size: size,
		keys:   fcsign.Keys{AccessKeyID: keys.AccessKeyID, AccessKeySecret: keys.AccessKeySecret, SecurityToken: keys.SecurityToken},
		region: cmp.Or(strings.TrimPrefix(token.OSSRegion, "oss-"), c.config.Region),
	}
	endpoint := cmp.Or(c.config.OSSEndpoint, token.OSSEndpoint, "https://oss-"+u.region+".aliyuncs.com")
	base, err := parseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	path := (&url.URL{Path: "/" + u.key}).EscapedPath()
	if host := base.Hostname(); net.ParseIP(host) != nil || host == "localhost" {
		path = "/" + u.bucket + path // there is no host of the bucket's
	} else {
		base.Host = u.bucket + "." + base.Host
	}
	u.base = base.String() + path
	return u, nil
}

// ossPart is a part in the document that completes an upload.
type ossPart struct {
	Number int    `xml:"PartNumber"`
	ETag   string `xml:"ETag"`
}

// run does the whole upload.
func (u *upload) run(ctx context.Context) (err error) {
	if err := u.begin(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			u.progress(-1)
			u.abort(ctx)
		}
	}()
	whole := crc64.New(crc64.MakeTable(crc64.ECMA))
	var parts []ossPart
	for offset := int64(0); offset < u.size; offset += u.Client.part {
		u.progress(offset)
		part := io.NewSectionReader(u.file, offset, min(u.Client.part, u.size-offset))
		etag, err := u.part(ctx, len(parts)+1, part, whole)
		if err != nil {
			return err
		}
		parts = append(parts, ossPart{len(parts) + 1, etag})
	}
	u.progress(u.size)
	u.checksum = strconv.FormatUint(whole.Sum64(), 10)
	return u.complete(ctx, parts)
}

func (u *upload) progress(done int64) {
	if u.config.Uploaded != nil {
		u.config.Uploaded(done, u.size)
	}
}

func (u *upload) begin(ctx context.Context) error {
	got, err := u.try(ctx, func() (*answer, error) { return u.ask(ctx, http.MethodPost, "uploads", nil, 0) })
	if err != nil {
		return err
	}
	var begun struct {
		UploadID string `xml:"UploadId"`
	}
	if err := xml.Unmarshal(got.body, &begun); err != nil || begun.UploadID == "" {
		return errors.New("OSS began no upload")
	}
	u.id = begun.UploadID
	return nil
}

// part sends a part until OSS has it, and gives its ETag. whole gets its bytes.
func (u *upload) part(ctx context.Context, number int, part *io.SectionReader, whole io.Writer) (string, error) {
	sum := crc64.New(crc64.MakeTable(crc64.ECMA))
	if _, err := io.Copy(io.MultiWriter(sum, whole), part); err != nil {
		return "", err
	}
	want := strconv.FormatUint(sum.Sum64(), 10)
	query := "partNumber=" + strconv.Itoa(number) + "&uploadId=" + url.QueryEscape(u.id)
	got, err := u.try(ctx, func() (*answer, error) {
		ctx, cancel := context.WithTimeout(ctx, partTime)
		defer cancel()
		got, err := u.ask(ctx, http.MethodPut, query, io.NewSectionReader(part, 0, part.Size()), part.Size())
		if err == nil && got.header.Get("X-Oss-Hash-Crc64ecma") != want {
			err = &UnreachableError{Host: u.host(), Err: errors.New("a part arrived changed")}
		}
		return got, err
	})
	if err != nil {
		return "", err
	}
	return got.header.Get("Etag"), nil
}

func (u *upload) complete(ctx context.Context, parts []ossPart) error {
	body, err := xml.Marshal(struct {
		XMLName xml.Name  `xml:"CompleteMultipartUpload"`
		Parts   []ossPart `xml:"Part"`
	}{Parts: parts})
	if err != nil {
		return err
	}
	asked := 0
	got, err := u.try(ctx, func() (*answer, error) {
		asked++
		return u.ask(ctx, http.MethodPost, "uploadId="+url.QueryEscape(u.id), bytes.NewReader(body), int64(len(body)))
	})
	if asked > 1 && fc.IsCode(err, "NoSuchUpload") { // the answer of an earlier try was lost
		got, err = u.try(ctx, func() (*answer, error) { return u.ask(ctx, http.MethodHead, "", nil, 0) })
	}
	if err != nil {
		return err
	}
	if sum := got.header.Get("X-Oss-Hash-Crc64ecma"); sum != u.checksum {
		return fmt.Errorf("the object in OSS has the checksum %s, the archive %s", sum, u.checksum)
	}
	return nil
}

// abort removes what was uploaded. It must be done though the upload was canceled.
func (u *upload) abort(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	_, err := u.ask(ctx, http.MethodDelete, "uploadId="+url.QueryEscape(u.id), nil, 0)
	if err != nil { // OSS removes it after a while
		u.config.Debug.Linef("api", "the upload %s could not be removed: %s", u.id, reason(err))
	}
}

// try sends a request again while its failure is one that passes.
func (u *upload) try(ctx context.Context, send func() (*answer, error)) (*answer, error) {
	wait := minWait
	for try := 1; ; try++ {
		got, err := send()
		again := passes(err) || fc.IsCode(err, "IncompleteBody", "RequestTimeout")
		if err == nil || try == partTries || !again || ctx.Err() != nil {
			return got, err
		}
		rest := pause(got, wait, u.now())
		u.config.Debug.Linef("api", "try %d of %d of the upload failed, the next in %d ms: %s", try, partTries, rest.Milliseconds(), reason(err))
		if err := u.sleep(ctx, rest); err != nil {
			return nil, err
		}
		wait *= 2
	}
}

func (u *upload) host() string {
	base, err := url.Parse(u.base)
	if err != nil {
		return u.bucket
	}
	return base.Host
}

// ask sends one signed request to OSS.
func (u *upload) ask(ctx context.Context, method, query string, body io.Reader, size int64) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, u.base+"?"+query, body)
	if err != nil {
		return nil, err
	}
	r.ContentLength = size
	r.Header.Set("User-Agent", u.userAgent())
	if size > 0 {
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	fcsign.SignOSS(r, u.keys, u.region, u.bucket, u.key, u.now())
	return u.answerOf(ctx, uploadAction, r, ossRefusal)
}

// ossRefusal reads an error of OSS's.
func ossRefusal(host string, a *answer) error {
	var doc struct {
		Code      string
		Message   string
		RequestID string `xml:"RequestId"`
	}
	e := &fc.APIError{Status: a.status, RequestID: a.header.Get("X-Oss-Request-Id")}
	e.Date, _ = http.ParseTime(a.header.Get("Date")) // zero without one
	if xml.Unmarshal(a.body, &doc) == nil {
		e.Code, e.Message = doc.Code, doc.Message
	}
	if e.Code == "" && e.RequestID == "" && len(a.body) > 0 { // an answer to HEAD has none
		return &ForeignError{Host: host, Status: a.status, Text: title(string(a.body))}
	}
	e.Code = first(e.Code, strings.ReplaceAll(http.StatusText(a.status), " ", ""), "UnknownError")
	e.Message = first(e.Message, "OSS says no more")
	return e
}
