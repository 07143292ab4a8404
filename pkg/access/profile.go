package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
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
}

// Modes of profiles that hold keys. The others need a service to be asked.
const (
	modeAK  = "AK"
	modeSTS = "StsToken"
)

// fromProfile reads the current profile of the Alibaba Cloud CLI:
// ~/.aliyun/config.json, or the file that ALIBABACLOUD_CONFIG names.
func fromProfile(o Options) (Credentials, []string, error) {
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
	var config struct {
		Current  string    `json:"current"`
		Profiles []profile `json:"profiles"`
	}
	if json.Unmarshal(data, &config) != nil {
		return Credentials{}, nil, fmt.Errorf("%s isn't the JSON of the Alibaba Cloud CLI", path)
	}
	for _, p := range config.Profiles {
		if p.Name == config.Current {
			return p.credentials(path, o)
		}
	}
	return Credentials{}, []string{fmt.Sprintf("%s (no profile %q)", path, config.Current)}, nil
}

func (p profile) credentials(path string, o Options) (Credentials, []string, error) {
	where := fmt.Sprintf("%s (profile %s", path, p.Name)
	c := Credentials{Alias: "aliyun:" + p.Name, AccessKeyID: p.KeyID, AccessKeySecret: p.KeySecret}
	switch p.Mode {
	case modeAK:
		return c, []string{where + ")"}, nil
	case modeSTS:
		now := time.Now
		if o.Now != nil {
			now = o.Now
		}
		if p.TokenExpireAt > 0 && now().Unix() >= p.TokenExpireAt {
			return Credentials{}, []string{where + ", its token has expired)"}, nil
		}
		c.SecurityToken = p.Token
		return c, []string{where + ")"}, nil
	}
	return Credentials{}, []string{fmt.Sprintf("%s, mode %s isn't supported)", where, p.Mode)}, nil
}
