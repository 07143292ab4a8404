package access

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc/fcsign"
)

// STS speaks RPC, version 2015-04-01, at a global host and one per region.
const (
	stsVersion     = "2015-04-01"
	stsHost        = "https://sts.aliyuncs.com"
	defaultSession = "s"
	envSTSEndpoint = "S_STS_ENDPOINT"
)

// STSError is a refusal by STS.
type STSError struct {
	Action    string `json:"-"`
	Status    int    `json:"-"`
	Code      string
	Message   string
	RequestID string `json:"RequestId"`
}

// Error has the code, the message and the request id.
func (e *STSError) Error() string {
	return fmt.Sprintf("STS refuses %s: %s (%s, HTTP %d, request %s)", e.Action, e.Message, e.Code, e.Status, e.RequestID)
}

// IsOffline reports whether an error of Identity means that STS didn't answer,
// rather than that it refused.
func IsOffline(err error) bool {
	var offline *offlineError
	return errors.As(err, &offline)
}

func (o Options) stsURL() (*url.URL, error) {
	text := o.env(envSTSEndpoint)
	if region := cmp.Or(o.stsRegion, o.env("ALIBABA_CLOUD_STS_REGION")); text == "" && region != "" {
		text = "https://sts." + region + ".aliyuncs.com"
		if o.env("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED") == "true" {
			text = "https://sts-vpc." + region + ".aliyuncs.com"
		}
	}
	if text == "" {
		text = stsHost
	}
	u, err := secureURL(text)
	if err != nil {
		return nil, fmt.Errorf("STS endpoint %s: %w", text, err)
	}
	u.Path, u.RawQuery = "/", ""
	return u, nil
}

// sts asks STS; incomplete keys leave the request unsigned, as
// AssumeRoleWithOIDC wants it. Parameters go in the body, where no log of URLs
// shows them.
func (o Options) sts(ctx context.Context, keys Credentials, action string, parameters url.Values, out any) error {
	u, err := o.stsURL()
	if err != nil {
		return err
	}
	if !keys.complete() {
		query := url.Values{"Action": {action}, "Version": {stsVersion}, "Format": {"JSON"}, "Timestamp": {o.now().UTC().Format("2006-01-02T15:04:05Z")}}
		u.RawQuery = query.Encode()
	}
	body := parameters.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if keys.complete() {
		sum := sha256.Sum256([]byte(body))
		fcsign.SignACS3(r, fcsign.Keys{AccessKeyID: keys.AccessKeyID, AccessKeySecret: keys.AccessKeySecret, SecurityToken: keys.SecurityToken},
			fcsign.Operation{Action: action, Version: stsVersion}, hex.EncodeToString(sum[:]), o.now())
	}
	status, answer, err := o.send(r, false)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		refusal := &STSError{}
		if json.Unmarshal(answer, refusal) != nil || refusal.Code == "" {
			return fmt.Errorf("%s answers HTTP %d, and not what STS says", u.Host, status)
		}
		refusal.Action, refusal.Status = action, status
		for _, secret := range []string{keys.AccessKeySecret, keys.SecurityToken, parameters.Get("OIDCToken")} {
			if secret != "" {
				refusal.Message = strings.ReplaceAll(refusal.Message, secret, "***")
			}
		}
		return refusal
	}
	if json.Unmarshal(answer, out) != nil {
		return fmt.Errorf("the answer of %s isn't JSON", u.Host)
	}
	return nil
}

// Identity asks STS whose keys these are (GetCallerIdentity) and gives the id of
// the account. The error is an *STSError if STS refuses them, and one that
// IsOffline knows if it doesn't answer.
func Identity(ctx context.Context, o Options, c Credentials) (accountID string, err error) {
	var answer struct {
		AccountID string `json:"AccountId"`
	}
	if err := o.sts(ctx, c, "GetCallerIdentity", nil, &answer); err != nil {
		return "", err
	}
	if answer.AccountID == "" {
		return "", errors.New("STS names no account")
	}
	return answer.AccountID, nil
}

// roleRequest says which role is wanted, and how.
type roleRequest struct {
	arn, session, policy, externalID string
	seconds                          int    // 0 is what STS gives by default, an hour
	providerARN, tokenFile           string // of OIDC
}

func (r roleRequest) parameters() url.Values {
	v := url.Values{"RoleArn": {r.arn}, "RoleSessionName": {r.sessionName()}}
	if r.seconds > 0 {
		v.Set("DurationSeconds", strconv.Itoa(r.seconds))
	}
	if r.policy != "" {
		v.Set("Policy", r.policy)
	}
	if r.externalID != "" {
		v.Set("ExternalId", r.externalID)
	}
	return v
}

func (r roleRequest) sessionName() string {
	if r.session == "" {
		return defaultSession
	}
	return r.session
}

// account is the account in an ARN, acs:ram::1234567890123456:role/name.
func (r roleRequest) account() string {
	parts := strings.SplitN(r.arn, ":", 5)
	if len(parts) < 5 {
		return ""
	}
	return parts[3]
}

type roleAnswer struct{ Credentials session }

// AssumeRole gives temporary credentials of a role, taken with other credentials,
// and when they end (STS AssumeRole). The error is an *STSError if STS refuses it,
// and one that IsOffline knows if it doesn't answer.
func AssumeRole(ctx context.Context, o Options, source Credentials, roleARN string) (Credentials, time.Time, error) {
	s, err := o.roleSession(ctx, source, roleRequest{arn: roleARN})
	if err != nil {
		return Credentials{}, time.Time{}, err
	}
	c, err := s.credentials()
	if err != nil {
		return Credentials{}, time.Time{}, err
	}
	end, err := time.Parse(time.RFC3339, s.Expiration)
	if err != nil {
		return Credentials{}, time.Time{}, errors.New("STS doesn't say when its credentials end")
	}
	return c, end, nil
}

// assumeRole takes a role with other credentials.
func (o Options) assumeRole(ctx context.Context, source Credentials, role roleRequest) (Credentials, error) {
	s, err := o.roleSession(ctx, source, role)
	if err != nil {
		return Credentials{}, err
	}
	return s.credentials()
}

func (o Options) roleSession(ctx context.Context, source Credentials, role roleRequest) (session, error) {
	if !source.complete() || role.arn == "" {
		return session{}, errors.New("it takes a key and the ARN of a role, and lacks one of them")
	}
	// A new token of the source is no other question: its key id tells it.
	question := []string{"role", o.env(envSTSEndpoint), source.AccessKeyID, role.parameters().Encode()}
	return o.cachedSession(ctx, question, func(ctx context.Context) (session, error) {
		var answer roleAnswer
		err := o.sts(ctx, source, "AssumeRole", role.parameters(), &answer)
		answer.Credentials.AccountID = role.account()
		return answer.Credentials, err
	})
}

// fromOIDC takes a role with an OIDC token, as pods of ACK have it (RRSA).
func fromOIDC(ctx context.Context, o Options) (Credentials, []string, error) {
	const where = placeEnvironment + "(ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN, ALIBABA_CLOUD_OIDC_TOKEN_FILE)"
	role := roleRequest{
		arn: o.env("ALIBABA_CLOUD_ROLE_ARN"), session: o.env("ALIBABA_CLOUD_ROLE_SESSION_NAME"),
		providerARN: o.env("ALIBABA_CLOUD_OIDC_PROVIDER_ARN"), tokenFile: o.env("ALIBABA_CLOUD_OIDC_TOKEN_FILE"),
	}
	if role.arn == "" || role.providerARN == "" || role.tokenFile == "" {
		return Credentials{}, []string{where}, nil
	}
	c, err := o.assumeRoleWithOIDC(ctx, role)
	if err != nil {
		return Credentials{}, nil, &ProviderError{where, err}
	}
	c.Alias = OIDCAlias
	return c, nil, nil
}

// assumeRoleWithOIDC takes a role with a token. The request isn't signed: the
// token speaks for it.
func (o Options) assumeRoleWithOIDC(ctx context.Context, role roleRequest) (Credentials, error) {
	if role.arn == "" || role.providerARN == "" || role.tokenFile == "" {
		return Credentials{}, errors.New("it takes the ARN of a role, that of an OIDC provider and a token file, and lacks one of them")
	}
	question := []string{"oidc", o.env(envSTSEndpoint), role.providerARN, role.tokenFile, role.parameters().Encode()}
	return o.cached(ctx, question, func(ctx context.Context) (session, error) {
		token, err := readToken(role.tokenFile)
		if err != nil {
			return session{}, err
		}
		parameters := role.parameters()
		parameters.Set("OIDCProviderArn", role.providerARN)
		parameters.Set("OIDCToken", token)
		var answer roleAnswer
		err = o.sts(ctx, Credentials{}, "AssumeRoleWithOIDC", parameters, &answer)
		answer.Credentials.AccountID = role.account()
		return answer.Credentials, err
	})
}
