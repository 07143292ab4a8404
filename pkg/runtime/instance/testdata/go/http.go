package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
)

// httpRequest is what x-fc-http-params has of a request of FC 2.0.
type httpRequest struct {
	Path, Method, RequestURI, ClientIP, Host string
	HeadersMap                               map[string][]string
}

// httpAnswer is what x-fc-http-params has of an answer; its status is 0 if the
// handler never wrote one.
type httpAnswer struct {
	Status     int                 `json:"status"`
	HeadersMap map[string][]string `json:"headersMap"`
	body       bytes.Buffer
}

func (a *httpAnswer) Header() http.Header         { return a.HeadersMap }
func (a *httpAnswer) WriteHeader(status int)      { a.Status = status }
func (a *httpAnswer) Write(p []byte) (int, error) { return a.body.Write(p) }

// serveHTTP calls a handler of FC 2.0's HTTP functions.
func serveHTTP(f functions, inv *invocation, params string, body []byte) {
	defer func() {
		if p := recover(); p != nil {
			text, _ := json.Marshal(failure{ErrorMessage: fmt.Sprint(p), ErrorType: typeName(p), StackTrace: frames()})
			post("invocation/"+inv.RequestID+"/error", text)
		}
	}()
	var r httpRequest
	data, err := base64.StdEncoding.DecodeString(params)
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	req, rerr := http.NewRequest(r.Method, r.RequestURI, bytes.NewReader(body))
	handler, ok := f.handler.(func(http.ResponseWriter, *http.Request))
	if err != nil || rerr != nil || !ok {
		text, _ := json.Marshal(failure{ErrorMessage: fmt.Sprint(err, rerr, ok), ErrorType: "errorString"})
		post("invocation/"+inv.RequestID+"/error", text)
		return
	}
	req.Header, req.Host, req.RemoteAddr = r.HeadersMap, r.ClientIP, r.ClientIP
	answer := &httpAnswer{HeadersMap: http.Header{}}
	handler(answer, req)
	text, _ := json.Marshal(answer)
	send("invocation/"+inv.RequestID+"/response", answer.body.Bytes(), base64.StdEncoding.EncodeToString(text))
}
