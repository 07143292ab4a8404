package alicloud

import (
	"cmp"
	"context"
	"encoding/xml"
	"net/http"
	"net/url"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
)

// oss makes a call to OSS about a bucket, at the bucket's host
// (https://help.aliyun.com/zh/oss/developer-reference/list-of-operations-by-function).
func (c *Client) oss(ctx context.Context, action, bucket, method, query string) error {
	parameters := url.Values{}
	if query != "" {
		parameters.Set(query, "")
	}
	return c.do(ctx, call{
		service: "OSS", action: action, method: method, host: bucket + ".oss-" + c.config.Region + ".aliyuncs.com", path: "/", query: parameters,
		sign: func(r *http.Request, _ []byte) {
			fcsign.SignOSS(r, c.config.Keys, c.config.Region, bucket, "", c.config.Now())
		},
		refusal: func(answer []byte) *Error {
			var said struct {
				Code, Message string
				RequestID     string `xml:"RequestId"`
			}
			_ = xml.Unmarshal(answer, &said) // it may come from something between
			return &Error{Code: said.Code, Message: said.Message, RequestID: said.RequestID}
		},
	})
}

// mount is ossMountConfig: a bucket, seen as a folder.
type mount struct {
	*Client
	config fc.OSSMountConfig
	bucket string // empty if the deployed configuration is kept
}

func newMount(c *Client, params map[string]string, deployed *fc.OSSMountConfig) *mount {
	if deployed != nil && len(deployed.MountPoints) > 0 {
		return &mount{Client: c, config: *deployed}
	}
	bucket := c.generated(longestBucket)
	return &mount{Client: c, bucket: bucket, config: fc.OSSMountConfig{MountPoints: []fc.OSSMount{{
		BucketName: bucket,
		Endpoint:   "http://oss-" + c.config.Region + "-internal.aliyuncs.com",
		MountDir:   cmp.Or(params["mountDir"], "/mnt/"+bucket),
		BucketPath: cmp.Or(params["bucketPath"], "/"),
		ReadOnly:   params["readOnly"] == "true",
	}}}}
}

func (m *mount) fill(f *fc.Function) { f.OSSMountConfig = &m.config }

func (m *mount) ensure(ctx context.Context, r *run) error {
	if m.bucket == "" {
		return nil
	}
	return r.ensure(ctx, &Resource{Kind: KindBucket, Name: m.bucket},
		func(ctx context.Context) error {
			return m.oss(ctx, "GetBucketInfo", m.bucket, http.MethodGet, "bucketInfo")
		},
		func(ctx context.Context) error { return m.oss(ctx, "PutBucket", m.bucket, http.MethodPut, "") })
}
