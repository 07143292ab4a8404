package control

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"net"
	"slices"
	"strings"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
	"s/pkg/local/triggers"
)

// HostSuffix ends the host names of HTTP triggers:
// <function>-<hash>.<region>.fcapp.localhost.
const HostSuffix = ".fcapp.localhost"

// maxHostName is how much of a function's name goes into a host name; a label
// of it has 63 characters at most.
const maxHostName = 40

// triggerInput is what create and update take.
type triggerInput struct {
	TriggerName    string  `json:"triggerName"`
	TriggerType    string  `json:"triggerType"`
	TriggerConfig  rawJSON `json:"triggerConfig"`
	Description    *string `json:"description"`
	Qualifier      string  `json:"qualifier"`
	InvocationRole *string `json:"invocationRole"`
	SourceARN      *string `json:"sourceArn"`
}

// rawJSON is JSON that arrives as a string (FC 3.0 and 2021-04-06) or as it is
// (2016-08-15).
type rawJSON string

// UnmarshalJSON takes both.
func (t *rawJSON) UnmarshalJSON(piece []byte) error {
	if len(piece) > 0 && piece[0] == '"' {
		return json.Unmarshal(piece, (*string)(t))
	}
	if string(piece) == "null" {
		return nil
	}
	var compact bytes.Buffer
	err := json.Compact(&compact, piece)
	*t = rawJSON(compact.String())
	return err
}

func (c *call) triggerInput() (triggerInput, error) {
	var in triggerInput
	body, err := readBody(c.w, c.r, 1<<20)
	if err != nil {
		return in, err
	}
	if len(bytes.TrimSpace(body)) > 0 {
		if err := json.Unmarshal(body, &in); err != nil {
			return in, badJSON(err)
		}
	}
	if _, err := c.cfg.Store.Resolve(c.region, c.function(), in.Qualifier, nil); err != nil {
		return in, c.serviceFirst(err)
	}
	return in, nil
}

func createTrigger(c *call) (answer, error) {
	in, err := c.triggerInput()
	if err != nil {
		return answer{}, err
	}
	if err := checkName("triggerName", in.TriggerName, maxTriggerName); err != nil {
		return answer{}, err
	}
	t := &store.Trigger{Region: c.region, Function: c.function(), Trigger: fc.Trigger{
		TriggerName: in.TriggerName, TriggerType: in.TriggerType, Qualifier: cmp.Or(in.Qualifier, fc.LatestQualifier), TriggerID: newUUID(),
		CreatedTime: c.now(), LastModifiedTime: c.now(),
	}}
	if err := checkTriggerType(in.TriggerType); err != nil {
		return answer{}, err
	}
	if err := in.applyTo(t); err != nil {
		return answer{}, err
	}
	if t.HTTP == nil && t.Trigger.TriggerType == fc.TriggerHTTP {
		return answer{}, invalid("triggerConfig is required")
	}
	if t.HTTP != nil {
		t.Host = c.hostLabel(in.TriggerName)
	}
	err = c.cfg.Store.CreateTrigger(t, func(others []*store.Trigger) error {
		if len(others) >= maxTriggers {
			return invalid("function '%s' has %d triggers already: it can't have more", t.Function, maxTriggers)
		}
		return oneHTTP(t, others)
	})
	if err != nil {
		return answer{}, err
	}
	c.triggered()
	return ok(c.triggerView(t))
}

// maxTriggers is how many triggers a function can have.
const maxTriggers = 50

// oneHTTP refuses a second HTTP trigger of a version or an alias.
func oneHTTP(t *store.Trigger, others []*store.Trigger) error {
	if t.HTTP == nil {
		return nil
	}
	for _, o := range others {
		if o.HTTP != nil && o.Trigger.TriggerName != t.Trigger.TriggerName && o.Trigger.Qualifier == t.Trigger.Qualifier {
			return invalid("function '%s' has the HTTP trigger '%s' for %s already: it can have one",
				t.Function, o.Trigger.TriggerName, o.Trigger.Qualifier)
		}
	}
	return nil
}

// checkTriggerType accepts the types of Function Compute.
func checkTriggerType(kind string) error {
	switch {
	case kind == "":
		return invalid("triggerType is required")
	case !slices.Contains(fc.TriggerTypes(), kind):
		return invalid("triggerType '%s' is unknown", kind)
	}
	return nil
}

// applyTo lays what is given over a trigger.
func (in triggerInput) applyTo(t *store.Trigger) error {
	if in.Description != nil {
		t.Trigger.Description = *in.Description
	}
	if in.InvocationRole != nil {
		t.Trigger.InvocationRole = *in.InvocationRole
	}
	if in.SourceARN != nil {
		t.Trigger.SourceARN = *in.SourceARN
	}
	if in.TriggerConfig != "" {
		t.Trigger.TriggerConfig = string(in.TriggerConfig)
	}
	if t.Trigger.TriggerType != fc.TriggerHTTP {
		if err := triggers.Check(t.Trigger); err != nil {
			return reply.Invalid(err.Error())
		}
		return nil
	}
	if in.TriggerConfig == "" {
		return nil
	}
	config, err := parseHTTPConfig(string(in.TriggerConfig))
	if err != nil {
		return err
	}
	t.HTTP = config
	return nil
}

// triggered tells that triggers have changed.
func (c *call) triggered() {
	if c.cfg.Triggered != nil {
		c.cfg.Triggered()
	}
}

func parseHTTPConfig(text string) (*fc.HTTPTriggerConfig, error) {
	config := &fc.HTTPTriggerConfig{}
	if err := json.Unmarshal([]byte(text), config); err != nil {
		return nil, badField("triggerConfig", err)
	}
	switch config.AuthType {
	case "":
		config.AuthType = "function"
	case "function", "anonymous":
	case "jwt":
		if err := checkTokens("triggerConfig.authConfig", string(config.AuthConfig)); err != nil {
			return nil, err
		}
	default:
		return nil, invalid("triggerConfig.authType '%s' is not one of anonymous, function and jwt", config.AuthType)
	}
	if err := checkCORS("triggerConfig.corsConfig", config.CORSConfig); err != nil {
		return nil, err
	}
	if len(config.Methods) == 0 {
		return nil, invalid("triggerConfig.methods is required")
	}
	for _, m := range config.Methods {
		if !slices.Contains(triggerMethods(), m) {
			return nil, invalid("triggerConfig.methods has '%s', which is no method of an HTTP trigger", m)
		}
	}
	return config, nil
}

func getTrigger(c *call) (answer, error) {
	t, err := c.cfg.Store.Trigger(c.region, c.function(), c.args["trigger"])
	if err != nil {
		return answer{}, c.serviceFirst(err)
	}
	return ok(c.triggerView(t))
}

func updateTrigger(c *call) (answer, error) {
	in, err := c.triggerInput()
	if err != nil {
		return answer{}, err
	}
	t, err := c.cfg.Store.UpdateTrigger(c.region, c.function(), c.args["trigger"], func(t *store.Trigger) error {
		if err := c.ifMatch(c.triggerView(t)); err != nil {
			return err
		}
		t.Trigger.LastModifiedTime = c.now()
		if in.Qualifier != "" {
			t.Trigger.Qualifier = in.Qualifier
		}
		if err := oneHTTP(t, c.cfg.Store.Triggers(c.region, c.function())); err != nil {
			return err
		}
		return in.applyTo(t)
	})
	if err != nil {
		return answer{}, c.serviceFirst(err)
	}
	c.triggered()
	return ok(c.triggerView(t))
}

func listTriggers(c *call) (answer, error) {
	if err := c.parentsExist(); err != nil {
		return answer{}, err
	}
	all := c.cfg.Store.Triggers(c.region, c.function())
	some, next, err := page(c, all, func(t *store.Trigger) string { return t.Trigger.TriggerName })
	if err != nil {
		return answer{}, err
	}
	return ok(listing("triggers", some, next, c.triggerView))
}

func deleteTrigger(c *call) (answer, error) {
	err := c.cfg.Store.DeleteTrigger(c.region, c.function(), c.args["trigger"], func(t *store.Trigger) error {
		return c.ifMatch(c.triggerView(t))
	})
	if err != nil {
		return answer{}, c.serviceFirst(err)
	}
	c.triggered()
	return noContent()
}

// triggerV3 and triggerV2 are a trigger as the two APIs show it.
type triggerV3 struct {
	fc.Trigger
	Description string `json:"description"`
	Status      string `json:"status"`
	TargetARN   string `json:"targetArn"`
}

type triggerV2 struct {
	fc.Trigger
	Description   string          `json:"description"`
	TriggerConfig json.RawMessage `json:"triggerConfig"`
	HTTPTrigger   any             `json:"httpTrigger,omitempty"` // not in FC 2.0
	DomainName    string          `json:"domainName,omitempty"`
	URLInternet   string          `json:"urlInternet,omitempty"`
	URLIntranet   string          `json:"urlIntranet,omitempty"`
}

func (c *call) triggerView(t *store.Trigger) any {
	domain := t.Host + "." + t.Region + HostSuffix
	url := "http://" + domain
	if _, port, err := net.SplitHostPort(c.cfg.Address); err == nil {
		url += ":" + port
	}
	if !c.v2() {
		view := triggerV3{Trigger: t.Trigger, Description: t.Trigger.Description, TargetARN: c.arn(t.Function)}
		if t.HTTP != nil {
			view.HTTPTrigger = &fc.HTTPTrigger{URLInternet: url, URLIntranet: url}
		}
		return view
	}
	config := cmp.Or(t.Trigger.TriggerConfig, "{}")
	view := triggerV2{Trigger: t.Trigger, Description: t.Trigger.Description, TriggerConfig: json.RawMessage(config)}
	if t.HTTP != nil {
		view.DomainName, view.URLInternet, view.URLIntranet = domain, url, url
	}
	if c.version == fc.APIVersion2 {
		view.TriggerConfig, _ = json.Marshal(config) // a string always marshals
	}
	return view
}

// hostLabel makes the first label of a trigger's host name: readable, unique
// and valid in a host name, which names of functions needn't be.
func (c *call) hostLabel(trigger string) string {
	function := c.function()
	sum := sha256.Sum256([]byte(strings.Join([]string{c.cfg.AccountID, c.region, function, trigger}, "/")))
	readable := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(function))
	if readable = strings.Trim(readable[:min(len(readable), maxHostName)], "-"); readable == "" {
		readable = "f"
	}
	return readable + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10])
}
