package control

import (
	"maps"
	"slices"
	"strings"

	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// taggedService is a service with its tags, as FC 2.0 shows them.
type taggedService struct {
	ResourceARN string            `json:"resourceArn"`
	Tags        map[string]string `json:"tags"`
}

func (c *call) serviceARN(name string) string {
	return strings.TrimSuffix(c.arn(""), "functions/") + "services/" + name
}

func (c *call) tagged(s *store.Service) taggedService {
	tags := s.Tags
	if tags == nil {
		tags = map[string]string{}
	}
	return taggedService{c.serviceARN(s.Service.ServiceName), tags}
}

// serviceOf is the name in the ARN of a service, whose beginning may be left out.
// FC 2.0 has tags of services only.
func (c *call) serviceOf(arn string) (string, error) {
	name, ok := strings.CutPrefix(arn, c.serviceARN(""))
	if !ok {
		name, ok = strings.CutPrefix(arn, "services/")
	}
	switch {
	case arn == "":
		return "", reply.Invalid("resourceArn is required")
	case !ok || name == "" || strings.Contains(name, "/"):
		return "", invalid("resourceArn '%s' is not the ARN of a service of this account and region", arn)
	}
	return name, nil
}

// retagService changes the tags of a service, whose functions needn't know of it.
func (c *call) retagService(arn string, change func(tags map[string]string)) (answer, error) {
	name, err := c.serviceOf(arn)
	if err != nil {
		return answer{}, err
	}
	_, err = c.cfg.Store.UpdateService(c.region, name, func(s *store.Service) error {
		if s.Tags == nil {
			s.Tags = map[string]string{}
		}
		if change(s.Tags); len(s.Tags) > maxTags {
			return invalid("a service can have %d tags, not %d", maxTags, len(s.Tags))
		}
		return nil
	}, nil)
	if err != nil {
		return answer{}, err
	}
	// The service's own client for Python reads a document from the answer.
	return ok(map[string]string{"requestId": c.id})
}

// tagService sets tags of a service.
func tagService(c *call) (answer, error) {
	var in taggedService
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if _, empty := in.Tags[""]; empty || len(in.Tags) == 0 && in.ResourceARN != "" {
		return answer{}, reply.Invalid("tags is required, and the key of a tag must not be empty")
	}
	return c.retagService(in.ResourceARN, func(tags map[string]string) { maps.Copy(tags, in.Tags) })
}

// untagService takes tags off a service.
func untagService(c *call) (answer, error) {
	var in struct {
		ResourceARN string   `json:"resourceArn"`
		TagKeys     []string `json:"tagKeys"`
		All         bool     `json:"all"`
	}
	if err := c.decode(&in); err != nil {
		return answer{}, err
	}
	if in.ResourceARN != "" && !in.All && len(in.TagKeys) == 0 {
		return answer{}, reply.Invalid("tagKeys is required")
	}
	return c.retagService(in.ResourceARN, func(tags map[string]string) {
		maps.DeleteFunc(tags, func(key, _ string) bool { return in.All || slices.Contains(in.TagKeys, key) })
	})
}

// getServiceTags shows the tags of a service.
func getServiceTags(c *call) (answer, error) {
	name, err := c.serviceOf(c.r.URL.Query().Get("resourceArn"))
	if err != nil {
		return answer{}, err
	}
	s, err := c.cfg.Store.Service(c.region, name)
	if err != nil {
		return answer{}, err
	}
	return ok(c.tagged(s))
}

// listTaggedServices lists the services that have tags.
func listTaggedServices(c *call) (answer, error) {
	all := slices.DeleteFunc(c.cfg.Store.Services(c.region), func(s *store.Service) bool { return len(s.Tags) == 0 })
	some, next, err := page(c, all, func(s *store.Service) string { return s.Service.ServiceName })
	if err != nil {
		return answer{}, err
	}
	return ok(listing("resources", some, next, c.tagged))
}

// withQueryTags leaves the services that have the tags of the query's tag_KEY
// parameters.
func (c *call) withQueryTags(all []*store.Service) []*store.Service {
	return slices.DeleteFunc(all, func(s *store.Service) bool {
		for name, values := range c.r.URL.Query() {
			key, isTag := strings.CutPrefix(name, "tag_")
			if value, has := s.Tags[key]; isTag && (!has || !slices.Contains(values, value)) {
				return true
			}
		}
		return false
	})
}
