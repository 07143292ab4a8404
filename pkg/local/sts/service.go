package sts

import (
	"cmp"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/fc/fcsign"
	"s/pkg/local/reply"
)

// Version is that of STS's API.
const Version = "2015-04-01"

// Bounds of a session (documentation of AssumeRole), in seconds.
const (
	minSession     = 900
	defaultSession = 3600
	maxSession     = 43200
)

// maxForm bounds the body of a request.
const maxForm = 1 << 20

// Config is what the service needs to know.
type Config struct {
	Issuer    *Issuer
	AccountID string
	// FunctionKeyID is the id of the keys that functions have as their role's.
	FunctionKeyID string
	Verifier      *fcsign.Verifier
}

// Service serves requests of RPC style: the operations of STS, and a refusal that
// names the operation for those of other services.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service { return &Service{cfg} }

// Is reports whether a request is of RPC style: at the root, with its operation in
// the query, in a form or in a header.
func Is(r *http.Request) bool {
	if r.URL.Path != "/" && r.URL.Path != "" {
		return false
	}
	if isModern(r) {
		version := r.Header.Get("X-Acs-Version")
		return r.Header.Get("X-Acs-Action") != "" && version != fc.APIVersion3 && version != fc.APIVersion2 && version != fc.APIVersion2Old
	}
	return r.Header.Get("Authorization") == "" && (r.URL.Query().Has("Action") || r.Method == http.MethodPost && isForm(r))
}

// isModern reports whether the signature is in a header, as one of ACS3 or ROA is.
func isModern(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return scheme == string(fcsign.SchemeACS3) || scheme == string(fcsign.SchemeROA)
}

func isForm(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// call is one request.
type call struct {
	*Service
	params          url.Values
	keys            fcsign.Keys
	id              string // of the request
	action, version string
}

// ServeHTTP serves one request. The answer's request id must have been set.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Service: s, id: w.Header().Get(fc.HeaderRequestID)}
	doc, err := c.serve(w, r)
	status := http.StatusOK
	root := c.action + "Response"
	if err != nil {
		api := &fc.APIError{Status: http.StatusInternalServerError, Code: "InternalError", Message: err.Error()}
		errors.As(err, &api)
		status, root = api.Status, "Error"
		doc = failureDoc{RequestID: c.id, HostID: r.Host, Code: api.Code, Message: api.Message}
	}
	if c.wantsXML(r) {
		writeXML(w, status, root, doc)
		return
	}
	reply.JSON(w, status, doc)
}

type failureDoc struct {
	RequestID string `json:"RequestId" xml:"RequestId"`
	HostID    string `json:"HostId" xml:"HostId"`
	Code      string `json:"Code" xml:"Code"`
	Message   string `json:"Message" xml:"Message"`
}

// wantsXML: the signature of the parameters is of a time when XML was the
// standard.
func (c *call) wantsXML(r *http.Request) bool {
	return !isModern(r) && !strings.EqualFold(c.params.Get("Format"), "JSON")
}

func writeXML(w http.ResponseWriter, status int, root string, doc any) {
	w.Header().Set("Content-Type", "text/xml;charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(xml.Header))                                                      // a client that is gone needs no answer
	_ = xml.NewEncoder(w).EncodeElement(doc, xml.StartElement{Name: xml.Name{Local: root}}) // the same
}

func (c *call) serve(w http.ResponseWriter, r *http.Request) (any, error) {
	c.params = r.URL.Query()
	modern := isModern(r)
	if modern {
		c.action, c.version = r.Header.Get("X-Acs-Action"), r.Header.Get("X-Acs-Version")
		keys, err := c.cfg.Verifier.VerifyKeys(r)
		if err != nil {
			return nil, fcsign.AsRPC(err)
		}
		c.keys = keys
	}
	if isForm(r) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			return nil, formError(err)
		}
		c.params = r.Form
	}
	if !modern {
		c.action, c.version = c.params.Get("Action"), c.params.Get("Version")
		keys, err := c.cfg.Verifier.VerifyRPC(r.Method, c.params)
		if err != nil {
			return nil, err
		}
		c.keys = keys
	}
	switch {
	case c.version == Version && c.action == "GetCallerIdentity":
		return c.callerIdentity(), nil
	case c.version == Version && c.action == "AssumeRole":
		return c.assumeRole()
	}
	return nil, &fc.APIError{
		Status: http.StatusNotImplemented, Code: "NotImplemented",
		Message: cmp.Or(c.action, "a request without an action") + " (version " + cmp.Or(c.version, "unknown") + ") is not served by the local cloud",
	}
}

func formError(err error) error {
	var api *fc.APIError
	if errors.As(err, &api) {
		return fcsign.AsRPC(err)
	}
	return refusal(http.StatusBadRequest, "InvalidParameter", "the form can't be read: "+err.Error())
}

func refusal(status int, code, message string) error {
	return &fc.APIError{Status: status, Code: code, Message: message}
}

type identityDoc struct {
	IdentityType string `json:"IdentityType" xml:"IdentityType"`
	RequestID    string `json:"RequestId" xml:"RequestId"`
	AccountID    string `json:"AccountId" xml:"AccountId"`
	PrincipalID  string `json:"PrincipalId" xml:"PrincipalId"`
	UserID       string `json:"UserId,omitempty" xml:"UserId,omitempty"`
	RoleID       string `json:"RoleId,omitempty" xml:"RoleId,omitempty"`
	Arn          string `json:"Arn" xml:"Arn"`
}

func (c *call) callerIdentity() identityDoc {
	account := c.cfg.AccountID
	doc := identityDoc{RequestID: c.id, AccountID: account}
	g := c.cfg.Issuer.Grant(c.keys.SecurityToken)
	if c.keys.AccessKeyID == c.cfg.FunctionKeyID {
		g = Grant{Role: "function", Session: "local"}
	}
	if g.Role == "" {
		doc.IdentityType, doc.PrincipalID, doc.UserID, doc.Arn = "Account", account, account, "acs:ram::"+account+":root"
		return doc
	}
	doc.IdentityType, doc.RoleID = "AssumedRoleUser", roleID(g.Role)
	doc.PrincipalID = doc.RoleID + ":" + g.Session
	doc.Arn = c.assumedARN(g)
	return doc
}

func (c *call) assumedARN(g Grant) string {
	return "acs:ram::" + c.cfg.AccountID + ":assumed-role/" + strings.ToLower(g.Role) + "/" + g.Session
}

// roleID is a number that is always the same for a role's name: no roles are kept.
func roleID(name string) string {
	n := uint64(14695981039346656037)
	for _, b := range []byte(strings.ToLower(name)) {
		n = (n ^ uint64(b)) * 1099511628211 // FNV-1a
	}
	return "3" + strconv.FormatUint(n%1e17+1e17, 10)
}

type assumedDoc struct {
	RequestID       string `json:"RequestId" xml:"RequestId"`
	AssumedRoleUser struct {
		Arn           string `json:"Arn" xml:"Arn"`
		AssumedRoleID string `json:"AssumedRoleId" xml:"AssumedRoleId"`
	} `json:"AssumedRoleUser" xml:"AssumedRoleUser"`
	Credentials struct {
		AccessKeyID     string `json:"AccessKeyId" xml:"AccessKeyId"`
		AccessKeySecret string `json:"AccessKeySecret" xml:"AccessKeySecret"`
		SecurityToken   string `json:"SecurityToken" xml:"SecurityToken"`
		Expiration      string `json:"Expiration" xml:"Expiration"`
	} `json:"Credentials" xml:"Credentials"`
}

// sessionName is what RoleSessionName may be (documentation of AssumeRole).
var sessionName = regexp.MustCompile(`^[\w.@=-]{2,64}$`)

// assumeRole gives temporary keys of a role of the account. Which roles there are
// isn't known here, so each is; a policy that would bound the keys is refused,
// since they would not be bound.
func (c *call) assumeRole() (any, error) {
	role, err := c.role()
	if err != nil {
		return nil, err
	}
	seconds := defaultSession
	if text := c.params.Get("DurationSeconds"); text != "" {
		if seconds, err = strconv.Atoi(text); err != nil || seconds < minSession || seconds > maxSession {
			return nil, refusal(http.StatusBadRequest, "InvalidParameter.DurationSeconds", "The parameter DurationSeconds must be 900 to 43200.")
		}
	}
	g := Grant{Role: role, Session: c.params.Get("RoleSessionName")}
	if !sessionName.MatchString(g.Session) {
		return nil, refusal(http.StatusBadRequest, "InvalidParameter.RoleSessionName", "The parameter RoleSessionName must be 2 to 64 letters, digits and . @ - _ =.")
	}
	if c.params.Get("Policy") != "" {
		return nil, refusal(http.StatusNotImplemented, "NotImplemented", "AssumeRole with a Policy is not served by the local cloud")
	}
	keys, expires := c.cfg.Issuer.Issue(g, time.Duration(seconds)*time.Second)
	doc := assumedDoc{RequestID: c.id}
	doc.AssumedRoleUser.Arn = c.assumedARN(g)
	doc.AssumedRoleUser.AssumedRoleID = roleID(role) + ":" + g.Session
	doc.Credentials.AccessKeyID, doc.Credentials.AccessKeySecret = keys.AccessKeyID, keys.AccessKeySecret
	doc.Credentials.SecurityToken, doc.Credentials.Expiration = keys.SecurityToken, expires.Format(time.RFC3339)
	return doc, nil
}

// role is the name of the role that a request is for.
func (c *call) role() (string, error) {
	arn := c.params.Get("RoleArn")
	if arn == "" {
		return "", refusal(http.StatusBadRequest, "MissingRoleArn", "RoleArn is mandatory for this action.")
	}
	parts := strings.SplitN(arn, ":", 5)
	if len(parts) != 5 || parts[0] != "acs" || parts[1] != "ram" || !strings.HasPrefix(parts[4], "role/") || len(parts[4]) < 6 {
		return "", refusal(http.StatusBadRequest, "InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
	}
	if parts[3] != c.cfg.AccountID {
		return "", refusal(http.StatusForbidden, "NoPermission",
			"You are not authorized to do this action: the role is of account "+parts[3]+", the local cloud's is "+c.cfg.AccountID+".")
	}
	return strings.TrimPrefix(parts[4], "role/"), nil
}
