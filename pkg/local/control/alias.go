package control

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// Limits of aliases (API 2023-03-30, CreateAliasInput).
const (
	maxAliasName = 128
	maxVersionID = 10
)

// aliasName is what an alias may be called: what a number, or LATEST, can't be
// taken for.
var aliasName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// aliasInput is what create and update take. What is nil isn't given and stays as
// it is.
type aliasInput struct {
	AliasName     string             `json:"aliasName"`
	VersionID     *string            `json:"versionId"`
	Description   *string            `json:"description"`
	Weights       map[string]float64 `json:"additionalVersionWeight"`
	ResolvePolicy *string            `json:"resolvePolicy"`
	RoutePolicy   *fc.RoutePolicy    `json:"routePolicy"`
}

func (c *call) aliasInput() (aliasInput, error) {
	var in aliasInput
	given, err := c.fields()
	if err != nil {
		return in, err
	}
	if err := merge(struct{}{}, given, &in); err != nil {
		return in, err
	}
	if !c.v2() && (in.ResolvePolicy != nil && *in.ResolvePolicy == fc.ResolveContent || in.RoutePolicy != nil && len(in.RoutePolicy.Items) > 0) {
		return in, invalid("an alias of this API version can't choose a version by what a request contains (resolvePolicy, routePolicy)")
	}
	return in, nil
}

// applyPolicy lays how the alias of FC 2.0 chooses its version over it.
func (in aliasInput) applyPolicy(a *fc.Alias) error {
	if in.ResolvePolicy != nil {
		a.ResolvePolicy = *in.ResolvePolicy
	}
	a.ResolvePolicy = cmp.Or(a.ResolvePolicy, fc.ResolveRandom)
	if a.ResolvePolicy != fc.ResolveRandom && a.ResolvePolicy != fc.ResolveContent {
		return invalid("resolvePolicy '%s' is not one of Random and Content", a.ResolvePolicy)
	}
	if in.RoutePolicy != nil {
		a.RoutePolicy = in.RoutePolicy
	}
	if a.ResolvePolicy == fc.ResolveRandom || a.RoutePolicy == nil {
		return nil
	}
	if len(a.AdditionalVersionWeight) > 1 {
		return invalid("additionalVersionWeight must have one version with resolvePolicy Content, it has %d", len(a.AdditionalVersionWeight))
	}
	for _, i := range a.RoutePolicy.Items {
		if i.Type != fc.PolicyHeader {
			return reply.NotServed("routePolicy.policyItems of type '" + i.Type + "'")
		}
	}
	if err := a.RoutePolicy.Check(); err != nil {
		return reply.Invalid(err.Error())
	}
	return nil
}

// applyTo lays what is given over an alias and checks the whole.
func (in aliasInput) applyTo(a *fc.Alias, v2 bool) error {
	if in.VersionID != nil {
		a.VersionID = *in.VersionID
	}
	if in.Description != nil {
		a.Description = *in.Description
	}
	if in.Weights != nil {
		a.AdditionalVersionWeight = in.Weights
	}
	if v2 {
		if err := in.applyPolicy(a); err != nil {
			return err
		}
	}
	if err := checkDescription(a.Description); err != nil {
		return err
	}
	if err := checkVersionID("versionId", a.VersionID); err != nil {
		return err
	}
	return checkWeights(a)
}

func checkVersionID(field, id string) error {
	n, err := strconv.Atoi(id)
	switch {
	case id == "":
		return invalid("%s is required", field)
	case err != nil, n < 1, len(id) > maxVersionID, strconv.Itoa(n) != id:
		return invalid("field '%s' must have the number of a published version, it has '%s'", field, id)
	}
	return nil
}

func checkWeights(a *fc.Alias) error {
	if a.AdditionalVersionWeight == nil {
		a.AdditionalVersionWeight = map[string]float64{}
	}
	sum := 0.0
	for _, id := range slices.Sorted(maps.Keys(a.AdditionalVersionWeight)) {
		if err := checkVersionID("additionalVersionWeight", id); err != nil {
			return err
		}
		if w := a.AdditionalVersionWeight[id]; w < 0 || w > 1 {
			return invalid("additionalVersionWeight of version %s must be between 0 and 1, it is %v", id, w)
		}
		if sum += a.AdditionalVersionWeight[id]; sum > 1 {
			return invalid("the weights of additionalVersionWeight must not be more than 1 together, they are %v", sum)
		}
		if id == a.VersionID {
			return &fc.APIError{
				Status: http.StatusBadRequest, Code: fc.CodeAdditionalHasMajor,
				Message: fmt.Sprintf("additionalVersionWeight %v should not contain major version %s", a.AdditionalVersionWeight, id),
			}
		}
	}
	return nil
}

func createAlias(c *call) (answer, error) {
	in, err := c.aliasInput()
	if err != nil {
		return answer{}, err
	}
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	switch {
	case in.AliasName == "":
		return answer{}, invalid("aliasName is required")
	case len(in.AliasName) > maxAliasName || !aliasName.MatchString(in.AliasName) || store.IsLatest(in.AliasName):
		return answer{}, invalid("aliasName must begin with a letter or _, have up to %d letters, digits, _ and -, and not be LATEST; it is '%s'",
			maxAliasName, in.AliasName)
	}
	a := &store.Alias{Region: c.region, Owner: c.owner(), Alias: fc.Alias{
		AliasName: in.AliasName, CreatedTime: c.now(), LastModifiedTime: c.now(),
	}}
	if err := in.applyTo(&a.Alias, c.v2()); err != nil {
		return answer{}, err
	}
	if err := c.cfg.Store.CreateAlias(a); err != nil {
		return answer{}, err
	}
	return ok(c.aliasView(a))
}

// aliasView is an alias as the request's API version shows it.
func (c *call) aliasView(a *store.Alias) fc.Alias {
	out := a.Alias
	if !c.v2() {
		out.ResolvePolicy, out.RoutePolicy = "", nil
	}
	return out
}

func getAlias(c *call) (answer, error) {
	a, err := c.cfg.Store.Alias(c.region, c.owner(), c.args["alias"])
	if err != nil {
		return answer{}, err
	}
	return ok(c.aliasView(a))
}

func listAliases(c *call) (answer, error) {
	all, err := c.cfg.Store.Aliases(c.region, c.owner())
	if err != nil {
		return answer{}, err
	}
	some, next, err := page(c, all, func(a *store.Alias) string { return a.Alias.AliasName })
	if err != nil {
		return answer{}, err
	}
	return ok(listing("aliases", some, next, c.aliasView))
}

func updateAlias(c *call) (answer, error) {
	in, err := c.aliasInput()
	if err != nil {
		return answer{}, err
	}
	a, err := c.cfg.Store.UpdateAlias(c.region, c.owner(), c.args["alias"], func(a *store.Alias) error {
		if err := c.ifMatch(a.Alias); err != nil {
			return err
		}
		a.Alias.LastModifiedTime = c.now()
		return in.applyTo(&a.Alias, c.v2())
	})
	if err != nil {
		return answer{}, err
	}
	c.moved()
	for _, s := range c.scaledAt(a.Alias.AliasName) { // their instances are those of the main version
		if c.cfg.Scaled != nil {
			c.cfg.Scaled(s.Region, s.Function, s.Qualifier)
		}
	}
	return ok(c.aliasView(a))
}

// scaledAt lists what is configured of the owner's functions at a qualifier.
func (c *call) scaledAt(qualifier string) []*store.Scaling {
	return slices.DeleteFunc(c.cfg.Store.Scalings(c.region), func(s *store.Scaling) bool {
		return s.Qualifier != qualifier || store.Owner(s.Function) != c.owner()
	})
}

func deleteAlias(c *call) (answer, error) {
	name := c.args["alias"]
	err := c.cfg.Store.DeleteAlias(c.region, c.owner(), name, func(a *store.Alias) error {
		if err := c.ifMatch(a.Alias); err != nil {
			return err
		}
		return hasInstances(c.scaledAt(name))
	})
	if err != nil {
		return answer{}, err
	}
	c.moved()
	return noContent()
}
