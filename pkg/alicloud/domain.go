package alicloud

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"s/pkg/fc"
)

// Names below devsapp.net are given by a service of the Serverless Devs project. It
// sees that the account is the caller's by asking a function of that account, by
// its public URL, for a token that it gave before. Its requests and answers are as
// its public clients have them (github.com/devsapp/domain, github.com/devsapp/fc3-domain):
// forms to /token and /domain; {"Response": {"Status": "Success", "Body": {"Token"}}}.
const (
	domainHost   = "domain.devsapp.net"
	domainEnding = ".fc.devsapp.net"
	// serviceV3 stands in the names of functions of FC 3.0, which have no service.
	serviceV3 = "fcv3"
)

// The function that is asked, of FC 2.0; it is there for seconds. Its name ends with
// the token.
const (
	checkService  = "serverless-devs-check"
	checkFunction = "domain"
	checkTrigger  = "httpTrigger"
	checkSource   = "module.exports.handler = (request, response) => response.send(process.env.token)\n"
)

// DomainName is the custom domain that "auto" stands for, of a function and, in
// edition 1.0.0, its service.
func (c *Client) DomainName(function, service string) string {
	if service == "" {
		service = serviceV3
	}
	name := strings.Join([]string{function, service, c.config.AccountID, c.config.Region}, ".")
	return strings.ToLower(strings.ReplaceAll(name, "_", "-")) + domainEnding
}

// domainName is a name in the DNS that leads to Function Compute.
type domainName struct {
	*Client
	function, service string
	looked            int // how often, since it was asked for
	asked             bool
}

func (d *domainName) fill(*fc.Function) {}

// ensure waits for a while until the name leads somewhere. The resolver here may know
// for longer than that that it doesn't; Function Compute has the last word.
func (d *domainName) ensure(ctx context.Context, r *run) error {
	name := d.DomainName(d.function, d.service)
	return r.ensure(ctx, &Resource{Kind: KindDomain, Name: name}, func(ctx context.Context) error {
		to, err := d.config.Resolve(ctx, name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if d.asked {
			d.looked++
		}
		if err == nil && strings.TrimSuffix(to, ".") != name || d.looked == looks {
			return nil
		}
		return missing("DNS", "CNAME") // or a resolver that doesn't work: asking twice does no harm
	}, func(ctx context.Context) error {
		err := d.register(ctx)
		d.asked = err == nil
		return err
	})
}

// register asks for the name, and takes the function away again, whatever happened.
func (d *domainName) register(ctx context.Context) (err error) {
	service := d.service
	if service == "" {
		service = serviceV3
	}
	form := url.Values{"type": {"fc"}, "user": {d.config.AccountID}, "region": {d.config.Region}, "service": {service}, "function": {d.function}}
	token, err := d.ask(ctx, "/token", form)
	if err != nil {
		return err
	}
	if !tokenShape().MatchString(token) {
		return fmt.Errorf("%s gives the token %q, which is none", domainHost, token)
	}
	function := checkFunction + token
	defer func() { err = errors.Join(err, d.removeCheck(context.WithoutCancel(ctx), function)) }()
	if err := d.makeCheck(ctx, function, token); err != nil {
		return err
	}
	form.Set("token", token)
	_, err = d.ask(ctx, "/domain", form)
	return err
}

// tokenShape is what the name of a function may have: a token becomes a part of one.
func tokenShape() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,50}$`) }

// ask makes a request to the service of names, and gives the token of its answer.
func (d *domainName) ask(ctx context.Context, path string, form url.Values) (string, error) {
	var answer struct {
		Response struct {
			Status string
			Body   json.RawMessage
		}
	}
	err := d.do(ctx, call{
		service: domainHost, action: path, method: http.MethodPost, host: domainHost, path: path, out: &answer, refusal: refusalJSON,
		body: []byte(form.Encode()), contentType: "application/x-www-form-urlencoded", sign: func(*http.Request, []byte) {},
	})
	if err != nil {
		return "", err
	}
	if answer.Response.Status != "Success" {
		return "", &Error{Service: domainHost, Action: path, Status: http.StatusOK, Code: answer.Response.Status, Message: string(answer.Response.Body)}
	}
	var body struct{ Token string }
	_ = json.Unmarshal(answer.Response.Body, &body) // only the first answer has a token
	return body.Token, nil
}

// fc2 makes a call to Function Compute 2.0.
func (c *Client) fc2(ctx context.Context, action, method, path string, body any) error {
	var data []byte
	contentType := ""
	if body != nil {
		data, _ = json.Marshal(body) // of strings and numbers
		contentType = "application/json"
	}
	return c.do(ctx, call{
		service: "FC", action: action, method: method, host: c.config.AccountID + "." + c.config.Region + ".fc.aliyuncs.com", path: "/" + fcVersion + path,
		body: data, contentType: contentType, refusal: refusalFC, sign: c.acs3(action, fcVersion),
	})
}

func (d *domainName) makeCheck(ctx context.Context, function, token string) error {
	code, err := checkCode()
	if err != nil {
		return err
	}
	of := "/services/" + checkService + "/functions"
	for _, step := range []struct {
		action, path string
		body         any
	}{
		{"CreateService", "/services", map[string]any{"serviceName": checkService, "description": "asked once by " + domainHost}},
		{"CreateFunction", of, map[string]any{
			"functionName": function, "runtime": "nodejs14", "handler": "index.handler", "memorySize": fc.MinMemoryMB, "timeout": fc.DefaultTimeoutSeconds,
			"code": map[string]any{"zipFile": code}, "environmentVariables": map[string]string{"token": token},
		}},
		{"CreateTrigger", of + "/" + function + "/triggers", map[string]any{
			"triggerName": checkTrigger, "triggerType": fc.TriggerHTTP, "triggerConfig": `{"authType":"anonymous","methods":["GET","POST"]}`,
		}},
	} {
		if err := d.fc2(ctx, step.action, http.MethodPost, step.path, step.body); err != nil && !isThere(err) {
			return err
		}
	}
	return nil
}

// removeCheck leaves the service if it has functions that are somebody else's.
func (d *domainName) removeCheck(ctx context.Context, function string) error {
	of := "/services/" + checkService
	for _, step := range [][2]string{
		{"DeleteTrigger", of + "/functions/" + function + "/triggers/" + checkTrigger}, {"DeleteFunction", of + "/functions/" + function}, {"DeleteService", of},
	} {
		err := d.fc2(ctx, step[0], http.MethodDelete, step[1], nil)
		if err != nil && !isMissing(err) && step[0] != "DeleteService" {
			return fmt.Errorf("the function %s of the service %s is left: %w", function, checkService, err)
		}
	}
	return nil
}

// checkCode is the archive of the function.
func checkCode() ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("index.js")
	if err == nil {
		_, err = f.Write([]byte(checkSource))
	}
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}
