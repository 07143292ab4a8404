package local

import (
	"context"
	"net/http"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/local/control"
	"s/pkg/local/oss"
	"s/pkg/local/sls"
	"s/pkg/local/store"
	"s/pkg/local/sts"
)

// How long the keys for an upload are good, and how long what was uploaded with
// them stays: the request that names it may be tried again.
const (
	uploadLife = time.Hour
	uploadKept = 2 * uploadLife
)

// uploadBucket begins the names of the buckets for code that is on its way.
const uploadBucket = "fc-temp-"

// serveNeighbour serves the requests that are for a service beside FC; false is
// another one. They are told by what no request to FC has: a host name of OSS's, or
// a signature of the service's own family. The paths of HTTP triggers come first,
// since whoever calls a function may send it any header.
func (c *Cloud) serveNeighbour(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case oss.IsHost(r.Host):
		c.oss.ServeHTTP(w, r)
	case isProxied(r.URL.Path), strings.HasPrefix(r.URL.Path, ownPrefix):
		return false
	case fcsign.IsOSS(r):
		c.oss.ServeHTTP(w, r)
	case fcsign.IsSLS(r):
		c.sls.ServeHTTP(w, r)
	case isOwnHost(r.Host) && sts.Is(r):
		c.sts.ServeHTTP(w, r)
	default:
		return false
	}
	return true
}

// isProxied reports whether a path is that of an HTTP trigger.
func isProxied(path string) bool {
	version, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return isVersion(version) && strings.HasPrefix(rest, "proxy/")
}

// neighbours makes the services beside FC.
func (c *Cloud) neighbours(o Options, k *keys) {
	c.issuer = sts.NewIssuer([]byte(k.URLSecret), o.Now)
	c.verifier = fcsign.NewVerifier(k.lookup, o.Now).WithTokens(c.issuer.Resolve)
	c.oss = oss.New(oss.Config{
		Store: c.store, AccountID: k.AccountID, Region: o.Region, Now: o.Now, Verify: c.verifier.VerifyOSS, Allow: allowOSS,
		Events: c.objectEvent,
	})
	c.sts = sts.New(sts.Config{
		Issuer: c.issuer, AccountID: k.AccountID, FunctionKeyID: k.FunctionKeyID, Verifier: c.verifier,
	})
	c.sls = sls.New(sls.Config{
		Logs: c.logs.docs, Lines: c.logs.logs, Region: o.Region, AccountID: k.AccountID, InUse: c.store.HasLogstore, Now: o.Now,
		Verify: func(r *http.Request) error {
			_, err := c.verifier.VerifySLS(r)
			c.logs.flush() // what was printed before a query is found by it
			return err
		},
	})
}

// allowOSS holds temporary keys to the objects that they were made for.
func allowOSS(keys fcsign.Keys, _ bool, bucket, key string) error {
	if keys.Scope == "" || strings.HasPrefix("oss:"+bucket+"/"+key, keys.Scope) && key != "" {
		return nil
	}
	return &fc.APIError{
		Status: http.StatusForbidden, Code: fc.CodeAccessDenied,
		Message: "You have no right to access this object: these keys are for " + keys.Scope + " alone.",
	}
}

// uploadToken makes the keys with which a client may upload one archive, and room
// for it.
func (c *Cloud) uploadToken(ctx context.Context, region, folder string) (control.UploadToken, error) {
	bucket := uploadBucket + region
	if err := c.sweepUploads(ctx, bucket); err != nil {
		return control.UploadToken{}, err
	}
	if _, err := c.store.CreateBucket(store.Bucket{Name: bucket, Region: region, Created: c.now().UTC()}); err != nil {
		return control.UploadToken{}, err
	}
	object := random(alphabet, 32)
	prefix := c.info.AccountID + "/" + folder
	keys, expires := c.issuer.Issue(sts.Grant{Scope: "oss:" + bucket + "/" + prefix + object}, uploadLife)
	t := control.UploadToken{OSSRegion: "oss-" + region, OSSBucket: bucket, ObjectName: object, OSSEndpoint: c.info.Endpoint}
	t.Credentials = control.TemporaryKeys{
		AccessKeyID: keys.AccessKeyID, AccessKeySecret: keys.AccessKeySecret, SecurityToken: keys.SecurityToken,
		Expiration: expires.Format(time.RFC3339),
	}
	return t, nil
}

// sweepUploads removes what was uploaded some time ago, and uploads that were
// never completed.
func (c *Cloud) sweepUploads(ctx context.Context, bucket string) error {
	old := c.now().Add(-uploadKept)
	after := ""
	for {
		objects, err := c.store.ObjectsAfter(ctx, bucket, "", after, false, 1000)
		if err != nil {
			return err
		}
		for _, o := range objects {
			if after = o.Name; o.Modified.Before(old) {
				if _, err := c.store.DeleteObject(bucket, o.Name); err != nil {
					return err
				}
			}
		}
		if len(objects) < 1000 {
			break
		}
	}
	uploads, err := c.store.Uploads(ctx, bucket)
	if err != nil {
		return err
	}
	for _, u := range uploads {
		if u.Begun.Before(old) {
			if err := c.store.AbortUpload(u); err != nil {
				return err
			}
		}
	}
	return nil
}
