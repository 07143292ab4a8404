// Package oss serves the part of Alibaba Cloud's object storage that programs for
// Function Compute reach for: buckets, objects, multipart uploads and lists, in
// both addressing styles. The objects are the store's; contents stream through and
// are never in memory as a whole. What OSS can do and this can't is answered with 501
// and its name.
package oss

import (
	"net/http"
	"time"

	"s/pkg/fc/fcsign"
	"s/pkg/local/store"
)

// Event tells of an object that was made or removed.
type Event struct {
	Region string // of the bucket
	Bucket string
	Object string
	// Name is OSS's, e.g. ObjectCreated:PutObject (documentation of OSS triggers).
	Name      string
	Size      int64
	ETag      string // upper case, without quotes
	RequestID string
	Time      time.Time
}

// Names of events.
const (
	EventPut      = "ObjectCreated:PutObject"
	EventCopy     = "ObjectCreated:CopyObject"
	EventAppend   = "ObjectCreated:AppendObject"
	EventComplete = "ObjectCreated:CompleteMultipartUpload"
	EventDelete   = "ObjectRemoved:DeleteObject"
	EventDeletes  = "ObjectRemoved:DeleteObjects"
)

// Config is what the service needs to know and whom it tells.
type Config struct {
	Store     *store.Store
	AccountID string
	Region    string // of buckets whose host names none
	// Verify checks the signature of a request; its error is an *fc.APIError.
	Verify func(r *http.Request, bucket, key string) (fcsign.Keys, error)
	// Allow, if set, says what the keys of a request may do; its error is an
	// *fc.APIError.
	Allow func(keys fcsign.Keys, write bool, bucket, key string) error
	// Events, if set, is told after an object was made or removed.
	Events func(Event)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Service serves OSS.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Service{cfg}
}

// call is one request to an operation.
type call struct {
	*Service
	w           http.ResponseWriter
	r           *http.Request
	id          string // of the request
	bucket, key string
}

// ServeHTTP serves one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Service: s, w: w, r: r, id: newID()}
	h := w.Header()
	h.Set("X-Oss-Request-Id", c.id)
	h.Set("Server", "AliyunOSS")
	var err error
	if c.bucket, c.key, err = target(r); err == nil {
		err = c.serve()
	}
	if err != nil {
		c.refuse(err)
	}
}

func (c *call) serve() error {
	keys, err := c.cfg.Verify(c.r, c.bucket, c.key)
	if err != nil {
		return err
	}
	if c.cfg.Allow != nil {
		write := c.r.Method != http.MethodGet && c.r.Method != http.MethodHead
		if err := c.cfg.Allow(keys, write, c.bucket, c.key); err != nil {
			return err
		}
	}
	if err := c.checkNames(); err != nil {
		return err
	}
	return c.operation()(c)
}

// operation finds what a request asks for.
func (c *call) operation() func(*call) error {
	query := c.r.URL.Query()
	kind := kindOf(c.bucket, c.key)
	for _, o := range operations() {
		if o.kind != kind || o.method != c.r.Method {
			continue
		}
		if o.query == "" && chooser(query) == "" || o.query != "" && query.Has(o.query) {
			return o.handle
		}
	}
	return notServed
}

// event tells of an object.
func (c *call) event(name string, o *store.Object) {
	if c.cfg.Events == nil || o == nil {
		return
	}
	e := Event{
		Region: c.cfg.Region, Bucket: c.bucket, Object: o.Name, Name: name, Size: o.Size, ETag: o.ETag,
		RequestID: c.id, Time: c.cfg.Now(),
	}
	if b, err := c.cfg.Store.Bucket(c.bucket); err == nil {
		e.Region = b.Region
	}
	c.cfg.Events(e)
}
