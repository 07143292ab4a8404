package alicloudtest

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// token is what the service of names gives.
const token = "a1B2-c3"

// Mute makes the resolver see no names.
func (s *Server) Mute() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = true
}

// resolve is the DNS.
func (s *Server) resolve(_ context.Context, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.leads[name] || s.mute {
		return "", &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return AccountID + ".cn-hangzhou.fc.aliyuncs.com.", nil
}

// domains is the service that gives names below devsapp.net.
func (s *Server) domains(action string, data []byte) answer {
	q, err := url.ParseQuery(string(data))
	refused := func(why string) answer {
		return ok(map[string]any{"Response": map[string]any{"Status": "Failed", "Body": why}})
	}
	if err != nil || q.Get("type") != "fc" || q.Get("user") != AccountID || q.Get("region") == "" || q.Get("service") == "" || q.Get("function") == "" {
		return refused("parameters are missing")
	}
	switch action {
	case "POST /token":
		return ok(map[string]any{"Response": map[string]any{"Status": "Success", "Body": map[string]any{"Token": token}}})
	case "POST /domain":
		if q.Get("token") != token || s.checks["domain"+token] != token || !s.things["trigger domain"+token] {
			return refused("the function doesn't answer with the token")
		}
		name := strings.Join([]string{q.Get("function"), q.Get("service"), q.Get("user"), q.Get("region"), "fc.devsapp.net"}, ".")
		s.leads[strings.ToLower(strings.ReplaceAll(name, "_", "-"))] = true
		return ok(map[string]any{"Response": map[string]any{"Status": "Success", "Body": "done"}})
	}
	return refuse(http.StatusNotFound, "NotFound")
}

// fc2 answers for FC 2.0.
func (s *Server) fc2(action, host string, data []byte) answer {
	method, path, _ := strings.Cut(action, " ")
	path, known := strings.CutPrefix(path, "/2021-04-06/")
	if !known || !strings.HasPrefix(host, AccountID+".") {
		return refuse(http.StatusNotFound, "PathNotSupported")
	}
	var doc struct {
		ServiceName, FunctionName, TriggerName, Runtime string
		EnvironmentVariables                            map[string]string
		Code                                            struct{ ZipFile []byte }
	}
	_ = json.Unmarshal(data, &doc) // calls without one have no body
	segments := strings.Split(path, "/")
	switch {
	case path == "account-settings" && method == http.MethodGet:
		return ok(map[string]any{"availableAZs": s.fcZones, "defaultRole": ""})
	case method == http.MethodPost && len(segments) == 1:
		return s.make("service "+doc.ServiceName, refuse(http.StatusConflict, "ServiceAlreadyExists"))
	case !s.things["service "+segments[1]]:
		return refuse(http.StatusNotFound, "ServiceNotFound")
	case method == http.MethodPost && len(segments) == 3:
		if !strings.HasPrefix(string(doc.Code.ZipFile), "PK") || doc.Runtime == "" {
			return refuse(http.StatusBadRequest, "InvalidArgument")
		}
		s.checks[doc.FunctionName] = doc.EnvironmentVariables["token"]
		return s.make("function "+doc.FunctionName, refuse(http.StatusConflict, "FunctionAlreadyExists"))
	case method == http.MethodPost:
		return s.make("trigger "+segments[3], refuse(http.StatusConflict, "TriggerAlreadyExists"))
	}
	return s.deleteFC(segments)
}

func (s *Server) deleteFC(segments []string) answer {
	thing := "service " + segments[1]
	switch len(segments) {
	case 2:
		for other := range s.things {
			if strings.HasPrefix(other, "function ") {
				return refuse(http.StatusBadRequest, "ServiceNotEmpty")
			}
		}
	case 4:
		thing = "function " + segments[3]
	case 6:
		thing = "trigger " + segments[3]
	}
	if !s.things[thing] {
		return refuse(http.StatusNotFound, "ResourceNotFound")
	}
	delete(s.things, thing)
	return ok(nil)
}
