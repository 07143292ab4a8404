package oss

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"s/pkg/fc/fcsign"
)

// irregular are the operations of OSS (its API reference) that aren't called by
// their method and what they are about; those that are served aren't here.
func irregular() map[string]string {
	return map[string]string{
		"GET service regions":             "DescribeRegions",
		"GET bucket versions":             "ListObjectVersions",
		"GET bucket stat":                 "GetBucketStat",
		"GET bucket live":                 "ListLiveChannel",
		"GET bucket cname":                "ListCname",
		"POST bucket cname":               "PutCname",
		"POST bucket worm":                "InitiateBucketWorm",
		"POST bucket wormId":              "CompleteBucketWorm",
		"POST bucket wormExtend":          "ExtendBucketWorm",
		"DELETE bucket worm":              "AbortBucketWorm",
		"GET bucket worm":                 "GetBucketWorm",
		"POST bucket replication":         "PutBucketReplication",
		"GET bucket replicationLocation":  "GetBucketReplicationLocation",
		"GET bucket replicationProgress":  "GetBucketReplicationProgress",
		"POST bucket metaQuery":           "DoMetaQuery",
		"GET bucket metaQuery":            "GetMetaQueryStatus",
		"POST bucket ":                    "PostObject",
		"POST object seal":                "SealAppendObject",
		"POST object restore":             "RestoreObject",
		"POST object cleanRestoredObject": "CleanRestoredObject",
		"POST object asyncFetch":          "PutAsyncFetchTask",
		"GET object asyncFetch":           "GetAsyncFetchTask",
		"POST object x-oss-process":       "SelectObject or ProcessObject",
		"POST object x-oss-async-process": "AsyncProcessObject",
		"GET object x-oss-process":        "GetObject with x-oss-process",
		"PUT object symlink":              "PutSymlink",
		"GET object symlink":              "GetSymlink",
		"PUT object live":                 "PutLiveChannel",
		"GET object live":                 "GetLiveChannelInfo",
		"DELETE object live":              "DeleteLiveChannel",
		"POST object vod":                 "PostVodPlaylist",
		"GET object vod":                  "GetVodPlaylist",
		"OPTIONS object ":                 "OptionObject",
	}
}

// nouns are what of a bucket or an object operations that are called by their
// method are about.
func nouns() map[string]string {
	return map[string]string{
		"acl": "Acl", "lifecycle": "Lifecycle", "logging": "Logging", "website": "Website", "referer": "Referer", "cors": "Cors",
		"tagging": "Tagging", "versioning": "Versioning", "replication": "Replication", "policy": "Policy", "policyStatus": "PolicyStatus",
		"encryption": "Encryption", "inventory": "Inventory", "requestPayment": "RequestPayment", "style": "Style",
		"transferAcceleration": "TransferAcceleration", "resourceGroup": "ResourceGroup", "publicAccessBlock": "PublicAccessBlock",
		"httpsConfig": "HttpsConfig", "accessPoint": "AccessPoint", "accessMonitor": "AccessMonitor",
		"bucketArchiveDirectRead": "ArchiveDirectRead", "cname": "Cname",
	}
}

// operationName is what OSS calls an operation that isn't served; empty if that
// isn't known.
func operationName(method string, k kind, query string) string {
	what := map[kind]string{kindService: "service", kindBucket: "bucket", kindObject: "object"}[k]
	if name := irregular()[method+" "+what+" "+query]; name != "" {
		return name
	}
	verb := map[string]string{http.MethodPut: "Put", http.MethodGet: "Get", http.MethodDelete: "Delete"}[method]
	noun := nouns()[query]
	if verb == "" || noun == "" || k == kindService {
		return ""
	}
	if k == kindObject {
		return verb + "Object" + noun
	}
	return verb + "Bucket" + noun
}

// plain are the parameters that choose no operation.
func plain() []string {
	return []string{
		"prefix", "marker", "delimiter", "max-keys", "encoding-type", "list-type", "start-after", "fetch-owner", "continuation-token",
		"security-token", "Expires", "OSSAccessKeyId", "Signature", "tag-key", "tag-value",
		"key-marker", "upload-id-marker", "max-uploads", "part-number-marker", "max-parts",
	}
}

// chooser is the parameter of the query that asks for something else than the plain
// object or bucket; empty if there is none. Parameters that nobody here has heard
// of do, if they have no value: so OSS's operations are chosen.
func chooser(query url.Values) string {
	var found []string
	for name := range query {
		switch {
		case slices.Contains(plain(), name), name == "versionId" && query.Get(name) == "null",
			strings.HasPrefix(name, "response-"), strings.HasPrefix(name, "x-oss-") && name != "x-oss-process" && name != "x-oss-async-process":
		case fcsign.IsOSSSubresource(name), query.Get(name) == "", name == "regions":
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return ""
	}
	slices.SortFunc(found, func(a, b string) int { // the one that says most
		if known(a) != known(b) {
			return map[bool]int{true: -1, false: 1}[known(a)]
		}
		return strings.Compare(a, b)
	})
	return found[0]
}

// known reports whether operations are called by a parameter.
func known(query string) bool {
	if nouns()[query] != "" {
		return true
	}
	for what := range irregular() {
		if strings.HasSuffix(what, " "+query) {
			return true
		}
	}
	return false
}

func notServed(c *call) error {
	k, query := kindOf(c.bucket, c.key), chooser(c.r.URL.Query())
	what := c.r.Method + " of " + map[kind]string{kindService: "the service", kindBucket: "a bucket", kindObject: "an object"}[k]
	if query != "" {
		what += " with ?" + query
	}
	if name := operationName(c.r.Method, k, query); name != "" {
		what = name + " (" + what + ")"
	}
	return failure(http.StatusNotImplemented, "NotImplemented", "the local OSS does not serve "+what)
}
