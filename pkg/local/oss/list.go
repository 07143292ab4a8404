package oss

import (
	"cmp"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"s/pkg/local/store"
)

// Bounds of max-keys (documentation of ListObjects).
const (
	defaultKeys = 100
	maxKeys     = 1000
)

type contentXML struct {
	Key          string `xml:"Key"`
	LastModified string `xml:"LastModified"`
	ETag         string `xml:"ETag"`
	Type         string `xml:"Type"`
	Size         int64  `xml:"Size"`
	StorageClass string `xml:"StorageClass"`
	Owner        *owner `xml:"Owner,omitempty"`
}

type prefixXML struct {
	Prefix string `xml:"Prefix"`
}

// listXML is the answer of both versions of the list.
type listXML struct {
	XMLName      xml.Name     `xml:"ListBucketResult"`
	Name         string       `xml:"Name"`
	Prefix       string       `xml:"Prefix"`
	Marker       *string      `xml:"Marker"`
	StartAfter   *string      `xml:"StartAfter"`
	Token        *string      `xml:"ContinuationToken"`
	MaxKeys      int          `xml:"MaxKeys"`
	Delimiter    string       `xml:"Delimiter"`
	EncodingType string       `xml:"EncodingType,omitempty"`
	Truncated    bool         `xml:"IsTruncated"`
	NextMarker   string       `xml:"NextMarker,omitempty"`
	NextToken    string       `xml:"NextContinuationToken,omitempty"`
	KeyCount     *int         `xml:"KeyCount"`
	Contents     []contentXML `xml:"Contents"`
	Prefixes     []prefixXML  `xml:"CommonPrefixes"`
}

// listing is a list that is being made.
type listing struct {
	prefix, delimiter, after string
	limit                    int
	objects                  []*store.Object
	prefixes                 []string
	last                     string // entry
	more                     bool
}

func listObjects(c *call) error {
	if _, err := c.cfg.Store.Bucket(c.bucket); err != nil {
		return err
	}
	q := c.r.URL.Query()
	v2 := q.Get("list-type") == "2"
	l := &listing{prefix: q.Get("prefix"), delimiter: q.Get("delimiter"), after: q.Get("marker")}
	var err error
	if l.limit, err = limit(q, "max-keys", defaultKeys, maxKeys); err != nil {
		return err
	}
	if v2 {
		token, err := base64.RawURLEncoding.DecodeString(q.Get("continuation-token"))
		if err != nil {
			return failure(http.StatusBadRequest, "InvalidArgument", "The continuation token is not one that was given.")
		}
		l.after = cmp.Or(string(token), q.Get("start-after"))
	}
	if err := c.fill(l); err != nil {
		return err
	}
	encode, err := encoding(q)
	if err != nil {
		return err
	}
	c.document(http.StatusOK, c.listXML(l, q, v2, encode))
	return nil
}

// limit reads a count of the query.
func limit(q url.Values, name string, standard, most int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, failure(http.StatusBadRequest, "InvalidArgument", name+" must be 1 to "+strconv.Itoa(most)+", it is '"+text+"'.")
	}
	return n, nil
}

// encoding is how names are written: as they are, or escaped if the client asks.
func encoding(q url.Values) (func(string) string, error) {
	switch q.Get("encoding-type") {
	case "":
		return func(s string) string { return s }, nil
	case "url":
		return func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }, nil
	}
	return nil, failure(http.StatusBadRequest, "InvalidArgument", "encoding-type must be url.")
}

// fill finds the entries: objects, and in place of those with the delimiter after
// the prefix what they have in common.
func (c *call) fill(l *listing) error {
	from, inclusive := l.after, false
	for {
		found, err := c.cfg.Store.ObjectsAfter(c.r.Context(), c.bucket, l.prefix, from, inclusive, maxKeys)
		if err != nil {
			return err
		}
		next, jumped := l.take(found)
		if l.more || !jumped && len(found) < maxKeys {
			return nil
		}
		from, inclusive = next, false
	}
}

// take adds what was found, up to the limit, or up to a common prefix, which is
// then jumped over. next is where to go on.
func (l *listing) take(found []*store.Object) (next string, jumped bool) {
	for _, o := range found {
		next = o.Name
		common := ""
		if before, _, cut := strings.Cut(o.Name[len(l.prefix):], l.delimiter); l.delimiter != "" && cut {
			common = l.prefix + before + l.delimiter
		}
		known := common != "" && common <= l.after // it was given already
		if !known && len(l.objects)+len(l.prefixes) == l.limit {
			l.more = true
			return next, false
		}
		switch {
		case common == "":
			l.objects = append(l.objects, o)
			l.last = o.Name
		case !known:
			l.prefixes = append(l.prefixes, common)
			l.last = common
		}
		if common != "" {
			return common + "\xff", true // greater than every name that begins so: \xff is no UTF-8
		}
	}
	return next, false
}

func (c *call) listXML(l *listing, q url.Values, v2 bool, encode func(string) string) listXML {
	doc := listXML{
		Name: c.bucket, Prefix: encode(l.prefix), MaxKeys: l.limit, Delimiter: encode(l.delimiter),
		EncodingType: q.Get("encoding-type"), Truncated: l.more,
	}
	marker := encode(q.Get("marker"))
	count := len(l.objects) + len(l.prefixes)
	who := c.owner()
	shown := &who
	if v2 {
		start, token := encode(q.Get("start-after")), q.Get("continuation-token")
		doc.StartAfter, doc.Token, doc.KeyCount = &start, &token, &count
		if q.Get("fetch-owner") != "true" {
			shown = nil
		}
	} else {
		doc.Marker = &marker
	}
	if l.more && v2 {
		doc.NextToken = base64.RawURLEncoding.EncodeToString([]byte(l.last))
	} else if l.more {
		doc.NextMarker = encode(l.last)
	}
	for _, o := range l.objects {
		kind := "Multipart"
		if o.MD5 != nil {
			kind = "Normal"
		}
		doc.Contents = append(doc.Contents, contentXML{
			Key: encode(o.Name), LastModified: stamp(o.Modified), ETag: quoted(o.ETag), Type: kind, Size: o.Size,
			StorageClass: "Standard", Owner: shown,
		})
	}
	for _, p := range l.prefixes {
		doc.Prefixes = append(doc.Prefixes, prefixXML{encode(p)})
	}
	return doc
}

// maxDeletes is how many objects one request may remove.
const maxDeletes = 1000

func deleteObjects(c *call) error {
	var in struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool     `xml:"Quiet"`
		Objects []struct {
			Key string `xml:"Key"`
		} `xml:"Object"`
	}
	if err := c.readXML(&in); err != nil {
		return err
	}
	if len(in.Objects) == 0 || len(in.Objects) > maxDeletes {
		return malformed()
	}
	encode, err := encoding(c.r.URL.Query())
	if err != nil {
		return err
	}
	type deleted struct {
		Key string `xml:"Key"`
	}
	doc := struct {
		XMLName      xml.Name  `xml:"DeleteResult"`
		EncodingType string    `xml:"EncodingType,omitempty"`
		Deleted      []deleted `xml:"Deleted"`
	}{EncodingType: c.r.URL.Query().Get("encoding-type")}
	for _, o := range in.Objects {
		if o.Key == "" || !validKey(o.Key) {
			return failure(http.StatusBadRequest, "InvalidObjectName", "an object's name is not valid")
		}
		gone, err := c.cfg.Store.DeleteObject(c.bucket, o.Key)
		if err != nil {
			return err
		}
		c.event(EventDeletes, gone)
		if !in.Quiet {
			doc.Deleted = append(doc.Deleted, deleted{encode(o.Key)})
		}
	}
	c.document(http.StatusOK, doc)
	return nil
}
