package event

import (
	"crypto/md5" //nolint:gosec // the trigger tells it (documentation of MNS topic triggers)
	"encoding/hex"
	"net/url"
	"strings"

	"s/pkg/fc"
)

// follow makes what depends on values that were set under short names fit them.
// What was set by its own path stays; given has all that was.
func (t Type) follow(doc any, given map[string]bool) error {
	put := func(path, value string) error {
		for own := range given {
			if !t.named(own) && (own == path || strings.HasSuffix(path, "."+own)) {
				return nil
			}
		}
		return set(&doc, path, value)
	}
	text := func(path string) string {
		s, _ := at(doc, strings.Split(path, ".")).(string)
		return s
	}
	switch {
	case t.Name == fc.TriggerHTTP:
		return followHTTP(doc, given, put, text)
	case t.Name == fc.TriggerOSS && (given["bucket"] || given["region"]):
		return put("events.0.oss.bucket.arn", "acs:oss:"+text("events.0.region")+":"+
			text("events.0.oss.bucket.ownerIdentity")+":"+text("events.0.oss.bucket.name"))
	case t.Name == fc.TriggerMNSTopic && given["message"]:
		sum := md5.Sum([]byte(text("Message"))) //nolint:gosec // see the import
		return put("MessageMD5", strings.ToUpper(hex.EncodeToString(sum[:])))
	case (t.Name == "kafka" || t.Name == "rocketmq") && given["topic"]:
		const sample = "example-topic" // ends the subject
		return put("0.subject", strings.TrimSuffix(text("0.subject"), sample)+text("0.data.topic"))
	}
	return nil
}

// followHTTP takes a path as the request's target: escaped or not, with a query
// or without.
func followHTTP(doc any, given map[string]bool, put func(path, value string) error, text func(path string) string) error {
	if given["path"] {
		target, query, _ := strings.Cut(text("rawPath"), "?")
		plain, err := url.PathUnescape(target)
		if err != nil {
			plain = target
		}
		raw := (&url.URL{Path: plain, RawPath: target}).EscapedPath()
		if err := put("rawPath", raw); err != nil {
			return err
		}
		if err := put("requestContext.http.path", plain); err != nil {
			return err
		}
		values, _ := url.ParseQuery(query) // what can't be parsed is left out
		for name, all := range values {
			if object, ok := at(doc, []string{"queryParameters"}).(map[string]any); ok && object[name] == nil {
				object[name] = strings.Join(all, ",")
			}
		}
	}
	if given["host"] {
		prefix, _, _ := strings.Cut(text("requestContext.domainName"), ".")
		return put("requestContext.domainPrefix", prefix)
	}
	return nil
}
