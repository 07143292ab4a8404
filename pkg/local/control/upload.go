package control

import (
	"context"
	"errors"
	"fmt"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// UploadToken is the answer of GetTempBucketToken: where a client may upload an
// archive, and with which keys. The object is <account>/<name>, or
// <account>/<service>/<name> (2016-08-15).
type UploadToken struct {
	Credentials TemporaryKeys `json:"credentials"`
	OSSRegion   string        `json:"ossRegion"`
	OSSBucket   string        `json:"ossBucket"`
	ObjectName  string        `json:"objectName"`
	// OSSEndpoint is where this OSS is, in path style. FC itself doesn't say it.
	OSSEndpoint   string `json:"ossEndpoint,omitempty"`
	CodeSizeLimit int64  `json:"codeSizeLimit,omitempty"` // bytes
}

// TemporaryKeys are spelled as STS spells them.
type TemporaryKeys struct {
	AccessKeyID     string `json:"AccessKeyId"`
	AccessKeySecret string `json:"AccessKeySecret"`
	SecurityToken   string `json:"SecurityToken"`
	Expiration      string `json:"Expiration"`
}

// UploadTokens makes tokens. folder is empty or ends in a slash.
type UploadTokens func(ctx context.Context, region, folder string) (UploadToken, error)

// uploadRoutes are the operations of version 2016-08-15 that lead to OSS.
func uploadRoutes() []route {
	return []route{
		{method: "GET", path: "tempBucketToken", handle: getUploadToken},
		{method: "GET", path: "services/{service}/tempCodeBucketToken", handle: getCodeUploadToken},
	}
}

func getUploadToken(c *call) (answer, error) {
	if c.cfg.UploadTokens == nil {
		return answer{}, c.notServed()
	}
	t, err := c.cfg.UploadTokens(c.r.Context(), c.region, "")
	if err != nil {
		return answer{}, err
	}
	return ok(t)
}

func getCodeUploadToken(c *call) (answer, error) {
	if _, err := c.cfg.Store.Service(c.region, c.args["service"]); err != nil {
		return answer{}, err
	}
	if c.cfg.UploadTokens == nil {
		return answer{}, c.notServed()
	}
	t, err := c.cfg.UploadTokens(c.r.Context(), c.region, c.args["service"]+"/")
	if err != nil {
		return answer{}, err
	}
	t.CodeSizeLimit = fc.MaxOSSCode
	return ok(t)
}

// objectCode stores the archive that is an object of OSS's.
func (c *call) objectCode(bucket, object string) (store.Code, func(), error) {
	if bucket == "" || object == "" {
		return store.Code{}, nil, reply.Invalid("code needs both ossBucketName and ossObjectName, or zipFile")
	}
	o, file, err := c.cfg.Store.OpenObject(bucket, object)
	var missing *store.NotFoundError
	if errors.As(err, &missing) {
		return store.Code{}, nil, reply.Invalid(fmt.Sprintf("object '%s' of bucket '%s' does not exist", object, bucket))
	}
	if err != nil {
		return store.Code{}, nil, err
	}
	defer file.Close()
	if o.Size > fc.MaxOSSCode {
		return store.Code{}, nil, reply.TooLarge(fc.MaxOSSCode)
	}
	return c.cfg.Store.PutCodeFile(file, o.Size)
}
