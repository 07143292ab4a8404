package instance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"s/pkg/fc"
	"s/pkg/runtime/rapi"
)

// badAnswer is an answer of an HTTP handler that can't be sent to the caller.
type badAnswer struct{ why string }

// Error says what is wrong with it.
func (e *badAnswer) Error() string { return "the function's HTTP answer is invalid: " + e.why }

// eventRequest is the event of an HTTP trigger in FC 3.0 (documentation, HTTP
// trigger, "event structure").
type eventRequest struct {
	Version         string            `json:"version"`
	RawPath         string            `json:"rawPath"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Headers         map[string]string `json:"headers"`
	QueryParameters map[string]string `json:"queryParameters"`
	RequestContext  eventContext      `json:"requestContext"`
}

type eventContext struct {
	AccountID    string    `json:"accountId"`
	DomainName   string    `json:"domainName"`
	DomainPrefix string    `json:"domainPrefix"`
	HTTP         eventHTTP `json:"http"`
	RequestID    string    `json:"requestId"`
	Time         string    `json:"time"`      // 2006-01-02T15:04:05Z
	TimeEpoch    string    `json:"timeEpoch"` // milliseconds
}

type eventHTTP struct {
	Method    string `json:"method"`
	Path      string `json:"path"` // decoded
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// eventAnswer is what a handler may return for an HTTP trigger in FC 3.0.
type eventAnswer struct {
	StatusCode      json.RawMessage `json:"statusCode"`
	Headers         map[string]any  `json:"headers"`
	Body            *string         `json:"body"`
	IsBase64Encoded bool            `json:"isBase64Encoded"`
}

// readRequestBody reads the body of an HTTP trigger's request.
func readRequestBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, fc.MaxSyncBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > fc.MaxSyncBody {
		return nil, &fc.APIError{
			Status: http.StatusRequestEntityTooLarge, Code: fc.CodeEntityTooLarge,
			Message: fmt.Sprintf("the body is larger than %d bytes", fc.MaxSyncBody),
		}
	}
	return body, nil
}

// httpEvent makes the event for a request.
func httpEvent(r *http.Request, body []byte, account, requestID string, now time.Time) ([]byte, error) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	prefix, _, _ := strings.Cut(host, ".")
	event := eventRequest{
		Version: "v1", RawPath: r.URL.EscapedPath(),
		Headers: joined(r.Header), QueryParameters: joined(r.URL.Query()),
		RequestContext: eventContext{
			AccountID: account, DomainName: host, DomainPrefix: prefix, RequestID: requestID,
			Time: now.UTC().Format("2006-01-02T15:04:05Z"), TimeEpoch: strconv.FormatInt(now.UnixMilli(), 10),
			HTTP: eventHTTP{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto,
				SourceIP: clientIP(r), UserAgent: r.UserAgent(),
			},
		},
	}
	event.Headers["Host"] = r.Host
	if isText(r.Header.Get("Content-Type")) && utf8.Valid(body) {
		event.Body = string(body)
	} else {
		event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(event); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// joined gives each key one value, several joined by commas. The platform's own
// headers stay behind.
func joined(m map[string][]string) map[string]string {
	to := make(map[string]string, len(m)+1)
	for k, v := range m {
		if !platformHeader(k) {
			to[k] = strings.Join(v, ",")
		}
	}
	return to
}

// isText reports whether a body of that type goes into the event as it is.
func isText(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	if kind == "" || strings.HasPrefix(kind, "text/") {
		return true
	}
	for _, part := range []string{"json", "xml", "javascript", "x-www-form-urlencoded"} {
		if strings.Contains(kind, part) {
			return true
		}
	}
	return false
}

func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// writeEventAnswer answers the caller with what the handler returned: an object
// with statusCode, other JSON, or anything else. A *badAnswer means that nothing
// has been written.
func writeEventAnswer(w http.ResponseWriter, body []byte) error {
	if !json.Valid(body) {
		if utf8.Valid(body) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		} else {
			w.Header().Set("Content-Type", "application/octet-stream")
		}
		return writeAnswer(w, http.StatusOK, body)
	}
	var probe struct {
		StatusCode json.RawMessage `json:"statusCode"`
	}
	if json.Unmarshal(body, &probe) != nil || len(probe.StatusCode) == 0 {
		w.Header().Set("Content-Type", "application/json")
		return writeAnswer(w, http.StatusOK, body)
	}
	var answer eventAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return &badAnswer{err.Error()}
	}
	status, err := strconv.Atoi(strings.Trim(string(answer.StatusCode), `"`))
	if err != nil || status < 200 || status > 599 {
		return &badAnswer{fmt.Sprintf("statusCode %s", answer.StatusCode)}
	}
	var content []byte
	if answer.Body != nil {
		content = []byte(*answer.Body)
		if answer.IsBase64Encoded {
			if content, err = base64.StdEncoding.DecodeString(*answer.Body); err != nil {
				return &badAnswer{"the body isn't base64"}
			}
		}
	}
	for name, value := range answer.Headers {
		setHeader(w.Header(), name, value)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	return writeAnswer(w, status, content)
}

// setHeader sets a header to what JSON gave for it: a string, a number, or a
// list of them.
func setHeader(h http.Header, name string, value any) {
	if values, ok := value.([]any); ok {
		for _, v := range values {
			addHeader(h, name, fmt.Sprint(v))
		}
		return
	}
	if value != nil {
		addHeader(h, name, fmt.Sprint(value))
	}
}

// addHeader adds a header of the function's to its answer, less what belongs to
// the connection or the platform.
func addHeader(h http.Header, name, value string) {
	name = http.CanonicalHeaderKey(name)
	switch name {
	case "Connection", "Keep-Alive", "Content-Length", "Transfer-Encoding", "Date", "Server":
		return
	}
	if !platformHeader(name) {
		h.Add(name, value)
	}
}

func writeAnswer(w http.ResponseWriter, status int, body []byte) error {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}

// paramsRequest is the value of x-fc-http-params for a runtime.
type paramsRequest struct {
	Path       string              `json:"path"`
	Method     string              `json:"method"`
	RequestURI string              `json:"requestURI"`
	ClientIP   string              `json:"clientIP"`
	Host       string              `json:"host"`
	HeadersMap map[string][]string `json:"headersMap"`
	QueriesMap map[string][]string `json:"queriesMap"`
}

// paramsAnswer is the value of x-fc-http-params from a runtime.
type paramsAnswer struct {
	Status     int                 `json:"status"`
	HeadersMap map[string][]string `json:"headersMap"`
}

// httpParams describes a request to a runtime as FC 2.0 does.
func httpParams(r *http.Request) (string, error) {
	headers := make(map[string][]string, len(r.Header))
	for name, values := range r.Header {
		if !platformHeader(name) {
			headers[name] = values
		}
	}
	params, err := json.Marshal(paramsRequest{
		Path: r.URL.Path, Method: r.Method, RequestURI: r.URL.RequestURI(), ClientIP: clientIP(r),
		Host: r.Host, HeadersMap: headers, QueriesMap: r.URL.Query(),
	})
	return base64.StdEncoding.EncodeToString(params), err
}

// writeParams answers the caller as the runtime said in x-fc-http-params. A
// *badAnswer means that nothing has been written.
func writeParams(w http.ResponseWriter, reply rapi.Reply) error {
	var answer paramsAnswer
	if reply.HTTPParams != "" {
		data, err := base64.StdEncoding.DecodeString(reply.HTTPParams)
		if err != nil {
			return &badAnswer{"x-fc-http-params isn't base64"}
		}
		if err := json.Unmarshal(data, &answer); err != nil {
			return &badAnswer{"x-fc-http-params: " + err.Error()}
		}
	}
	if answer.Status == 0 {
		answer.Status = http.StatusOK // the handler never wrote one
	}
	if answer.Status < 200 || answer.Status > 599 {
		return &badAnswer{fmt.Sprintf("status %d", answer.Status)}
	}
	for name, values := range answer.HeadersMap {
		for _, v := range values {
			addHeader(w.Header(), name, v)
		}
	}
	return writeAnswer(w, answer.Status, reply.Body)
}
