package deploy

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"s/pkg/atomicfile"
)

// savedVersion is of the format of saved plans.
const savedVersion = 1

// Saved is a plan that was written to be carried out later. What it was made from
// is in it as salted hashes: values that are secret aren't.
type Saved struct {
	Version   int             `json:"version"`
	Place     Place           `json:"place"`
	Scope     Scope           `json:"scope,omitzero"`
	Prune     bool            `json:"prune,omitempty"`
	Salt      string          `json:"salt"`
	Resources []SavedResource `json:"resources"`
	// Whole is a plan for all of s.yaml that prunes: Dropped are the removals of what
	// was deployed of resources that s.yaml no longer has.
	Whole   bool            `json:"whole,omitempty"`
	Dropped []SavedResource `json:"dropped,omitempty"`
}

// SavedResource is the plan for one resource.
type SavedResource struct {
	*Changes
	// Hashes, with the salt before them.
	Spec     string `json:"specHash"`
	Code     string `json:"codeHash"`
	Deployed string `json:"deployedHash"`
}

// Save writes plans, and those of removals, to a file that only its user may read.
// out says what they are about.
func Save(path string, out Saved, plans, dropped []*Changes) error {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // it never fails
	out.Version, out.Salt = savedVersion, hex.EncodeToString(salt)
	out.Resources, out.Dropped = out.saved(plans), out.saved(dropped)
	data, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, append(data, '\n'), atomicfile.Options{Mode: 0o600})
}

func (s *Saved) saved(plans []*Changes) []SavedResource {
	var out []SavedResource
	for _, plan := range plans {
		r := SavedResource{Changes: plan}
		r.Spec, r.Code, r.Deployed = plan.hashes(s.Salt)
		out = append(out, r)
	}
	return out
}

// ReadSaved reads a saved plan.
func ReadSaved(path string) (*Saved, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &Saved{}
	if err := json.Unmarshal(data, s); err != nil || s.Salt == "" {
		return nil, fmt.Errorf("%s is no saved plan", path)
	}
	if s.Version != savedVersion {
		return nil, fmt.Errorf("%s is a plan of version %d, and this is version %d: plan again", path, s.Version, savedVersion)
	}
	for _, r := range slices.Concat(s.Resources, s.Dropped) {
		if r.Changes == nil {
			return nil, errors.New(path + " is a plan that isn't whole: plan again")
		}
	}
	return s, nil
}

// Names are the resources of a saved plan.
func (s *Saved) Names() []string {
	var names []string
	for _, r := range s.Resources {
		names = append(names, r.Resource)
	}
	return names
}

// StalePlanError is a saved plan that no longer fits.
type StalePlanError struct {
	Resource string
	What     []string // s.yaml, the code, what is deployed
}

// Error names what changed.
func (e *StalePlanError) Error() string {
	return fmt.Sprintf("the plan for %s is out of date: %s changed since it was made", e.Resource, strings.Join(e.What, " and "))
}

// Fits holds a plan that was made anew against the saved one. The error is a
// *StalePlanError.
func (s *Saved) Fits(plan *Changes) error {
	i := slices.IndexFunc(s.Resources, func(r SavedResource) bool { return r.Resource == plan.Resource })
	if i < 0 {
		return &StalePlanError{plan.Resource, []string{"s.yaml"}}
	}
	was := s.Resources[i]
	spec, code, deployed := plan.hashes(s.Salt)
	var what []string
	if spec != was.Spec {
		what = append(what, "s.yaml")
	}
	if code != was.Code {
		what = append(what, "the code")
	}
	if deployed != was.Deployed {
		what = append(what, "what is deployed")
	}
	if len(what) == 0 && s.Prune != plan.pruned {
		what = append(what, "what is left of earlier deployments")
	}
	if len(what) > 0 {
		return &StalePlanError{plan.Resource, what}
	}
	return nil
}

// FitsDropped holds the removals that are due now against the saved ones. The error
// is a *StalePlanError.
func (s *Saved) FitsDropped(plans []*Changes) error {
	left := slices.Clone(s.Dropped)
	for _, plan := range plans {
		i := slices.IndexFunc(left, func(r SavedResource) bool { return r.Resource == plan.Resource && r.Region == plan.Region })
		if i < 0 {
			return &StalePlanError{plan.Resource, []string{"what is left of earlier deployments"}}
		}
		spec, _, deployed := plan.hashes(s.Salt)
		same := slices.EqualFunc(left[i].Items, plan.Items, func(a, b Change) bool { return a.Kind == b.Kind && a.Name == b.Name })
		if spec != left[i].Spec || deployed != left[i].Deployed || !same {
			return &StalePlanError{plan.Resource, []string{"what is deployed"}}
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) > 0 {
		return &StalePlanError{left[0].Resource, []string{"what is left of earlier deployments"}}
	}
	return nil
}

// hashes are of what a plan was made from, less what changes by itself.
func (c *Changes) hashes(salt string) (spec, code, deployed string) {
	d := c.desired
	var checksum any
	if d.Code != nil {
		checksum = []string{d.Code.Checksum, d.Code.OSSBucket, d.Code.OSSObject}
	}
	if d.Image != nil {
		checksum = []string{d.Image.From, d.Image.Digest, strconv.FormatBool(d.Image.Pushed)}
	}
	certs := make([]string, 0, len(d.Around.Domains))
	for _, domain := range d.Around.Domains {
		if domain.CertConfig != nil {
			certs = append(certs, domain.CertConfig.CertID)
		}
	}
	spec = hashOf(salt, d.Resource, d.Region, d.Service, d.Function, d.Triggers, d.Around, certs)
	return spec, hashOf(salt, checksum), hashOf(salt, c.actual.settled())
}

// settled is a state less times and numbers of instances.
func (a Actual) settled() any {
	var out []any
	if a.Service != nil {
		out = append(out, serviceTree(*a.Service))
	}
	if a.Function != nil {
		out = append(out, functionTree(*a.Function), a.Function.CodeChecksum)
	}
	for _, t := range a.Triggers {
		out = append(out, t.TriggerName, triggerTree(t))
	}
	if s := a.Around.Async; s != nil {
		out = append(out, asyncTree(s.AsyncConfig))
	}
	if s := a.Around.Concurrency; s != nil {
		out = append(out, s.ConcurrencyConfig)
	}
	if s := a.Around.Provision; s != nil {
		out = append(out, provisionTree(s.ProvisionConfig))
	}
	if s := a.Around.Scaling; s != nil {
		out = append(out, scalingTree(s.ScalingConfig))
	}
	out = append(out, a.Around.VPCBinding)
	for _, d := range a.Around.Domains {
		out = append(out, d.DomainName, domainTree(d))
	}
	return out
}

func hashOf(salt string, parts ...any) string {
	h := sha256.New()
	h.Write([]byte(salt))
	encoder := json.NewEncoder(h)
	for _, part := range parts {
		if err := encoder.Encode(part); err != nil {
			panic(fmt.Sprintf("deploy: %T does not marshal: %v", part, err)) // plain structs do
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
