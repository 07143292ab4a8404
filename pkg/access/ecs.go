package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// The metadata service of ECS instances. Its token is that of its hardened
// mode, which is tried first.
const (
	metadataHost      = "http://100.100.100.200"
	envMetadata       = "S_METADATA_ENDPOINT"
	metadataTokenPath = "/latest/api/token"
	metadataRolePath  = "/latest/meta-data/ram/security-credentials/"
	metadataOwnerPath = "/latest/meta-data/owner-account-id"
	metadataTTL       = "60" // seconds
)

// fromECS takes the RAM role of the ECS instance that s runs on. It is asked for
// if it is named, by the alias or by ALIBABA_CLOUD_ECS_METADATA (which may name the role),
// or if this machine is an instance.
func fromECS(ctx context.Context, o Options) (Credentials, []string, error) {
	role := o.env("ALIBABA_CLOUD_ECS_METADATA")
	named := role != "" || o.Alias == ECSAlias
	disabled := strings.EqualFold(o.env("ALIBABA_CLOUD_ECS_METADATA_DISABLED"), "true")
	switch {
	case disabled:
		return Credentials{}, []string{"the RAM role of this instance (switched off by ALIBABA_CLOUD_ECS_METADATA_DISABLED)"}, nil
	case !named && o.Product != ECSProduct:
		return Credentials{}, nil, nil
	}
	c, err := o.ecsRole(ctx, role)
	if err != nil && named {
		return Credentials{}, nil, &ProviderError{"the RAM role of this instance", err}
	}
	if err != nil {
		if ctx.Err() != nil {
			return Credentials{}, nil, ctx.Err()
		}
		return Credentials{}, []string{fmt.Sprintf("the RAM role of this instance (%v)", err)}, nil
	}
	c.Alias = ECSAlias
	return c, nil, nil
}

// ecsRole asks the metadata service for the credentials of a role, by default
// that of the instance.
func (o Options) ecsRole(ctx context.Context, role string) (Credentials, error) {
	base := metadataHost
	if text := o.env(envMetadata); text != "" {
		u, err := secureURL(text)
		if err != nil {
			return Credentials{}, fmt.Errorf("%s: %w", envMetadata, err)
		}
		base = u.Scheme + "://" + u.Host
	}
	return o.cached(ctx, []string{"ecs", base, role}, func(ctx context.Context) (session, error) {
		m := metadata{o: o, base: base}
		if err := m.authorize(ctx); err != nil {
			return session{}, err
		}
		name := role
		if name == "" {
			_, body, err := m.get(ctx, metadataRolePath)
			if err != nil {
				return session{}, err
			}
			if name = strings.TrimSpace(string(body)); name == "" || strings.ContainsAny(name, "/\n?#") {
				return session{}, errors.New("the instance has no RAM role")
			}
		}
		status, body, err := m.get(ctx, metadataRolePath+url.PathEscape(name))
		if err != nil {
			return session{}, err
		}
		s, err := readSession("the metadata service", status, body)
		if err != nil {
			return session{}, err
		}
		if _, owner, err := m.get(ctx, metadataOwnerPath); err == nil {
			s.AccountID = strings.TrimSpace(string(owner))
		}
		return s, nil
	})
}

// metadata asks the metadata service.
type metadata struct {
	o     Options
	base  string
	token string
}

// authorize gets a token. A service without tokens is asked without, unless
// ALIBABA_CLOUD_IMDSV1_DISABLED forbids that.
func (m *metadata) authorize(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, m.base+metadataTokenPath, nil)
	if err != nil {
		return err
	}
	r.Header.Set("X-Aliyun-Ecs-Metadata-Token-Ttl-Seconds", metadataTTL)
	status, body, err := m.o.send(r, true)
	if err != nil {
		return err
	}
	if status == http.StatusOK {
		m.token = strings.TrimSpace(string(body))
		return nil
	}
	if strings.EqualFold(m.o.env("ALIBABA_CLOUD_IMDSV1_DISABLED"), "true") {
		return fmt.Errorf("the metadata service gives no token (HTTP %d), and ALIBABA_CLOUD_IMDSV1_DISABLED forbids to do without", status)
	}
	return nil
}

func (m *metadata) get(ctx context.Context, path string) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.base+path, nil)
	if err != nil {
		return 0, nil, err
	}
	if m.token != "" {
		r.Header.Set("X-Aliyun-Ecs-Metadata-Token", m.token)
	}
	status, body, err := m.o.send(r, true)
	switch {
	case err != nil:
		return 0, nil, err
	case status == http.StatusNotFound:
		return 0, nil, errors.New("the instance has no such RAM role")
	case status != http.StatusOK:
		return 0, nil, fmt.Errorf("the metadata service answers HTTP %d", status)
	}
	return status, body, nil
}
