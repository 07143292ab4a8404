package access

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/vault"
)

// profile is what is used of one profile of the Alibaba Cloud CLI's
// config.json. Field names are that program's.
type profile struct {
	Name          string `json:"name"`
	Mode          string `json:"mode"`
	KeyID         string `json:"access_key_id"`
	KeySecret     string `json:"access_key_secret"`
	Token         string `json:"sts_token"`
	TokenExpireAt int64  `json:"sts_expiration"` // seconds since 1970; 0 if not known
	RoleName      string `json:"ram_role_name"`
	RoleARN       string `json:"ram_role_arn"`
	SessionName   string `json:"ram_session_name"`
	Seconds       int    `json:"expired_seconds"` // how long an assumed role is wanted
	ExternalID    string `json:"external_id"`
	Policy        string `json:"policy"`
	Source        string `json:"source_profile"`
	Command       string `json:"process_command"`
	URI           string `json:"credentials_uri"`
	ProviderARN   string `json:"oidc_provider_arn"`
	TokenFile     string `json:"oidc_token_file"`
	STSRegion     string `json:"sts_region"`

	// Of a key pair.
	PrivateKey  string `json:"private_key"` // the key, or the path of a file with it
	KeyPairName string `json:"key_pair_name"`

	// Of a login with a browser. Ends are seconds since 1970.
	SSOSignIn          string `json:"cloud_sso_sign_in_url"`
	SSOAccount         string `json:"cloud_sso_account_id"`
	SSOConfig          string `json:"cloud_sso_access_config"`
	SSOToken           string `json:"access_token"`
	SSOTokenExpireAt   int64  `json:"cloud_sso_access_token_expire"`
	OAuthSite          string `json:"oauth_site_type"` // CN or INTL
	OAuthToken         string `json:"oauth_access_token"`
	OAuthRefresh       string `json:"oauth_refresh_token"`
	OAuthTokenExpireAt int64  `json:"oauth_access_token_expire"`
}

// mode is how the profile gets its keys; where it doesn't say, the CLI looks for
// the first of these.
func (p profile) mode() string {
	key := p.KeyID != "" && p.KeySecret != ""
	switch {
	case p.Mode != "":
		return p.Mode
	case key && p.Token != "":
		return "StsToken"
	case key && p.RoleARN != "":
		return "RamRoleArn"
	case key:
		return "AK"
	case p.PrivateKey != "" && p.KeyPairName != "":
		return "RsaKeyPair"
	case p.RoleName != "":
		return "EcsRamRole"
	case p.Command != "":
		return "External"
	case p.ProviderARN != "" && p.TokenFile != "" && p.RoleARN != "":
		return "OIDC"
	case p.SSOSignIn != "":
		return modeCloudSSO
	}
	return "AK"
}

// session is the keys that the profile has itself.
func (p profile) session() Credentials {
	return Credentials{AccessKeyID: p.KeyID, AccessKeySecret: p.KeySecret, SecurityToken: p.Token}
}

// profiles is config.json.
type profiles struct {
	path    string
	Current string    `json:"current"`
	List    []profile `json:"profiles"`
}

// fromProfile reads a profile of the Alibaba Cloud CLI in ~/.aliyun/config.json,
// or in the file that ALIBABACLOUD_CONFIG names: the one of the alias
// ${aliyun-cli:NAME}, that of ALIBABA_CLOUD_PROFILE, or the current one.
func fromProfile(ctx context.Context, o Options) (Credentials, []string, error) {
	path := o.env("ALIBABACLOUD_CONFIG")
	if path == "" {
		if o.HomeDir == "" {
			return Credentials{}, nil, nil
		}
		path = filepath.Join(o.HomeDir, ".aliyun", "config.json")
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Credentials{}, []string{path}, nil
	}
	if err != nil {
		return Credentials{}, nil, fmt.Errorf("credentials: %w", err)
	}
	config := profiles{path: path}
	if err := json.Unmarshal(data, &config); err != nil {
		return Credentials{}, nil, vault.BadJSON(path, data, err, "the JSON of the Alibaba Cloud CLI")
	}
	name := cmp.Or(o.env("ALIBABA_CLOUD_PROFILE", "ALIBABACLOUD_PROFILE"), config.Current)
	if named, ok := strings.CutPrefix(o.Alias, profilePrefix); ok {
		name = strings.TrimSuffix(named, "}")
	}
	return config.credentials(ctx, o, name, nil)
}

// credentials gives those of a profile; via are the profiles that led to it.
func (c profiles) credentials(ctx context.Context, o Options, name string, via []string) (Credentials, []string, error) {
	at := slices.IndexFunc(c.List, func(p profile) bool { return p.Name == name })
	if at < 0 {
		return Credentials{}, []string{fmt.Sprintf("%s (no profile %q)", c.path, name)}, nil
	}
	if slices.Contains(via, name) {
		return Credentials{}, nil, fmt.Errorf("%s: the source_profile of %s leads back to itself", c.path, name)
	}
	p := c.List[at]
	where := fmt.Sprintf("%s (profile %s", c.path, name)
	keys, err := c.ask(ctx, o, p, append(slices.Clone(via), name))
	keys.Alias = "aliyun:" + name
	switch {
	case errors.Is(err, errMode):
		return Credentials{}, []string{fmt.Sprintf("%s, mode %s isn't supported)", where, p.mode())}, nil
	case err != nil:
		var known *ProviderError
		var login *LoginError
		if !errors.As(err, &known) && !errors.As(err, &login) {
			err = &ProviderError{Source: where + ")", Err: err}
		}
		return Credentials{}, nil, err
	}
	return keys, []string{where + ")"}, nil
}

var errMode = errors.New("mode isn't supported")

// ask does what the mode of a profile says.
func (c profiles) ask(ctx context.Context, o Options, p profile, via []string) (Credentials, error) {
	own := p.session()
	o.stsRegion = p.STSRegion
	role := roleRequest{
		arn: p.RoleARN, session: p.SessionName, seconds: p.Seconds, policy: p.Policy, externalID: p.ExternalID,
		providerARN: p.ProviderARN, tokenFile: p.TokenFile,
	}
	switch p.mode() {
	case "AK":
		own.SecurityToken = ""
		return own, nil
	case "StsToken":
		if p.TokenExpireAt > 0 && !o.goodUntil(p.TokenExpireAt, 0) {
			return Credentials{}, c.loginNeeded(p, "its token has expired")
		}
		return own, nil
	case modeCloudSSO:
		return c.cloudSSO(ctx, o, p)
	case modeOAuth:
		return c.oauth(ctx, o, p)
	case "RsaKeyPair":
		return o.keyPair(ctx, p)
	case "RamRoleArn":
		return o.assumeRole(ctx, own, role)
	case "ChainableRamRoleArn":
		source, looked, err := c.credentials(ctx, o, p.Source, via)
		if err == nil && !source.complete() {
			err = fmt.Errorf("its source_profile has no credentials: %s", strings.Join(looked, ", "))
		}
		if err != nil {
			return Credentials{}, err
		}
		return o.assumeRole(ctx, source, role)
	case "EcsRamRole":
		return o.ecsRole(ctx, p.RoleName)
	case "RamRoleArnWithRoleName", "RamRoleArnWithEcs":
		source, err := o.ecsRole(ctx, p.RoleName)
		if err != nil {
			return Credentials{}, err
		}
		return o.assumeRole(ctx, source, role)
	case "OIDC":
		return o.assumeRoleWithOIDC(ctx, role)
	case "External":
		return o.process(ctx, p.Command, c.path)
	case "CredentialsURI":
		return o.uri(ctx, p.URI)
	}
	return Credentials{}, errMode
}
