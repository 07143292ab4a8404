package fctest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"s/pkg/fc"
)

// unset are the codes of configurations that were never made, by their path.
func unset(kind string) string {
	switch kind {
	case "async-invoke-config":
		return "AsyncConfigNotExists"
	case "provision-config":
		return "ProvisionConfigNotFound"
	case "scaling-config":
		return "ScalingConfigNotFound"
	case "concurrency", "on-demand-config":
		return "OnDemandConfigNotFound"
	}
	return ""
}

// around serves what a function has around it: configurations, bindings and
// custom domains. It tells whether the path is one of these.
func (s *Server) around(w http.ResponseWriter, call Call, v2 bool, parts []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := parts[len(parts)-1]
	switch {
	case !v2 && len(parts) >= 3 && parts[0] == "functions" && parts[2] == "sessions":
		s.session(w, call, parts[1], parts[3:])
	case len(parts) >= 3 && (parts[0] == "functions" || parts[0] == "services") && (parts[2] == "versions" || parts[2] == "aliases"):
		s.history(w, call, parts)
	case parts[0] == "custom-domains":
		s.domain(w, call, v2, parts[1:])
	case strings.HasSuffix(last, "-configs"):
		s.configList(w, call, v2, parts)
	case v2 && len(parts) == 5 && unset(last) != "", !v2 && len(parts) == 3 && unset(last) != "":
		s.config(w, call, strings.Join(parts[:len(parts)-1], "/"), last)
	case v2 && len(parts) >= 3 && parts[2] == "bindings":
		s.binding(w, call, "services/"+parts[1], parts[3:])
	case !v2 && len(parts) >= 3 && parts[2] == "vpc-bindings":
		s.binding(w, call, "functions/"+parts[1], parts[3:])
	default:
		return false
	}
	return true
}

// Config gives a configuration of a function as it is stored, or nil. kind is
// the end of its path: async-invoke-config, concurrency, ...
func (s *Server) Config(function, qualifier, kind string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.configs[configKey(functionKey(function), kind, qualifier)]
}

// SetConfig changes fields of one behind the client's back.
func (s *Server) SetConfig(function, qualifier, kind string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.configs[configKey(functionKey(function), kind, qualifier)], fields)
}

// Bindings gives the VPCs that may call a function, in FC 2.0 a service.
func (s *Server) Bindings(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bindings[name]
}

// Domain gives a custom domain as it is stored, or nil.
func (s *Server) Domain(name string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.domains[name]
}

func configKey(function, kind, qualifier string) string {
	return function + "/" + kind + "?" + first(qualifier, fc.LatestQualifier)
}

func (s *Server) config(w http.ResponseWriter, call Call, function, kind string) {
	if s.functions[function] == nil {
		refuse(w, http.StatusNotFound, fc.CodeFunctionNotFound, "function does not exist")
		return
	}
	query, _ := url.ParseQuery(call.Query)
	qualifier := first(query.Get("qualifier"), fc.LatestQualifier)
	key := configKey(function, kind, qualifier)
	switch call.Method {
	case http.MethodPut:
		fields := map[string]any{}
		json.Unmarshal(call.Body, &fields)
		s.status(fields, function, qualifier, kind)
		s.configs[key] = fields
	case http.MethodDelete:
		delete(s.configs, key)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if s.configs[key] == nil {
		refuse(w, http.StatusNotFound, unset(kind), kind+" not found")
		return
	}
	reply(w, http.StatusOK, s.configs[key])
}

// status adds what the service says of a configuration itself.
func (s *Server) status(fields map[string]any, function, qualifier, kind string) {
	names := strings.Split(function, "/")
	switch {
	case names[0] == "functions":
		fields["functionArn"] = arnPrefix + names[1] + "/" + qualifier
	case kind == "async-invoke-config":
		fields["service"], fields["function"], fields["qualifier"] = names[1], names[3], qualifier
	default:
		fields["resource"] = "services/" + names[1] + "." + qualifier + "/functions/" + names[3]
	}
	switch kind {
	case "provision-config":
		if fields["target"] == nil {
			fields["target"] = fields["defaultTarget"]
		}
		fields["current"] = fields["target"]
	case "scaling-config":
		fields["targetInstances"], fields["currentInstances"] = fields["minInstances"], fields["minInstances"]
	}
}

func (s *Server) configList(w http.ResponseWriter, call Call, v2 bool, parts []string) {
	kind := strings.TrimSuffix(parts[len(parts)-1], "s")
	kind = strings.TrimSuffix(kind, "-config")
	field := map[string]string{"provision": "provisionConfigs", "scaling": "scalingConfigs"}[kind]
	if kind != "concurrency" {
		kind += "-config"
	}
	query, _ := url.ParseQuery(call.Query)
	prefix := strings.Join(parts[:len(parts)-1], "/")
	if name := query.Get("functionName"); name != "" {
		prefix = functionKey(name) + "/"
	}
	list := []any{}
	for _, key := range slices.Sorted(maps.Keys(s.configs)) {
		if strings.Contains(key, "/"+kind+"?") && strings.HasPrefix(key, prefix) && strings.HasPrefix(key, "services/") == v2 {
			list = append(list, s.configs[key])
		}
	}
	reply(w, http.StatusOK, map[string]any{first(field, "configs"): list})
}

func (s *Server) binding(w http.ResponseWriter, call Call, of string, more []string) {
	_, name, _ := strings.Cut(of, "/")
	if s.functions[of] == nil && s.services[name] == nil {
		refuse(w, http.StatusNotFound, fc.CodeFunctionNotFound, "function does not exist")
		return
	}
	switch call.Method {
	case http.MethodGet:
		reply(w, http.StatusOK, map[string]any{"vpcIds": append([]string{}, s.bindings[name]...)})
		return
	case http.MethodPost:
		var body struct {
			VPCID string `json:"vpcId"`
		}
		json.Unmarshal(call.Body, &body)
		if !slices.Contains(s.bindings[name], body.VPCID) {
			s.bindings[name] = append(s.bindings[name], body.VPCID)
		}
	case http.MethodDelete:
		s.bindings[name] = slices.DeleteFunc(s.bindings[name], func(id string) bool { return id == more[0] })
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) domain(w http.ResponseWriter, call Call, v2 bool, more []string) {
	fields := map[string]any{}
	json.Unmarshal(call.Body, &fields)
	if len(more) == 0 && call.Method == http.MethodGet {
		query, _ := url.ParseQuery(call.Query)
		list := []any{}
		for _, name := range slices.Sorted(maps.Keys(s.domains)) {
			if strings.HasPrefix(name, query.Get("prefix")) {
				list = append(list, s.domains[name])
			}
		}
		reply(w, http.StatusOK, map[string]any{"customDomains": list})
		return
	}
	name, _ := fields["domainName"].(string)
	if len(more) > 0 {
		name = more[0]
	}
	have := s.domains[name]
	switch {
	case len(more) == 0 && have != nil:
		refuse(w, http.StatusConflict, fc.CodeDomainNameAlreadyExists, "domain name '"+name+"' already exists")
		return
	case len(more) == 0:
		have = fields
		have["createdTime"], have["accountId"], have["apiVersion"] = timestamp, AccountID, fc.APIVersion3
		if v2 {
			have["apiVersion"] = fc.APIVersion2
		}
	case have == nil:
		refuse(w, http.StatusNotFound, fc.CodeDomainNameNotFound, "domain name '"+name+"' does not exist")
		return
	case call.Method == http.MethodDelete:
		delete(s.domains, name)
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		maps.Copy(have, fields)
	}
	have["lastModifiedTime"] = timestamp
	s.domains[name] = have
	reply(w, http.StatusOK, have)
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
