package control

import (
	"encoding/base64"
	"slices"
	"strconv"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// Directions of ListFunctionVersions and ListServiceVersions.
const (
	backward = "BACKWARD" // the newest first; the default
	forward  = "FORWARD"
)

// versionRoutes are the operations on versions and aliases of what is at a path:
// functions in FC 3.0, services in FC 2.0.
func versionRoutes(path string) []route {
	return []route{
		{method: "POST", path: path + "/versions", handle: publishVersion},
		{method: "GET", path: path + "/versions", handle: listVersions},
		{method: "DELETE", path: path + "/versions/{version}", handle: deleteVersion},

		{method: "POST", path: path + "/aliases", handle: createAlias},
		{method: "GET", path: path + "/aliases", handle: listAliases},
		{method: "GET", path: path + "/aliases/{alias}", handle: getAlias},
		{method: "PUT", path: path + "/aliases/{alias}", handle: updateAlias},
		{method: "DELETE", path: path + "/aliases/{alias}", handle: deleteAlias},
	}
}

// owner is who has the versions and aliases that the path is about.
func (c *call) owner() string { return store.Owner(c.function()) }

// moved tells that the qualifiers of an owner's functions may lead elsewhere.
func (c *call) moved() {
	if c.cfg.Moved != nil {
		c.cfg.Moved(c.region, c.owner())
	}
}

func publishVersion(c *call) (answer, error) {
	given, err := c.fields()
	if err != nil {
		return answer{}, err
	}
	var description string
	if _, err := given.take("description", &description); err != nil {
		return answer{}, err
	}
	if err := checkDescription(description); err != nil {
		return answer{}, err
	}
	v, err := c.cfg.Store.PublishVersion(c.region, c.owner(), description, c.now(), func(s *store.Service) error {
		return c.ifMatch(viewService(s))
	})
	if err != nil {
		return answer{}, err
	}
	return ok(v.Version)
}

func listVersions(c *call) (answer, error) {
	all, err := c.cfg.Store.Versions(c.region, c.owner())
	if err != nil {
		return answer{}, err
	}
	direction := c.r.URL.Query().Get("direction")
	switch direction {
	case "":
		direction = backward
	case backward, forward:
	default:
		return answer{}, invalid("direction must be BACKWARD or FORWARD, it is '%s'", direction)
	}
	limit, err := c.limit()
	if err != nil {
		return answer{}, err
	}
	start, err := versionStart(c)
	if err != nil {
		return answer{}, err
	}
	some, next := versionPage(all, direction == backward, start, limit)
	doc := listing("versions", some, next, func(v *store.Version) fc.Version { return v.Version })
	doc["direction"] = direction
	return ok(doc)
}

// versionStart is the number of the version that a page begins with; 0 is the
// first page's.
func versionStart(c *call) (int, error) {
	q := c.r.URL.Query()
	text, name := q.Get("startKey"), "startKey"
	if token := q.Get("nextToken"); token != "" {
		plain, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return 0, reply.Invalid("nextToken is not one that a list gave")
		}
		text, name = string(plain), "nextToken"
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, invalid("%s is not one that a list gave", name)
	}
	return n, nil
}

// versionPage cuts a list of versions, oldest first, and gives the token of the
// next page.
func versionPage(all []*store.Version, back bool, start, limit int) (some []*store.Version, next string) {
	at := func(id int) (int, bool) {
		return slices.BinarySearchFunc(all, id, func(v *store.Version, id int) int { return v.Number() - id })
	}
	token := func(v *store.Version) string {
		return base64.RawURLEncoding.EncodeToString([]byte(v.Version.VersionID))
	}
	if !back {
		first, _ := at(start)
		last := min(first+limit, len(all))
		if last < len(all) {
			next = token(all[last])
		}
		return all[first:last], next
	}
	last := len(all)
	if start > 0 {
		i, there := at(start)
		if last = i; there {
			last++
		}
	}
	first := max(last-limit, 0)
	if first > 0 {
		next = token(all[first-1])
	}
	some = slices.Clone(all[first:last])
	slices.Reverse(some)
	return some, next
}

func deleteVersion(c *call) (answer, error) {
	if err := c.cfg.Store.DeleteVersion(c.region, c.owner(), c.args["version"]); err != nil {
		return answer{}, err
	}
	c.moved()
	return noContent()
}
