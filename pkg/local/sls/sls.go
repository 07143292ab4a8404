// Package sls serves the part of Alibaba Cloud's log service that tools for
// Function Compute use: the logs of functions that have a logConfig, found by time
// and words, and the bookkeeping of projects, logstores and indexes. What SLS can do
// and this can't is answered with 501 and its name.
package sls

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/local/logfiles"
	"s/pkg/local/store"
)

// maxBody bounds what clients send: documents, and groups of logs.
const maxBody = maxRaw

// Config is what the service needs to know.
type Config struct {
	Logs   *store.Logs    // what is known of projects and logstores
	Lines  *logfiles.Logs // what functions printed, and what was put
	Region string
	// Owner is the account.
	AccountID string
	// InUse reports whether a function's logs go to a project, or to a logstore of
	// it: such a one is there though nobody has made it.
	InUse func(project, logstore string) bool
	// Verify checks the signature of a request; its error is an *fc.APIError.
	Verify func(*http.Request) error
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Service serves SLS.
type Service struct {
	cfg   Config
	pages pages
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Service{cfg: cfg}
}

// call is one request.
type call struct {
	*Service
	w       http.ResponseWriter
	r       *http.Request
	query   url.Values
	project string
	store   string // the logstore in the path
	body    []byte
}

// ServeHTTP serves one request. The answer's request id must have been set.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Log-Requestid", w.Header().Get(fc.HeaderRequestID))
	c := &call{Service: s, w: w, r: r, project: projectOf(r.Host)}
	if err := c.serve(); err != nil {
		c.refuse(err)
	}
}

func (c *call) serve() error {
	if err := c.cfg.Verify(c.r); err != nil {
		return err
	}
	var err error
	c.query = c.r.URL.Query()
	if c.body, err = io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody)); err != nil {
		return bodyError(err)
	}
	segments := strings.Split(strings.Trim(c.r.URL.Path, "/"), "/")
	pattern := segments
	if segments[0] == "logstores" && len(segments) > 1 {
		c.store = segments[1]
		pattern = append([]string{"logstores", "{store}"}, segments[2:]...)
	}
	handle := c.operation(c.r.Method+" /"+strings.Join(pattern, "/"), c.query.Get("type"))
	if handle == nil {
		return c.notServed(segments)
	}
	if c.project != "" && !validName.MatchString(c.project) {
		return failure(http.StatusBadRequest, "ProjectNameInvalid", "project name '"+c.project+"' is invalid")
	}
	if c.store != "" && !validName.MatchString(c.store) {
		return failure(http.StatusBadRequest, "LogStoreNameInvalid", "logstore name '"+c.store+"' is invalid")
	}
	return handle()
}

// validName is what projects and logstores are called (documentation of
// CreateProject and CreateLogStore).
var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$`)

// operation finds what a request asks for.
func (c *call) operation(what, kind string) func() error {
	if c.project == "" && what != "POST /" {
		return nil
	}
	return map[string]func() error{
		"POST /":                               c.createProject,
		"GET /":                                c.getProject,
		"DELETE /":                             c.deleteProject,
		"POST /logstores":                      c.createLogstore,
		"GET /logstores":                       c.listLogstores,
		"GET /logstores/{store}":               c.getLogstore,
		"DELETE /logstores/{store}":            c.deleteLogstore,
		"POST /logstores/{store}/index":        c.createIndex,
		"PUT /logstores/{store}/index":         c.updateIndex,
		"GET /logstores/{store}/index":         c.getIndex,
		"POST /logstores/{store}/logs":         c.getLogsV2,
		"POST /logstores/{store}":              c.putLogs,
		"POST /logstores/{store}/shards/lb":    c.putLogs,
		"POST /logstores/{store}/shards/route": c.putLogs,
		"GET /logstores/{store} log":           c.getLogs,
		"GET /logstores/{store} histogram":     c.getHistograms,
	}[strings.TrimSpace(what+" "+kind)]
}

// projectOf is the project that a host name begins with; empty if it is the
// service's own.
func projectOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	first, rest, more := strings.Cut(strings.ToLower(host), ".")
	if !more || net.ParseIP(host) != nil || strings.HasPrefix(rest, "log.") {
		return "" // <region>.log.…
	}
	return first
}

// IsHost reports whether a host name is one of SLS's: [<project>.]<region>.log.… .
func IsHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	labels := strings.Split(strings.ToLower(host), ".")
	return len(labels) > 2 && (labels[1] == "log" || len(labels) > 3 && labels[2] == "log")
}

func failure(status int, code, message string) error {
	return &fc.APIError{Status: status, Code: code, Message: message}
}

func bodyError(err error) error {
	var api *fc.APIError
	if errors.As(err, &api) {
		return err
	}
	return failure(http.StatusBadRequest, "PostBodyInvalid", "the body can't be read: "+err.Error())
}

// refuse answers with an error as SLS writes it.
func (c *call) refuse(err error) {
	api := &fc.APIError{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: err.Error()}
	errors.As(err, &api)
	c.json(api.Status, map[string]string{"errorCode": api.Code, "errorMessage": api.Message})
}

func (c *call) json(status int, doc any) {
	body, err := json.Marshal(doc)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte("{}")
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Log-Bodyrawsize", strconv.Itoa(len(body)))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	c.w.Write(body) // a client that is gone needs no answer
}

// done answers that something was done.
func (c *call) done() error {
	c.w.Header().Set("Content-Length", "0")
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// Topic is that of a function's lines: FC 3.0's own, or the service of FC 2.0.
func Topic(function string) string {
	service, _ := fc.SplitName(function)
	return cmp.Or(service, "FCLogs:"+function)
}
