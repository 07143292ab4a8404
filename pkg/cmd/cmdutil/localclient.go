package cmdutil

import (
	"context"

	"s/pkg/access"
	"s/pkg/fcclient"
)

// LocalClient gives a client of the local cloud for a region, starting the
// cloud if it doesn't run. v2 speaks the API of edition 1.0.0.
func LocalClient(ctx context.Context, f *Factory, region string, v2 bool) (*fcclient.Client, error) {
	info, err := f.Local(ctx)
	if err != nil {
		return nil, err
	}
	f.IO.Debug().Hide(info.AccessKeySecret)
	return fcclient.New(fcclient.Config{
		Region: region, Endpoint: info.Endpoint, V2: v2, Version: f.Version, Debug: f.IO.Debug(),
		Credentials: access.Credentials{
			Alias: access.LocalAlias, AccountID: info.AccountID,
			AccessKeyID: info.AccessKeyID, AccessKeySecret: info.AccessKeySecret,
		},
	}), nil
}
