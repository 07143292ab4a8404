package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"s/pkg/fc/fcsign"
)

// Limits of a question for a temporary password.
const (
	tokenLimit = 15 * time.Second
	maxAnswer  = 1 << 20 // bytes
)

// Hosts of Alibaba Cloud's registries (Container Registry documentation, "Push and
// pull images"): registry[-vpc|-internal|-intl].REGION.aliyuncs.com of the Personal
// Edition, NAME-registry[-vpc].REGION.cr.aliyuncs.com of an Enterprise instance.
// Those of .personal.cr.aliyuncs.com are signed in to by `docker login`.
const (
	personalHost   = `^(registry(?:-intl)?)(?:-vpc|-internal)?\.([a-z0-9-]+)\.aliyuncs\.com$`
	enterpriseHost = `^([a-z0-9-]+-registry)(?:-vpc)?\.([a-z0-9-]+)\.cr\.aliyuncs\.com$`
)

// host is the host of a registry of Alibaba Cloud's.
type host struct {
	public     string // its name for those who are in no VPC
	region     string
	enterprise bool
}

func parseHost(text string) (host, bool) {
	if m := regexp.MustCompile(personalHost).FindStringSubmatch(text); m != nil {
		return host{public: m[1] + "." + m[2] + ".aliyuncs.com", region: m[2]}, true
	}
	if m := regexp.MustCompile(enterpriseHost).FindStringSubmatch(text); m != nil {
		return host{public: m[1] + "." + m[2] + ".cr.aliyuncs.com", region: m[2], enterprise: true}, true
	}
	return host{}, false
}

// publicName is a reference by which this machine reaches what the cloud may pull
// from within its network.
func publicName(ref name.Reference) string {
	full := ref.Name()
	registry := ref.Context().RegistryStr()
	if h, ok := parseHost(registry); ok {
		return h.public + strings.TrimPrefix(full, registry)
	}
	return full
}

// tokenAnswer is the answer of both operations: GET /tokens of version 2016-06-07
// has it in data.
type tokenAnswer struct {
	Data *struct {
		User     string `json:"tempUserName"`
		Password string `json:"authorizationToken"`
	} `json:"data"`
	User     string `json:"TempUsername"`
	Password string `json:"AuthorizationToken"`

	// Of a refusal.
	Code    string
	Message string
}

// token asks Container Registry for a temporary password.
func (p *Pusher) token(ctx context.Context, h host, instance string) (*login, error) {
	if p.Keys.AccessKeyID == "" {
		return nil, errors.New("there is no access key to sign in to " + h.public + " with")
	}
	op := fcsign.Operation{Action: "GetAuthorizationToken", Version: "2016-06-07"}
	address := "https://cr." + h.region + ".aliyuncs.com/tokens"
	if h.enterprise {
		if instance == "" {
			return nil, errors.New("set customContainerConfig.acrInstanceId (cri-...) to the instance of " + h.public)
		}
		op.Version = "2018-12-01"
		address = "https://cr." + h.region + ".aliyuncs.com/?InstanceId=" + url.QueryEscape(instance)
	}
	ctx, cancel := context.WithTimeout(ctx, tokenLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	fcsign.SignACS3(r, p.Keys, op, fcsign.EmptyPayload, p.now())
	return p.asked(r)
}

func (p *Pusher) asked(r *http.Request) (*login, error) {
	client := http.Client{Transport: p.Transport}
	answer, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask for a temporary password: %w", err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("ask for a temporary password: %w", err)
	}
	var t tokenAnswer
	err = json.Unmarshal(data, &t)
	if err == nil && t.Data != nil {
		t.User, t.Password = t.Data.User, t.Data.Password
	}
	if err != nil || answer.StatusCode != http.StatusOK || t.User == "" || t.Password == "" {
		return nil, fmt.Errorf("%s gives no temporary password: %s (%s, HTTP %d)",
			r.URL.Host, cmp.Or(t.Message, "the answer has none"), cmp.Or(t.Code, "no code"), answer.StatusCode)
	}
	return &login{t.User, t.Password}, nil
}

func (p *Pusher) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}
