package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"s/pkg/fc"
	"s/pkg/runtime/instance"
)

// httpDocument is the event that a managed runtime of FC 3.0 gets for an HTTP
// request (documentation of HTTP triggers, structure of the request).
type httpDocument struct {
	Version         string            `json:"version"`
	RawPath         string            `json:"rawPath"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Headers         map[string]string `json:"headers"`
	QueryParameters map[string]string `json:"queryParameters"`
	RequestContext  httpContext       `json:"requestContext"`
}

type httpContext struct {
	AccountID    string      `json:"accountId"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         httpRequest `json:"http"`
	RequestID    string      `json:"requestId"`
	Time         string      `json:"time"`
	TimeEpoch    string      `json:"timeEpoch"` // milliseconds
}

type httpRequest struct {
	Method    string `json:"method"`
	Path      string `json:"path"` // unescaped
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// httpEvent makes the event of a request.
func httpEvent(w http.ResponseWriter, r *http.Request, account, id string, now time.Time) ([]byte, error) {
	body, err := readBody(w, r, fc.MaxSyncBody)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	prefix, _, _ := strings.Cut(host, ".")
	doc := httpDocument{
		Version: "v1", RawPath: r.URL.EscapedPath(), Body: string(body),
		Headers: joined(url.Values(r.Header)), QueryParameters: joined(r.URL.Query()),
		RequestContext: httpContext{
			AccountID: account, DomainName: host, DomainPrefix: prefix, RequestID: id,
			Time: now.UTC().Format("2006-01-02T15:04:05Z"), TimeEpoch: strconv.FormatInt(now.UnixMilli(), 10),
			HTTP: httpRequest{Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent()},
		},
	}
	doc.Headers["Host"] = r.Host
	if !isText(r.Header.Get("Content-Type"), body) {
		doc.Body, doc.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(doc)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

func joined(values url.Values) map[string]string {
	out := make(map[string]string, len(values)+1)
	for name, v := range values {
		out[name] = strings.Join(v, ",")
	}
	return out
}

// isText decides whether a body goes into JSON as it is. FC's own list of
// types isn't public.
func isText(contentType string, body []byte) bool {
	if len(body) == 0 {
		return true
	}
	if !utf8.Valid(body) {
		return false
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return true // none, or a broken one: it is text all the same
	}
	for _, mark := range []string{"text/", "json", "xml", "javascript", "x-www-form-urlencoded"} {
		if strings.Contains(kind, mark) {
			return true
		}
	}
	return false
}

// httpAnswer is what a function may return to shape its HTTP answer.
type httpAnswer struct {
	StatusCode      json.RawMessage        `json:"statusCode"` // a number, also as a string
	Headers         map[string]headerValue `json:"headers"`
	Body            *string                `json:"body"`
	IsBase64Encoded bool                   `json:"isBase64Encoded"`
}

// headerValue is a header's value: a string, a number, a boolean or a list of
// them.
type headerValue []string

// UnmarshalJSON reads any of these.
func (h *headerValue) UnmarshalJSON(piece []byte) error {
	var list []json.RawMessage
	if json.Unmarshal(piece, &list) != nil {
		list = []json.RawMessage{piece}
	}
	for _, item := range list {
		var text string
		if json.Unmarshal(item, &text) != nil {
			text = string(item)
		}
		*h = append(*h, text)
	}
	return nil
}

// writeHTTPResult answers with what an event function returned: a document
// with a statusCode says status, headers and body; other JSON is the body as
// JSON, anything else is the body as it is.
func writeHTTPResult(w http.ResponseWriter, e *entry, result *instance.Result) error {
	resultHeaders(w.Header(), e, result)
	body := result.Body
	if !json.Valid(body) {
		kind := "application/octet-stream"
		if utf8.Valid(body) {
			kind = "text/plain; charset=utf-8"
		}
		writeHTTP(w, http.StatusOK, kind, body)
		return nil
	}
	var probe struct {
		StatusCode json.RawMessage `json:"statusCode"`
	}
	if json.Unmarshal(body, &probe) != nil || len(probe.StatusCode) == 0 {
		writeHTTP(w, http.StatusOK, "application/json", body)
		return nil
	}
	var answer httpAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return badResponse(badShape(err))
	}
	return answer.write(w)
}

// badShape words what is wrong with an answer without Go's names.
func badShape(err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	kind := "a " + wrong.Value
	if wrong.Value == "array" || wrong.Value == "object" {
		kind = "an " + wrong.Value
	}
	if wrong.Field == "body" {
		return "body must be a string, not " + kind + ": make it one, with JSON.stringify or json.dumps for example"
	}
	return wrong.Field + " can't be " + kind
}

func (a *httpAnswer) write(w http.ResponseWriter) error {
	status, err := strconv.Atoi(strings.Trim(string(a.StatusCode), `"`))
	if err != nil || status < 200 || status > 599 {
		return badResponse("statusCode " + string(a.StatusCode) + " is no whole number between 200 and 599")
	}
	var body []byte
	if a.Body != nil {
		body = []byte(*a.Body)
		if a.IsBase64Encoded {
			if body, err = base64.StdEncoding.DecodeString(*a.Body); err != nil {
				return badResponse("body is not base64, as isBase64Encoded says")
			}
		}
	}
	for name, values := range a.Headers {
		if reserved(name) {
			continue
		}
		for _, v := range values {
			w.Header().Add(name, v)
		}
	}
	writeHTTP(w, status, "application/json", body)
	return nil
}

// reserved reports whether a header is not the function's to set.
func reserved(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "connection", "content-length", "date", "keep-alive", "server", "transfer-encoding":
		return true
	}
	return strings.HasPrefix(name, "x-fc-")
}

// writeHTTP sends an answer; kind is its type unless the function said one.
func writeHTTP(w http.ResponseWriter, status int, kind string, body []byte) {
	h := w.Header()
	if h.Get("Content-Type") == "" && len(body) > 0 {
		h.Set("Content-Type", kind)
	}
	w.WriteHeader(status)
	w.Write(body) // a client that is gone needs no answer
}

func badResponse(why string) error {
	return &fc.APIError{Status: http.StatusBadGateway, Code: "BadResponse", Message: "the function's answer can't be used: " + why}
}
