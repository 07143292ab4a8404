package fctest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"s/pkg/fc"
)

// orEmpty is a list that JSON shows as one.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

const timestamp = "2026-01-02T03:04:05Z"

// route finds the operation. Paths are matched escaped and their segments hold
// no escapes in tests.
func (s *Server) route(w http.ResponseWriter, r *http.Request, call Call) {
	if call.Path == "/_s/logs" {
		if s.Logs == nil {
			refuse(w, http.StatusNotFound, fc.CodePathNotSupported, "no logs")
			return
		}
		s.Logs(r.URL.Query().Get("session"), w)
		return
	}
	version, rest, _ := strings.Cut(strings.TrimPrefix(call.Path, "/"), "/")
	parts := strings.Split(rest, "/")
	v2 := version == fc.APIVersion2
	if version != fc.APIVersion2 && version != fc.APIVersion3 {
		refuse(w, http.StatusBadRequest, fc.CodePathNotSupported, call.Path)
		return
	}
	if strings.HasSuffix(rest, "/exec") && s.Exec != nil {
		s.Exec(w, r)
		return
	}
	if s.around(w, call, v2, parts) {
		return
	}
	if v2 && parts[0] == "services" && len(parts) <= 2 {
		s.service(w, call, parts)
		return
	}
	if parts[0] == "layers" || parts[0] == "layerarn" {
		s.layer(w, call, v2, parts)
		return
	}
	if !v2 && (rest == "tags-v2" || rest == "resource-groups") {
		s.tags(w, call)
		return
	}
	key, tail := "", parts
	switch {
	case v2 && len(parts) >= 4:
		key, tail = strings.Join(parts[:4], "/"), parts[4:]
	case v2 && len(parts) == 3, !v2 && len(parts) == 1:
		s.functionList(w, call, strings.Join(parts, "/"))
		return
	case !v2 && len(parts) >= 2:
		key, tail = strings.Join(parts[:2], "/"), parts[2:]
	}
	s.underFunction(w, call, key, tail)
}

func (s *Server) underFunction(w http.ResponseWriter, call Call, key string, tail []string) {
	if s.qualifiedGet(w, call, key, tail) {
		return
	}
	s.mu.Lock()
	_, known := s.functions[key]
	s.mu.Unlock()
	if !known {
		refuse(w, http.StatusNotFound, fc.CodeFunctionNotFound, fmt.Sprintf("function '%s' does not exist.", key))
		return
	}
	switch {
	case len(tail) == 0:
		s.function(w, call, key)
	case tail[0] == "triggers":
		s.trigger(w, call, key, tail[1:])
	case tail[0] == "code":
		s.code(w, key)
	case tail[0] == "instances":
		reply(w, http.StatusOK, map[string]any{"instances": orEmpty(s.Instances), "requestId": "x"})
	case len(tail) == 2 && tail[0] == "invoke":
		s.restrict(w, call, key, tail[1] == "disable")
	case tail[0] == "invocations":
		s.invocation(w, call, key)
	default:
		refuse(w, http.StatusBadRequest, fc.CodePathNotSupported, call.Path)
	}
}

// qualifiedGet serves GetFunction at a version or an alias, which ListInstances needs,
// too; it tells whether the answer is given.
func (s *Server) qualifiedGet(w http.ResponseWriter, call Call, key string, tail []string) bool {
	query, _ := url.ParseQuery(call.Query)
	qualifier := query.Get("qualifier")
	instances := len(tail) == 1 && tail[0] == "instances"
	if call.Method != http.MethodGet || len(tail) > 0 && !instances || qualifier == "" || qualifier == fc.LatestQualifier {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, code := s.at(key, qualifier)
	if code != "" {
		refuse(w, http.StatusNotFound, code, "'"+qualifier+"' of '"+key+"' does not exist")
		return true
	}
	if instances {
		return false
	}
	reply(w, http.StatusOK, f)
	return true
}

func (s *Server) invocation(w http.ResponseWriter, call Call, key string) {
	s.mu.Lock()
	restriction, _ := s.functions[key]["invocationRestriction"].(map[string]any)
	s.mu.Unlock()
	if restriction["disable"] == true {
		refuse(w, http.StatusForbidden, fc.CodeInvocationDisabled, "the function is disabled")
		return
	}
	answer := Reply{Body: call.Body}
	if s.Invoke != nil {
		answer = s.Invoke(call)
	}
	for k, v := range answer.Header {
		w.Header().Set(k, v)
	}
	if answer.Status == 0 {
		answer.Status = http.StatusOK
	}
	w.WriteHeader(answer.Status)
	w.Write(answer.Body)
}

func (s *Server) service(w http.ResponseWriter, call Call, parts []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fields := map[string]any{}
	json.Unmarshal(call.Body, &fields)
	if len(parts) == 1 {
		name, _ := fields["serviceName"].(string)
		if s.services[name] != nil {
			refuse(w, http.StatusConflict, fc.CodeServiceAlreadyExists, "service '"+name+"' already exists")
			return
		}
		maps.Copy(fields, map[string]any{"serviceId": "sid", "createdTime": timestamp, "lastModifiedTime": timestamp})
		if fields["internetAccess"] == nil {
			fields["internetAccess"] = true
		}
		s.services[name] = fields
		reply(w, http.StatusOK, fields)
		return
	}
	have := s.services[parts[1]]
	switch {
	case have == nil:
		refuse(w, http.StatusNotFound, fc.CodeServiceNotFound, "service '"+parts[1]+"' does not exist")
	case call.Method == http.MethodDelete:
		for key := range s.functions {
			if strings.HasPrefix(key, "services/"+parts[1]+"/") {
				refuse(w, http.StatusConflict, fc.CodeServiceNotEmpty, "service has functions")
				return
			}
		}
		if s.published("services/" + parts[1]) {
			refuse(w, http.StatusConflict, fc.CodeServiceNotEmpty, "service has versions or aliases")
			return
		}
		delete(s.services, parts[1])
		w.WriteHeader(http.StatusNoContent)
	default:
		maps.Copy(have, fields)
		reply(w, http.StatusOK, have)
	}
}

// functionList lists the functions below a collection, or makes one.
func (s *Server) functionList(w http.ResponseWriter, call Call, collection string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if service, ok := strings.CutPrefix(collection, "services/"); ok && s.services[strings.TrimSuffix(service, "/functions")] == nil {
		refuse(w, http.StatusNotFound, fc.CodeServiceNotFound, "service does not exist")
		return
	}
	if call.Method == http.MethodGet {
		list, next := s.functionPage(collection, call.Query)
		reply(w, http.StatusOK, map[string]any{"functions": list, "nextToken": next})
		return
	}
	fields := map[string]any{}
	json.Unmarshal(call.Body, &fields)
	name, _ := fields["functionName"].(string)
	key := collection + "/" + name
	switch {
	case name == "" || fields["runtime"] == nil || fields["handler"] == nil:
		refuse(w, http.StatusBadRequest, fc.CodeInvalidArgument, "functionName, runtime and handler are required")
	case s.functions[key] != nil:
		refuse(w, http.StatusConflict, fc.CodeFunctionAlreadyExists, "function already exists")
	default:
		made := map[string]any{"functionId": "fid", "createdTime": timestamp, "timeout": 3.0, "memorySize": 512.0, "description": ""}
		s.store(w, call, key, made, fields)
	}
}

// functionPage is what a query asks for; the token is the name to go on after.
func (s *Server) functionPage(collection, query string) (list []any, next string) {
	q, _ := url.ParseQuery(query) // it came through net/http
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		limit = 100
	}
	list = []any{}
	after := ""
	for _, key := range slices.Sorted(maps.Keys(s.functions)) {
		name, inside := strings.CutPrefix(key, collection+"/")
		if !inside || !strings.HasPrefix(name, q.Get("prefix")) || name <= q.Get("nextToken") {
			continue
		}
		if len(list) == limit {
			return list, after
		}
		list, after = append(list, s.functions[key]), name
	}
	return list, ""
}

func (s *Server) function(w http.ResponseWriter, call Call, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := s.functions[key]
	switch call.Method {
	case http.MethodGet:
		reply(w, http.StatusOK, have)
	case http.MethodDelete:
		if len(s.triggers[key]) > 0 {
			refuse(w, http.StatusConflict, fc.CodeFunctionNotEmpty, "function has active triggers")
			return
		}
		if s.published(key) {
			refuse(w, http.StatusConflict, fc.CodeFunctionNotEmpty, "function has versions or aliases")
			return
		}
		delete(s.functions, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		fields := map[string]any{}
		json.Unmarshal(call.Body, &fields)
		s.store(w, call, key, maps.Clone(have), fields)
	}
}

// store puts fields over what there is, the code apart, and answers with it.
func (s *Server) store(w http.ResponseWriter, call Call, key string, have, fields map[string]any) {
	if code, ok := fields["code"].(map[string]any); ok {
		text, _ := code["zipFile"].(string)
		data, err := base64.StdEncoding.DecodeString(text)
		sum := strconv.FormatUint(crc64.Checksum(data, crc64.MakeTable(crc64.ECMA)), 10)
		want, _ := code["checksum"].(string)
		if want == "" {
			want = call.Header.Get(fc.HeaderCodeChecksum)
		}
		if err != nil || (want != "" && want != sum) {
			refuse(w, http.StatusBadRequest, fc.CodeInvalidArgument, "code checksum mismatch")
			return
		}
		have["codeChecksum"], have["codeSize"] = sum, len(data)
		s.codes[key] = data
	}
	delete(fields, "code")
	if name, ok := strings.CutPrefix(key, "functions/"); ok {
		have["functionArn"] = arnPrefix + name
	}
	if have["lastModifiedTime"] != nil { // an update takes no notice of them
		delete(fields, "tags")
		delete(fields, "resourceGroupId")
	}
	if layers, ok := fields["layers"].([]any); ok && strings.HasPrefix(key, "functions/") {
		for i, arn := range layers {
			layers[i] = map[string]any{"arn": arn, "size": 1}
		}
	}
	maps.Copy(have, fields)
	have["lastModifiedTime"] = timestamp
	s.functions[key] = have
	reply(w, http.StatusOK, have)
}

func (s *Server) trigger(w http.ResponseWriter, call Call, key string, tail []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.triggers[key] == nil {
		s.triggers[key] = map[string]map[string]any{}
	}
	all := s.triggers[key]
	fields := map[string]any{}
	json.Unmarshal(call.Body, &fields)
	if len(tail) == 0 {
		if call.Method == http.MethodGet {
			s.triggerPage(w, call, all)
			return
		}
		name, _ := fields["triggerName"].(string)
		if all[name] != nil {
			refuse(w, http.StatusConflict, fc.CodeTriggerAlreadyExists, "trigger already exists")
			return
		}
		s.address(key, fields)
		all[name] = fields
		reply(w, http.StatusOK, fields)
		return
	}
	have := all[tail[0]]
	switch {
	case have == nil:
		refuse(w, http.StatusNotFound, fc.CodeTriggerNotFound, "trigger does not exist")
	case call.Method == http.MethodDelete:
		delete(all, tail[0])
		w.WriteHeader(http.StatusNoContent)
	default:
		maps.Copy(have, fields)
		reply(w, http.StatusOK, have)
	}
}

// address gives an HTTP trigger its URLs, in the shape of the API version.
func (s *Server) address(key string, fields map[string]any) {
	fields["triggerId"], fields["createdTime"] = "tid", timestamp
	if fields["triggerType"] != fc.TriggerHTTP {
		return
	}
	internet, intranet := "https://fn.example.test", "https://fn-internal.example.test"
	if strings.HasPrefix(key, "services/") {
		fields["urlInternet"], fields["urlIntranet"] = internet, intranet
		return
	}
	fields["httpTrigger"] = map[string]any{"urlInternet": internet, "urlIntranet": intranet}
}

// triggerPage gives two triggers a page, whatever the limit, so that clients
// must follow nextToken.
func (s *Server) triggerPage(w http.ResponseWriter, call Call, all map[string]map[string]any) {
	names := slices.Sorted(maps.Keys(all))
	start := 0
	if _, token, ok := strings.Cut(call.Query, "nextToken="); ok {
		token, _, _ = strings.Cut(token, "&")
		start, _ = strconv.Atoi(token)
	}
	end := min(start+2, len(names))
	page := []any{}
	for _, name := range names[start:end] {
		page = append(page, all[name])
	}
	out := map[string]any{"triggers": page}
	if end < len(names) {
		out["nextToken"] = strconv.Itoa(end)
	}
	reply(w, http.StatusOK, out)
}
