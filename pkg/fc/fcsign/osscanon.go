package fcsign

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// canonicalOSS1 is the text that a signature of version 1 covers; date is what
// stands in the place of the date.
func canonicalOSS1(r *http.Request, bucket, key, date string) string {
	var b strings.Builder
	for _, part := range []string{r.Method, r.Header.Get(headerContentMD5), r.Header.Get("Content-Type"), date} {
		b.WriteString(part)
		b.WriteByte('\n')
	}
	writePrefixed(&b, r, prefixOSS)
	b.WriteByte('/')
	if bucket != "" {
		b.WriteString(bucket + "/" + key)
	}
	separator := byte('?')
	for _, pair := range roaPairs(ossSubresources(r.URL.Query())) {
		b.WriteByte(separator)
		b.WriteString(pair)
		separator = '&'
	}
	return b.String()
}

// ossSubresources are the parameters that version 1 signs.
func ossSubresources(query url.Values) url.Values {
	out := url.Values{}
	for name, values := range query {
		if IsOSSSubresource(name) {
			out[name] = values
		}
	}
	return out
}

// IsOSSSubresource reports whether a parameter of the query is one that chooses
// what of a bucket or an object is meant, or that changes the answer: those are
// covered by signatures of version 1.
func IsOSSSubresource(name string) bool {
	switch name {
	case "acl", "append", "asyncFetch", "bucketArchiveDirectRead", "bucketInfo", "callback", "callback-var", "cname",
		"comp", "continuation-token", "cors", "delete", "encryption", "endTime", "group", "httpsConfig", "img",
		"inventory", "inventoryId", "lifecycle", "link", "live", "location", "logging", "metaQuery", "objectInfo",
		"objectMeta", "partNumber", "policy", "position", "publicAccessBlock", "accessPoint", "accessPointPolicy", "qos", "qosInfo",
		"qosRequester", "redundancyTransition", "referer", "regionList", "replication", "replicationLocation",
		"replicationProgress", "requestPayment", "requesterQosInfo", "resourceGroup", "resourcePool", "resourcePoolBuckets",
		"resourcePoolInfo", "response-cache-control", "response-content-disposition", "response-content-encoding",
		"response-content-language", "response-content-type", "response-expires", "restore", "security-token",
		"sequential", "startTime", "stat", "status", "style", "styleName", "symlink", "tagging", "transferAcceleration",
		"udf", "uploadId", "uploads", "versionId", "versioning", "versions", "vod", "website", "worm", "wormExtend", "wormId":
		return true
	}
	return strings.HasPrefix(name, prefixOSS)
}

// canonicalOSS4 is the canonical request of version 4.
func canonicalOSS4(r *http.Request, bucket, key string, p *ossProof) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n/")
	if bucket != "" {
		b.WriteString(escapeRFC3986(bucket) + "/" + escapeRFC3986Path(key))
	}
	b.WriteString("\n" + ossQuery4(r.URL.Query()) + "\n")
	for _, name := range ossHeaders4(r, p.headers) {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	payload := r.Header.Get(headerOSSContent)
	if payload == "" {
		payload = unsignedPayload
	}
	b.WriteString("\n" + strings.Join(p.headers, ";") + "\n" + payload)
	return b.String()
}

// ossHeaders4 lists what version 4 signs: x-oss-*, the content's type and digest,
// and the additional ones.
func ossHeaders4(r *http.Request, additional []string) []string {
	names := slices.Clone(additional)
	for name := range r.Header {
		lower := strings.ToLower(name)
		if lower == "content-type" || lower == "content-md5" || strings.HasPrefix(lower, prefixOSS) {
			names = append(names, lower)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ossQuery4 is the escaped query, sorted; a name without a value has no "=".
func ossQuery4(query url.Values) string {
	var pairs []string
	for name, values := range query {
		if name == queryOSSSignature {
			continue
		}
		for _, value := range values {
			pair := escapeRFC3986(name)
			if value != "" {
				pair += "=" + escapeRFC3986(value)
			}
			pairs = append(pairs, pair)
		}
	}
	slices.SortFunc(pairs, func(a, b string) int {
		nameA, valueA, _ := strings.Cut(a, "=")
		nameB, valueB, _ := strings.Cut(b, "=")
		if order := strings.Compare(nameA, nameB); order != 0 {
			return order
		}
		return strings.Compare(valueA, valueB)
	})
	return strings.Join(pairs, "&")
}

func signOSS4(secret string, p *ossProof, canonical string) []byte {
	digest := sha256.Sum256([]byte(canonical))
	scope := p.day + "/" + p.region + "/" + p.product + "/" + ossScopeEnd
	text := string(SchemeOSS4) + "\n" + p.date + "\n" + scope + "\n" + hex.EncodeToString(digest[:])
	key := []byte("aliyun_v4" + secret)
	for _, part := range []string{p.day, p.region, p.product, ossScopeEnd, text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return key
}

// SignOSS signs a request to OSS with version 4, whose body is not covered. All
// x-oss-* headers must be set before; bucket and key are unescaped.
func SignOSS(r *http.Request, keys Keys, region, bucket, key string, now time.Time) {
	p := &ossProof{
		scheme: SchemeOSS4, date: now.UTC().Format(ossTime), day: now.UTC().Format(ossDay),
		region: region, product: "oss",
	}
	r.Header.Set(headerOSSDate, p.date)
	r.Header.Set(headerOSSContent, unsignedPayload)
	if keys.SecurityToken != "" {
		r.Header.Set(headerOSSToken, keys.SecurityToken)
	}
	signature := signOSS4(keys.AccessKeySecret, p, canonicalOSS4(r, bucket, key, p))
	r.Header.Set(headerAuthorization, string(SchemeOSS4)+" Credential="+keys.AccessKeyID+"/"+p.day+"/"+region+
		"/oss/"+ossScopeEnd+",Signature="+hex.EncodeToString(signature))
}

// escapeRFC3986 escapes all but unreserved characters.
func escapeRFC3986(text string) string { return fixEscapes(url.QueryEscape(text)) }

// escapeRFC3986Path is the same but leaves slashes.
func escapeRFC3986Path(text string) string {
	return strings.ReplaceAll(escapeRFC3986(text), "%2F", "/")
}
