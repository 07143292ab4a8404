package oss

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"s/pkg/local/store"
)

// Bounds of parts (documentation of multipart uploads).
const (
	maxPart     = 10_000
	minPartSize = 100 << 10 // but for the last one
	listedParts = 1000
)

type copyResult struct {
	XMLName      xml.Name `xml:"CopyObjectResult"`
	ETag         string   `xml:"ETag"`
	LastModified string   `xml:"LastModified"`
}

func initiateUpload(c *call) error {
	header, err := objectHeader(c.r.Header)
	if err != nil {
		return err
	}
	encode, err := encoding(c.r.URL.Query())
	if err != nil {
		return err
	}
	u := &store.Upload{
		ID: newID() + newID()[:8], Bucket: c.bucket, Name: c.key, Begun: c.cfg.Now().UTC().Truncate(time.Second), Header: header,
		Blocked: strings.EqualFold(c.r.Header.Get("X-Oss-Forbid-Overwrite"), "true"),
	}
	if err := c.mayMake(); err != nil {
		return err
	}
	if err := c.cfg.Store.CreateUpload(u); err != nil {
		return err
	}
	c.document(http.StatusOK, struct {
		XMLName      xml.Name `xml:"InitiateMultipartUploadResult"`
		EncodingType string   `xml:"EncodingType,omitempty"`
		Bucket       string   `xml:"Bucket"`
		Key          string   `xml:"Key"`
		UploadID     string   `xml:"UploadId"`
	}{EncodingType: c.r.URL.Query().Get("encoding-type"), Bucket: c.bucket, Key: encode(c.key), UploadID: u.ID})
	return nil
}

// upload finds the upload that the query names.
func (c *call) upload() (*store.Upload, error) {
	return c.cfg.Store.Upload(c.bucket, c.key, c.r.URL.Query().Get("uploadId"))
}

func uploadPart(c *call) error {
	number, err := limit(c.r.URL.Query(), "partNumber", 0, maxPart)
	if err != nil || number == 0 {
		return failure(http.StatusBadRequest, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive.")
	}
	u, err := c.upload()
	if err != nil {
		return err
	}
	if c.r.Header.Get("X-Oss-Copy-Source") != "" {
		return copyPart(c, u, number)
	}
	content, err := c.receive()
	if err != nil {
		return err
	}
	p := c.part(number, content)
	if err := c.cfg.Store.PutPart(u, p, content); err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Etag", quoted(p.ETag))
	h.Set("Content-Md5", base64.StdEncoding.EncodeToString(p.MD5))
	h.Set("X-Oss-Hash-Crc64ecma", strconv.FormatUint(p.CRC64, 10))
	return c.empty(http.StatusOK)
}

// wantedPart is a part as the client completes the upload with it.
type wantedPart struct {
	Number int    `xml:"PartNumber"`
	ETag   string `xml:"ETag"`
}

func completeUpload(c *call) error {
	u, err := c.upload()
	if err != nil {
		return err
	}
	have, err := c.cfg.Store.Parts(c.r.Context(), u)
	if err != nil {
		return err
	}
	parts, err := c.wantedParts(have)
	if err != nil {
		return err
	}
	if u.Blocked {
		if err := c.unused(); err != nil {
			return err
		}
	}
	etags := md5.New()
	for _, p := range parts {
		etags.Write(p.MD5)
	}
	o := &store.Object{
		Bucket: c.bucket, Name: c.key, Modified: c.cfg.Now().UTC().Truncate(time.Second), Header: u.Header,
		ETag: fmt.Sprintf("%X-%d", etags.Sum(nil), len(parts)),
	}
	err = c.cfg.Store.CompleteUpload(u, o, parts, func(content *store.Blob) {
		o.Size, o.CRC64 = content.Size(), content.CRC64()
	})
	if err != nil {
		return err
	}
	c.event(EventComplete, o)
	c.w.Header().Set("X-Oss-Hash-Crc64ecma", strconv.FormatUint(o.CRC64, 10))
	c.w.Header().Set("Etag", quoted(o.ETag))
	encode, err := encoding(c.r.URL.Query())
	if err != nil {
		return err
	}
	c.document(http.StatusOK, struct {
		XMLName      xml.Name `xml:"CompleteMultipartUploadResult"`
		EncodingType string   `xml:"EncodingType,omitempty"`
		Location     string   `xml:"Location"`
		Bucket       string   `xml:"Bucket"`
		Key          string   `xml:"Key"`
		ETag         string   `xml:"ETag"`
	}{
		EncodingType: c.r.URL.Query().Get("encoding-type"), Location: "http://" + c.r.Host + c.r.URL.EscapedPath(),
		Bucket: c.bucket, Key: encode(c.key), ETag: quoted(o.ETag),
	})
	return nil
}

// wantedParts are those that the client names, in their order, or all that there
// are if it says so.
func (c *call) wantedParts(have []*store.Part) ([]*store.Part, error) {
	parts := have
	if !strings.EqualFold(c.r.Header.Get("X-Oss-Complete-All"), "yes") {
		var in struct {
			XMLName xml.Name     `xml:"CompleteMultipartUpload"`
			Parts   []wantedPart `xml:"Part"`
		}
		if err := c.readXML(&in); err != nil {
			return nil, err
		}
		var err error
		if parts, err = pick(have, in.Parts); err != nil {
			return nil, err
		}
	}
	if len(parts) == 0 {
		return nil, malformed()
	}
	for _, p := range parts[:len(parts)-1] {
		if p.Size < minPartSize {
			return nil, failure(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload smaller than the minimum allowed object size.")
		}
	}
	return parts, nil
}

func pick(have []*store.Part, want []wantedPart) ([]*store.Part, error) {
	byNumber := map[int]*store.Part{}
	for _, p := range have {
		byNumber[p.Number] = p
	}
	var parts []*store.Part
	for i, w := range want {
		if i > 0 && w.Number <= want[i-1].Number {
			return nil, failure(http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order. Parts list must specified in order by part number.")
		}
		p := byNumber[w.Number]
		if p == nil || unquoted(w.ETag) != p.ETag {
			return nil, failure(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.")
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func abortUpload(c *call) error {
	u, err := c.upload()
	if err != nil {
		return err
	}
	if err := c.cfg.Store.AbortUpload(u); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}

type partXML struct {
	PartNumber   int    `xml:"PartNumber"`
	LastModified string `xml:"LastModified"`
	ETag         string `xml:"ETag"`
	CRC64        string `xml:"HashCrc64ecma"`
	Size         int64  `xml:"Size"`
}

func listParts(c *call) error {
	u, err := c.upload()
	if err != nil {
		return err
	}
	q := c.r.URL.Query()
	most, err := limit(q, "max-parts", listedParts, listedParts)
	if err != nil {
		return err
	}
	after, err := limit(q, "part-number-marker", 0, maxPart)
	if err != nil && q.Get("part-number-marker") != "0" {
		return err
	}
	encode, err := encoding(q)
	if err != nil {
		return err
	}
	parts, err := c.cfg.Store.Parts(c.r.Context(), u)
	if err != nil {
		return err
	}
	doc := struct {
		XMLName      xml.Name  `xml:"ListPartsResult"`
		EncodingType string    `xml:"EncodingType,omitempty"`
		Bucket       string    `xml:"Bucket"`
		Key          string    `xml:"Key"`
		UploadID     string    `xml:"UploadId"`
		StorageClass string    `xml:"StorageClass"`
		Marker       int       `xml:"PartNumberMarker"`
		Next         int       `xml:"NextPartNumberMarker"`
		MaxParts     int       `xml:"MaxParts"`
		Truncated    bool      `xml:"IsTruncated"`
		Parts        []partXML `xml:"Part"`
	}{
		EncodingType: q.Get("encoding-type"), Bucket: c.bucket, Key: encode(c.key), UploadID: u.ID, StorageClass: "Standard",
		Marker: after, MaxParts: most,
	}
	for _, p := range parts {
		if p.Number <= after {
			continue
		}
		if doc.Truncated = len(doc.Parts) == most; doc.Truncated {
			break
		}
		doc.Next = p.Number
		doc.Parts = append(doc.Parts, partXML{p.Number, stamp(p.Modified), quoted(p.ETag), strconv.FormatUint(p.CRC64, 10), p.Size})
	}
	c.document(http.StatusOK, doc)
	return nil
}

// listUploads lists the uploads under way, all of them at once.
func listUploads(c *call) error {
	if _, err := c.cfg.Store.Bucket(c.bucket); err != nil {
		return err
	}
	q := c.r.URL.Query()
	encode, err := encoding(q)
	if err != nil {
		return err
	}
	all, err := c.cfg.Store.Uploads(c.r.Context(), c.bucket)
	if err != nil {
		return err
	}
	type uploadXML struct {
		Key       string `xml:"Key"`
		UploadID  string `xml:"UploadId"`
		Initiated string `xml:"Initiated"`
	}
	doc := struct {
		XMLName      xml.Name    `xml:"ListMultipartUploadsResult"`
		EncodingType string      `xml:"EncodingType,omitempty"`
		Bucket       string      `xml:"Bucket"`
		Prefix       string      `xml:"Prefix"`
		MaxUploads   int         `xml:"MaxUploads"`
		Truncated    bool        `xml:"IsTruncated"`
		Uploads      []uploadXML `xml:"Upload"`
	}{EncodingType: q.Get("encoding-type"), Bucket: c.bucket, Prefix: encode(q.Get("prefix")), MaxUploads: max(len(all), 1)}
	for _, u := range all {
		if strings.HasPrefix(u.Name, q.Get("prefix")) && u.Name > q.Get("key-marker") {
			doc.Uploads = append(doc.Uploads, uploadXML{encode(u.Name), u.ID, stamp(u.Begun)})
		}
	}
	c.document(http.StatusOK, doc)
	return nil
}

// readXML reads the document that came with a request.
func (c *call) readXML(into any) error {
	want, err := c.wantedMD5()
	if err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxXML))
	if err != nil {
		return bodyError(err)
	}
	if sum := md5.Sum(body); want != nil && !bytes.Equal(want, sum[:]) {
		return failure(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified did not match what we received.")
	}
	if xml.Unmarshal(body, into) != nil {
		return malformed()
	}
	return nil
}

func malformed() error {
	return failure(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema.")
}
