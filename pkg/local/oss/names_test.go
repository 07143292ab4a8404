package oss

import (
	"strings"
	"testing"
)

// TestNamesOfWhatIsNotServed: every operation of OSS that isn't served is answered
// with 501 and its name, and never taken for another one.
func TestNamesOfWhatIsNotServed(t *testing.T) {
	w := newWorld(t)
	w.do("PUT", "/bkt", "").is(200, "")
	w.do("PUT", "/bkt/k", "content").is(200, "")
	for what, name := range map[string]string{
		"GET /?regions":                             "DescribeRegions",
		"GET /?regions=oss-cn-hangzhou":             "DescribeRegions",
		"GET /?userQosInfo":                         "GET of the service with ?userQosInfo",
		"PUT /bkt?acl":                              "PutBucketAcl",
		"PUT /bkt?lifecycle":                        "PutBucketLifecycle",
		"GET /bkt?lifecycle":                        "GetBucketLifecycle",
		"DELETE /bkt?lifecycle":                     "DeleteBucketLifecycle",
		"PUT /bkt?logging":                          "PutBucketLogging",
		"GET /bkt?website":                          "GetBucketWebsite",
		"PUT /bkt?referer":                          "PutBucketReferer",
		"PUT /bkt?cors":                             "PutBucketCors",
		"GET /bkt?tagging":                          "GetBucketTagging",
		"PUT /bkt?versioning":                       "PutBucketVersioning",
		"GET /bkt?versioning":                       "GetBucketVersioning",
		"GET /bkt?versions&prefix=":                 "ListObjectVersions",
		"POST /bkt?replication&comp=add":            "PutBucketReplication",
		"GET /bkt?policy":                           "GetBucketPolicy",
		"GET /bkt?policyStatus":                     "GetBucketPolicyStatus",
		"PUT /bkt?encryption":                       "PutBucketEncryption",
		"PUT /bkt?inventory&inventoryId=i":          "PutBucketInventory",
		"GET /bkt?stat":                             "GetBucketStat",
		"POST /bkt?worm":                            "InitiateBucketWorm",
		"POST /bkt?wormId=1":                        "CompleteBucketWorm",
		"POST /bkt?cname&comp=add":                  "PutCname",
		"GET /bkt?live":                             "ListLiveChannel",
		"PUT /bkt?publicAccessBlock":                "PutBucketPublicAccessBlock",
		"GET /bkt?overwriteConfig":                  "GET of a bucket with ?overwriteConfig",
		"DELETE /bkt?neverHeardOf":                  "DELETE of a bucket with ?neverHeardOf",
		"POST /bkt":                                 "PostObject",
		"PUT /bkt/k?acl":                            "PutObjectAcl",
		"PUT /bkt/k?tagging":                        "PutObjectTagging",
		"GET /bkt/k?tagging":                        "GetObjectTagging",
		"DELETE /bkt/k?tagging":                     "DeleteObjectTagging",
		"PUT /bkt/k?symlink":                        "PutSymlink",
		"GET /bkt/k?symlink":                        "GetSymlink",
		"POST /bkt/k?restore":                       "RestoreObject",
		"POST /bkt/k?seal":                          "SealAppendObject",
		"POST /bkt/k?x-oss-process=csv/select":      "SelectObject",
		"GET /bkt/k?x-oss-process=image/resize,w_1": "GetObject with x-oss-process",
		"GET /bkt/k?versionId=v1":                   "GET of an object with ?versionId",
		"DELETE /bkt/k?versionId=v1":                "DELETE of an object with ?versionId",
		"OPTIONS /bkt/k":                            "OptionObject",
		"POST /bkt/k":                               "POST of an object",
	} {
		method, target, _ := strings.Cut(what, " ")
		w.do(method, target, "").is(501, "NotImplemented").says("does not serve " + name)
	}
	w.do("GET", "/bkt/k", "").is(200, "").says("content")
	w.do("GET", "/bkt?prefix=&marker=&delimiter=&max-keys=10&encoding-type=", "").is(200, "").says("<Key>k</Key>")
	w.do("GET", "/bkt?list-type=2&continuation-token=&start-after=&fetch-owner=", "").is(200, "").says("<Key>k</Key>")
}

// TestOperationsHaveOneName: nothing that is served is called unserved.
func TestOperationsHaveOneName(t *testing.T) {
	kinds := map[kind]string{kindService: "service", kindBucket: "bucket", kindObject: "object"}
	for _, o := range operations() {
		if name := irregular()[o.method+" "+kinds[o.kind]+" "+o.query]; name != "" {
			t.Errorf("%s is served: %+v", name, o)
		}
	}
}
