package oss

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"s/pkg/fc"
)

// kind is what the path of a request names.
type kind int

const (
	kindService kind = iota
	kindBucket
	kindObject
)

func kindOf(bucket, key string) kind {
	switch {
	case bucket == "":
		return kindService
	case key == "":
		return kindBucket
	}
	return kindObject
}

// operation is one that is served. query is the parameter that chooses it; without
// one it is the plain request. Those with a parameter come first.
type operation struct {
	kind   kind
	method string
	query  string
	handle func(*call) error
}

func operations() []operation {
	return []operation{
		{kindBucket, http.MethodGet, "location", getLocation},
		{kindBucket, http.MethodGet, "bucketInfo", getBucketInfo},
		{kindBucket, http.MethodGet, "acl", getACL},
		{kindObject, http.MethodGet, "acl", getACL},
		{kindBucket, http.MethodGet, "uploads", listUploads},
		{kindBucket, http.MethodPost, "delete", deleteObjects},
		{kindObject, http.MethodPost, "uploads", initiateUpload},
		{kindObject, http.MethodPost, "append", appendObject},
		{kindObject, http.MethodPut, "uploadId", uploadPart},
		{kindObject, http.MethodPost, "uploadId", completeUpload},
		{kindObject, http.MethodDelete, "uploadId", abortUpload},
		{kindObject, http.MethodGet, "uploadId", listParts},
		{kindObject, http.MethodHead, "objectMeta", headObject},
		{kindObject, http.MethodGet, "objectMeta", headObject},

		{kindService, http.MethodGet, "", listBuckets},
		{kindBucket, http.MethodPut, "", putBucket},
		{kindBucket, http.MethodGet, "", listObjects},
		{kindBucket, http.MethodHead, "", headBucket},
		{kindBucket, http.MethodDelete, "", deleteBucket},
		{kindObject, http.MethodPut, "", putObject},
		{kindObject, http.MethodGet, "", getObject},
		{kindObject, http.MethodHead, "", headObject},
		{kindObject, http.MethodDelete, "", deleteObject},
	}
}

// target finds bucket and key. The bucket is the first label of the host, unless the
// host is an address, localhost or oss-<region>…: then it is the first segment of the
// path.
func target(r *http.Request) (bucket, key string, err error) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	escaped := path
	if bucket = HostBucket(r.Host); bucket == "" {
		bucket, escaped, _ = strings.Cut(path, "/")
		if bucket, err = url.PathUnescape(bucket); err != nil {
			return "", "", badPath()
		}
	}
	if key, err = url.PathUnescape(escaped); err != nil {
		return "", "", badPath()
	}
	return bucket, key, nil
}

func badPath() error { return failure(http.StatusBadRequest, "InvalidURI", "the path can't be read") }

// HostBucket is the bucket that a host name begins with; empty if it names none.
func HostBucket(host string) string {
	host = hostName(host)
	first, rest, more := strings.Cut(host, ".")
	if !more || net.ParseIP(host) != nil || isServiceLabel(first) || rest == "" {
		return ""
	}
	return first
}

// IsHost reports whether a host name is one of OSS's: [<bucket>.]oss-<region>… .
func IsHost(host string) bool {
	first, rest, _ := strings.Cut(hostName(host), ".")
	second, _, more := strings.Cut(rest, ".")
	return rest != "" && isServiceLabel(first) || more && isServiceLabel(second)
}

func isServiceLabel(label string) bool { return label == "oss" || strings.HasPrefix(label, "oss-") }

func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// hostRegion is the region that a host name of OSS's has; empty if it has none.
func hostRegion(host string) string {
	for label := range strings.SplitSeq(hostName(host), ".") {
		if region, ok := strings.CutPrefix(label, "oss-"); ok {
			region = strings.TrimSuffix(region, "-internal")
			if slices.Contains(fc.Regions(), region) {
				return region
			}
		}
	}
	return ""
}

// checkNames refuses names that OSS does (documentation: naming conventions).
func (c *call) checkNames() error {
	if c.bucket != "" && !validBucket(c.bucket) {
		return failure(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid: '"+c.bucket+"'.")
	}
	if c.key != "" && !validKey(c.key) {
		return failure(http.StatusBadRequest, "InvalidObjectName", "The length of object name must be less than 1024 bytes of UTF-8, not beginning with / or \\.")
	}
	return nil
}

func validBucket(name string) bool {
	if len(name) < 3 || len(name) > 63 || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}

func validKey(key string) bool {
	return len(key) <= 1023 && utf8.ValidString(key) && !strings.ContainsRune(key, 0) && key[0] != '/' && key[0] != '\\'
}
