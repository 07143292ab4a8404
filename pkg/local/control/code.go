package control

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"s/pkg/fc"
	"s/pkg/local/reply"
)

// CodePath begins the paths of code downloads.
const CodePath = "/_s/code/"

// codeURLLife is how long the URL of a download is good.
const codeURLLife = time.Hour

func getFunctionCode(c *call) (answer, error) {
	f, err := c.resolved()
	if err != nil {
		return answer{}, err
	}
	if f.Code.SHA256 == "" {
		return answer{}, reply.Invalid("function '" + f.Function.FunctionName + "' runs an image and has no code")
	}
	return ok(map[string]string{"url": c.codeURL(f.Code.SHA256), "checksum": f.Code.Checksum})
}

// codeURL is where an archive can be fetched for a while.
func (c *call) codeURL(sha string) string {
	expires := strconv.FormatInt(c.cfg.Now().Add(codeURLLife).Unix(), 10)
	return "http://" + c.cfg.Address + CodePath + sha + "?expires=" + expires + "&signature=" + c.codeSignature(sha, expires)
}

// codeSignature is what makes the URL of a download unguessable.
func (a *API) codeSignature(sha, expires string) string {
	mac := hmac.New(sha256.New, a.cfg.Secret)
	mac.Write([]byte(sha + "\n" + expires))
	return hex.EncodeToString(mac.Sum(nil))
}

// ServeCode serves the URLs that GetFunctionCode and GetLayerVersion give out. They carry their
// own signature.
func (a *API) ServeCode(w http.ResponseWriter, r *http.Request) {
	sha := strings.TrimPrefix(r.URL.Path, CodePath)
	q := r.URL.Query()
	until, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	if !hmac.Equal([]byte(q.Get("signature")), []byte(a.codeSignature(sha, q.Get("expires")))) || err != nil {
		reply.Error(w, &fc.APIError{Status: http.StatusForbidden, Code: fc.CodeSignatureNotMatch, Message: "the URL is not one that GetFunctionCode or GetLayerVersion gave"})
		return
	}
	if a.cfg.Now().Unix() > until {
		reply.Error(w, &fc.APIError{Status: http.StatusForbidden, Code: fc.CodeAccessDenied, Message: "the URL has expired: get a new one"})
		return
	}
	file, err := os.Open(a.cfg.Store.CodeArchive(sha))
	if err != nil {
		reply.Error(w, &fc.APIError{Status: http.StatusNotFound, Code: "CodeNotFound", Message: "this code is no longer there"})
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/zip")
	http.ServeContent(w, r, "", time.Time{}, file)
}
