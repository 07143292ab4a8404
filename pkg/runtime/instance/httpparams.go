package instance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	"s/pkg/fc"
	"s/pkg/runtime/rapi"
)

// badAnswer is an answer of an HTTP handler that can't be sent to the caller.
type badAnswer struct{ why string }

// Error says what is wrong with it.
func (e *badAnswer) Error() string { return "the function's HTTP answer is invalid: " + e.why }

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

// clientIP is the address that a request came from.
func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
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
