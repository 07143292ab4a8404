package control

import (
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/local/jwtauth"
	"s/pkg/local/reply"
	domainroute "s/pkg/local/route"
	"s/pkg/local/store"
)

// maxDomainName is how long a domain name may be, in characters (documentation
// "Configure a custom domain name").
const maxDomainName = 256

// domainName has two labels at least, *. not counted, and is no address.
var domainName = regexp.MustCompile(`^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// domainRoutes are the operations on custom domains, which both APIs have.
func domainRoutes() []route {
	return []route{
		{method: "POST", path: "custom-domains", handle: createDomain},
		{method: "GET", path: "custom-domains", handle: listDomains},
		{method: "GET", path: "custom-domains/{domain}", handle: getDomain},
		{method: "PUT", path: "custom-domains/{domain}", handle: updateDomain},
		{method: "DELETE", path: "custom-domains/{domain}", handle: deleteDomain},
	}
}

func createDomain(c *call) (answer, error) {
	d := &store.Domain{Region: c.region}
	d.Domain.AccountID, d.Domain.APIVersion, d.Domain.CreatedTime = c.cfg.AccountID, c.version, c.now()
	given, err := c.smallFields()
	if err != nil {
		return answer{}, err
	}
	if err := c.patchDomain(d, given); err != nil {
		return answer{}, err
	}
	if err := c.cfg.Store.CreateDomain(d); err != nil {
		return answer{}, err
	}
	return ok(c.domainView(d))
}

func getDomain(c *call) (answer, error) {
	d, err := c.cfg.Store.Domain(c.region, c.args["domain"])
	if err != nil {
		return answer{}, err
	}
	return ok(c.domainView(d))
}

func updateDomain(c *call) (answer, error) {
	given, err := c.smallFields()
	if err != nil {
		return answer{}, err
	}
	d, err := c.cfg.Store.UpdateDomain(c.region, c.args["domain"], func(d *store.Domain) error { return c.patchDomain(d, given) })
	if err != nil {
		return answer{}, err
	}
	return ok(c.domainView(d))
}

func listDomains(c *call) (answer, error) {
	some, next, err := page(c, c.cfg.Store.Domains(c.region), func(d *store.Domain) string { return d.Domain.DomainName })
	if err != nil {
		return answer{}, err
	}
	return ok(listing("customDomains", some, next, c.domainView))
}

func deleteDomain(c *call) (answer, error) {
	if err := c.cfg.Store.DeleteDomain(c.region, c.args["domain"]); err != nil {
		return answer{}, err
	}
	return noContent()
}

// smallFields reads a body without code by its keys.
func (c *call) smallFields() (fields, error) {
	given := fields{}
	if err := c.decode(&given); err != nil {
		return nil, err
	}
	given.given()
	return given, nil
}

// patchDomain lays the given fields over a domain and checks the whole.
func (c *call) patchDomain(d *store.Domain, given fields) error {
	var sandbox bool
	if _, err := given.take("isE2B", &sandbox); err != nil {
		return err
	}
	if sandbox {
		return reply.NotServed("a custom domain with field 'isE2B'")
	}
	old := d.Domain
	for _, name := range readOnlyFields() {
		delete(given, name)
	}
	var out fc.CustomDomain
	if err := merge(old, given, &out); err != nil {
		return err
	}
	out.AccountID, out.APIVersion, out.SubdomainCount, out.LastModifiedTime = old.AccountID, old.APIVersion, "", c.now()
	if old.DomainName != "" {
		out.DomainName = old.DomainName // it is in the path
	}
	if cert := out.CertConfig; cert != nil && cert.PrivateKey == "" && old.CertConfig != nil && cert.Certificate == old.CertConfig.Certificate {
		cert.PrivateKey = old.CertConfig.PrivateKey // it is never shown: who sends back what was shown keeps it
	}
	if out.Protocol == "" {
		out.Protocol = "HTTP"
	}
	joinServices(out.RouteConfig)
	if err := CheckDomain(&out); err != nil {
		return err
	}
	d.Domain = out
	return nil
}

// joinServices names the functions of routes as FC 3.0 does.
func joinServices(c *fc.RouteConfig) {
	if c == nil {
		return
	}
	for i := range c.Routes {
		r := &c.Routes[i]
		if r.ServiceName != "" {
			r.FunctionName, r.ServiceName = fc.JoinName(r.ServiceName, r.FunctionName), ""
		}
		if r.Qualifier == "" {
			r.Qualifier = fc.LatestQualifier
		}
	}
}

// domainView is a custom domain as the API shows it. The private key of its
// certificate is not in it.
func (c *call) domainView(d *store.Domain) fc.CustomDomain {
	v := d.Domain
	if v.CertConfig != nil {
		v.CertConfig = &fc.CertConfig{CertName: v.CertConfig.CertName, Certificate: v.CertConfig.Certificate}
	}
	if c.v2() && v.RouteConfig != nil {
		routes := slices.Clone(v.RouteConfig.Routes)
		for i := range routes {
			routes[i].ServiceName, routes[i].FunctionName = fc.SplitName(routes[i].FunctionName)
		}
		v.RouteConfig = &fc.RouteConfig{Routes: routes}
	}
	return v
}

// CheckDomain checks a custom domain whose routes name functions as FC 3.0 does.
// The error is the one that CreateCustomDomain would answer with.
func CheckDomain(d *fc.CustomDomain) error {
	for _, check := range []func(*fc.CustomDomain) error{checkDomainName, checkProtocol, checkTLS, checkRoutes, checkDomainAuth} {
		if err := check(d); err != nil {
			return err
		}
	}
	return checkCORS("corsConfig", d.CORSConfig)
}

func checkDomainName(d *fc.CustomDomain) error {
	name := d.DomainName
	switch {
	case name == "":
		return invalid("domainName is required")
	case len(name) > maxDomainName:
		return invalid("domainName has %d characters, the limit is %d", len(name), maxDomainName)
	case net.ParseIP(name) != nil || !domainName.MatchString(name):
		return invalid("domainName '%s' is not the name of a domain, like www.example.com or *.example.com", name)
	}
	lower := "." + strings.ToLower(name)
	for _, own := range []string{HostSuffix, ".aliyuncs.com"} {
		if strings.HasSuffix(lower, own) {
			return invalid("domainName '%s' is a name of the cloud's own", name)
		}
	}
	return nil
}

func checkProtocol(d *fc.CustomDomain) error {
	if !slices.Contains([]string{"HTTP", "HTTPS", "HTTP,HTTPS"}, d.Protocol) {
		return invalid("protocol '%s' is not one of HTTP, HTTPS and HTTP,HTTPS", d.Protocol)
	}
	secure, cert := d.Protocol != "HTTP", d.CertConfig
	switch {
	case cert == nil && secure:
		return invalid("certConfig is required for protocol '%s'", d.Protocol)
	case cert == nil:
		return nil
	case (cert.Certificate == "") != (cert.PrivateKey == ""):
		return invalid("certConfig must have both certificate and privateKey")
	case secure && cert.Certificate == "":
		return invalid("certConfig.certificate is required for protocol '%s'", d.Protocol)
	}
	return nil
}

// checkTLS checks what is kept for FC: nothing here speaks TLS.
func checkTLS(d *fc.CustomDomain) error {
	if d.TLSConfig == nil {
		return nil
	}
	versions := []string{"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"}
	low, high := slices.Index(versions, d.TLSConfig.MinVersion), slices.Index(versions, d.TLSConfig.MaxVersion)
	switch {
	case low < 0 && d.TLSConfig.MinVersion != "":
		return invalid("tlsConfig.minVersion '%s' is not one of %s", d.TLSConfig.MinVersion, strings.Join(versions, ", "))
	case high < 0 && d.TLSConfig.MaxVersion != "":
		return invalid("tlsConfig.maxVersion '%s' is not one of %s", d.TLSConfig.MaxVersion, strings.Join(versions, ", "))
	case low >= 0 && high >= 0 && low > high:
		return invalid("tlsConfig.minVersion is later than tlsConfig.maxVersion")
	}
	return nil
}

func checkRoutes(d *fc.CustomDomain) error {
	if d.RouteConfig == nil {
		return nil
	}
	for i, r := range d.RouteConfig.Routes {
		if r.FunctionName == "" {
			return invalid("routeConfig.routes[%d].functionName is required", i)
		}
		for _, m := range r.Methods {
			if !slices.Contains(triggerMethods(), m) {
				return invalid("routeConfig.routes[%d].methods has '%s', which is no method of a route", i, m)
			}
		}
	}
	if _, err := domainroute.New(d.RouteConfig.Routes); err != nil {
		return invalid("routeConfig.%v", err)
	}
	return nil
}

func checkDomainAuth(d *fc.CustomDomain) error {
	if d.AuthConfig == nil {
		return nil
	}
	switch d.AuthConfig.AuthType {
	case "", "anonymous", "function":
		return nil
	case "jwt":
		return checkTokens("authConfig.authInfo", d.AuthConfig.AuthInfo)
	}
	return invalid("authConfig.authType '%s' is not one of anonymous, function and jwt", d.AuthConfig.AuthType)
}

// checkTokens checks how tokens are checked; block is the field.
func checkTokens(block, config string) error {
	if _, err := jwtauth.New(config, time.Now); err != nil {
		return invalid("%s: %v", block, err)
	}
	return nil
}

// checkCORS checks which pages may call; block is the field.
func checkCORS(block string, c *fc.CORSConfig) error {
	if c == nil {
		return nil
	}
	if c.MaxAge < 0 {
		return invalid("%s.maxAge must not be negative, it is %d", block, c.MaxAge)
	}
	for _, m := range c.AllowMethods {
		if m != "*" && !slices.Contains(triggerMethods(), m) {
			return invalid("%s.allowMethods has '%s', which is no method", block, m)
		}
	}
	return nil
}

// triggerMethods are the methods that HTTP triggers and routes can have.
func triggerMethods() []string {
	return []string{"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"}
}
