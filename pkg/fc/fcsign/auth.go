package fcsign

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"s/pkg/fc"
)

// Authorization is a parsed Authorization header.
type Authorization struct {
	Scheme      Scheme
	AccessKeyID string
	// SignedHeaders of ACS3, lower case, in the order given.
	SignedHeaders []string
	// Signature is decoded.
	Signature []byte
}

// ParseAuthorization parses an Authorization header of any of the families.
// Its errors are *fc.APIError.
func ParseAuthorization(value string) (Authorization, error) {
	scheme, rest, ok := strings.Cut(value, " ")
	if !ok {
		return Authorization{}, badAuthorization("it has no scheme")
	}
	switch {
	case scheme == string(SchemeACS3):
		return parseACS3(rest)
	case scheme == string(SchemeROA), scheme == string(SchemeFC):
		return parsePair(Scheme(scheme), rest)
	case strings.HasPrefix(scheme, "ACS3-"):
		return Authorization{}, badAuthorization(fmt.Sprintf("algorithm '%s' is not served, use %s", scheme, SchemeACS3))
	}
	return Authorization{}, badAuthorization("its scheme is not one of " +
		string(SchemeACS3) + ", " + string(SchemeROA) + " and " + string(SchemeFC))
}

func parsePair(scheme Scheme, rest string) (Authorization, error) {
	id, text, ok := strings.Cut(strings.TrimSpace(rest), ":")
	if !ok || id == "" || text == "" {
		return Authorization{}, badAuthorization("it is not of the form 'key:signature'")
	}
	signature, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return Authorization{}, badAuthorization("its signature is not base64")
	}
	return Authorization{Scheme: scheme, AccessKeyID: id, Signature: signature}, nil
}

func parseACS3(rest string) (Authorization, error) {
	a := Authorization{Scheme: SchemeACS3}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "Credential":
			a.AccessKeyID = value
		case "SignedHeaders":
			a.SignedHeaders = strings.Split(value, ";")
		case "Signature":
			signature, err := hex.DecodeString(value)
			if err != nil {
				return Authorization{}, badAuthorization("its signature is not hexadecimal")
			}
			a.Signature = signature
		}
	}
	if a.AccessKeyID == "" || len(a.SignedHeaders) == 0 || len(a.Signature) == 0 {
		return Authorization{}, badAuthorization("it lacks one of Credential, SignedHeaders and Signature")
	}
	for _, name := range a.SignedHeaders {
		if name == "" || name != strings.ToLower(name) {
			return Authorization{}, badAuthorization("its SignedHeaders are not lower case names")
		}
	}
	return a, nil
}

func badAuthorization(why string) error {
	return &fc.APIError{
		Status: http.StatusBadRequest, Code: fc.CodeInvalidArgument,
		Message: "the Authorization header can't be used: " + why,
	}
}
