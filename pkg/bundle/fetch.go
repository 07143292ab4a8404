package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"s/pkg/diag"
)

const (
	maxRedirects  = 5
	connectWithin = 10 * time.Second
	answerWithin  = 30 * time.Second
	// stallsAfter is how long a download may stand still.
	stallsAfter = 30 * time.Second
)

// FetchOptions says how to fetch an archive.
type FetchOptions struct {
	// Dir is where the archive is kept, with what is known of it.
	Dir string
	// Name is that of the archive there, without extension.
	Name string
	// Limit is the largest archive in bytes.
	Limit int64
	// Stall is how long nothing may come; 0 is half a minute.
	Stall time.Duration
}

// FetchError is an archive that can't be had from a URL.
type FetchError struct {
	URL    string // without what may be secret in it
	Reason diag.Message
	Err    error
}

// Error names the URL and the reason.
func (e *FetchError) Error() string {
	return e.Wording().Error()
}

// Wording is the same in words that can be translated.
func (e *FetchError) Wording() error {
	if e.Err == nil {
		return diag.Errorf("%s: %s", e.URL, e.Reason)
	}
	return diag.Errorf("%s: %s: %w", e.URL, e.Reason, e.Err)
}

// Unwrap gives what the system said.
func (e *FetchError) Unwrap() error { return e.Err }

// ShowURL is a URL for messages: without user, query and fragment, which may
// hold secrets.
func ShowURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "the URL"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Fetch downloads the archive at an http or https URL and gives its path. It is
// not downloaded again if the server says that it is the same, or if the URL
// ends in #sha256=HEX, the checksum that it must have then. Its errors are
// *FetchError and *TooLargeError.
func Fetch(ctx context.Context, address string, opts FetchOptions) (string, error) {
	f := &fetch{opts: opts, shown: ShowURL(address)}
	if err := f.parse(address); err != nil {
		return "", err
	}
	if err := os.MkdirAll(opts.Dir, 0o755); err != nil {
		return "", err
	}
	f.file = filepath.Join(opts.Dir, opts.Name+".download"+f.extension())
	f.known = f.readNote()
	if f.known.SHA256 != "" && f.known.SHA256 == f.want {
		return f.file, nil
	}
	return f.file, f.run(ctx)
}

// fetch is one download.
type fetch struct {
	opts  FetchOptions
	url   *url.URL
	shown string
	want  string // SHA-256 in hex, empty if none is asked for
	file  string
	known fetched
}

// fetched is kept beside an archive: where it is from and what it is.
type fetched struct {
	URL          string `json:"url"` // its SHA-256: a URL may be a secret
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"lastModified,omitempty"`
	SHA256       string `json:"sha256"`
}

func (f *fetch) fail(reason diag.Message, err error) error {
	if ue := (*url.Error)(nil); errors.As(err, &ue) {
		err = ue.Err // it repeats the whole URL
	}
	return &FetchError{URL: f.shown, Reason: reason, Err: err}
}

func (f *fetch) parse(address string) (err error) {
	if f.url, err = url.Parse(address); err != nil || f.url.Host == "" || f.url.Scheme != "http" && f.url.Scheme != "https" {
		return f.fail(diag.Say("is not an http or https URL"), nil)
	}
	if sum, ok := strings.CutPrefix(f.url.Fragment, "sha256="); ok {
		if raw, err := hex.DecodeString(sum); err != nil || len(raw) != sha256.Size {
			return f.fail(diag.Say("what follows #sha256= is not a SHA-256 in hex"), nil)
		}
		f.want = strings.ToLower(sum)
	}
	f.url.Fragment = ""
	return nil
}

// extension keeps .jar and .war, which say what the archive is; all others are
// .zip.
func (f *fetch) extension() string {
	switch ext := strings.ToLower(path.Ext(f.url.Path)); ext {
	case ".jar", ".war":
		return ext
	}
	return ".zip"
}

func (f *fetch) key() string {
	sum := sha256.Sum256([]byte(f.url.String()))
	return hex.EncodeToString(sum[:])
}

// readNote gives what is known of the archive of an earlier download, nothing
// if it isn't there any more as it was.
func (f *fetch) readNote() fetched {
	var n fetched
	data, err := os.ReadFile(f.file + ".json")
	if err != nil || json.Unmarshal(data, &n) != nil || n.URL != f.key() {
		return fetched{}
	}
	in, err := os.Open(f.file)
	if err != nil {
		return fetched{}
	}
	defer in.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, in); err != nil || hex.EncodeToString(sum.Sum(nil)) != n.SHA256 {
		return fetched{}
	}
	return n
}

func (f *fetch) client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: connectWithin}).DialContext,
			TLSHandshakeTimeout:   connectWithin,
			ResponseHeaderTimeout: answerWithin,
			DisableCompression:    true, // the bytes as they are
			DisableKeepAlives:     true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return diag.Errorf("more than %d redirects", maxRedirects)
			}
			if r.URL.Scheme != "https" && via[len(via)-1].URL.Scheme == "https" {
				return diag.Errorf("redirected from https to %s", r.URL.Scheme)
			}
			return nil
		},
	}
}

func (f *fetch) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url.String(), nil)
	if err != nil {
		return f.fail(diag.Say("is not an http or https URL"), nil)
	}
	if f.known.SHA256 != "" && f.want == "" {
		setIf(request, "If-None-Match", f.known.ETag)
		setIf(request, "If-Modified-Since", f.known.LastModified)
	}
	response, err := f.client().Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return f.fail(diag.Say("can't be fetched"), err)
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotModified && f.known.SHA256 != "":
		return nil
	case response.StatusCode != http.StatusOK:
		return f.fail(diag.Say("the server answered %s", response.Status), nil)
	case response.ContentLength > f.opts.Limit:
		return f.fail(diag.Say("is larger than %s", Megabytes(f.opts.Limit)), nil)
	}
	return f.save(ctx, cancel, response)
}

func setIf(r *http.Request, name, value string) {
	if value != "" {
		r.Header.Set(name, value)
	}
}

// save writes the body to the archive's place, in one step.
func (f *fetch) save(ctx context.Context, cancel context.CancelCauseFunc, response *http.Response) (err error) {
	temp, err := place{dir: f.opts.Dir, pattern: tempPrefix(f.file) + "*"}.create()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = temp.Close()
			_ = os.Remove(temp.Name())
		}
	}()
	stall := f.opts.Stall
	if stall == 0 {
		stall = stallsAfter
	}
	errStalled := diag.Errorf("nothing came for %v", stall)
	timer := time.AfterFunc(stall, func() { cancel(errStalled) })
	defer timer.Stop()
	sum := sha256.New()
	body := &watched{r: io.LimitReader(response.Body, f.opts.Limit+1), timer: timer, stall: stall}
	n, err := io.CopyBuffer(io.MultiWriter(temp, sum), body, make([]byte, 64<<10))
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errStalled) {
			return cause
		} else if cause != nil {
			err = cause
		}
		return f.fail(diag.Say("the download broke off"), err)
	}
	if n > f.opts.Limit {
		return f.fail(diag.Say("is larger than %s", Megabytes(f.opts.Limit)), nil)
	}
	got := hex.EncodeToString(sum.Sum(nil))
	if f.want != "" && got != f.want {
		return f.fail(diag.Say("has the SHA-256 %s, not the one that the URL asks for", got), nil)
	}
	if err := checkZip(temp, n); err != nil {
		return f.fail(diag.Say("is not a zip archive"), err)
	}
	return f.keep(temp, fetched{URL: f.key(), ETag: response.Header.Get("ETag"), LastModified: response.Header.Get("Last-Modified"), SHA256: got})
}

// keep gives the archive its name and notes what it is.
func (f *fetch) keep(temp *os.File, n fetched) error {
	if err := temp.Close(); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), f.file); err != nil {
		return err
	}
	data, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return os.WriteFile(f.file+".json", data, 0o600)
}

// watched puts the alarm off whenever something comes.
type watched struct {
	r     io.Reader
	timer *time.Timer
	stall time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.timer.Reset(w.stall)
	}
	return n, err
}
