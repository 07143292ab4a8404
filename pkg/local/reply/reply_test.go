package reply

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"s/pkg/fc"
	"s/pkg/local/store"
)

var idForm = regexp.MustCompile(`^1-([0-9a-f]{8})-[0-9a-f]{8}-[0-9a-f]{12}$`)

func TestNewID(t *testing.T) {
	t.Parallel()
	for _, when := range []int64{0, 1, 1693896071, 1<<32 - 1} {
		id := NewID(time.Unix(when, 999))
		found := idForm.FindStringSubmatch(id)
		if found == nil || found[1] != fmt.Sprintf("%08x", when) {
			t.Errorf("%d gives %s", when, id)
		}
	}
}

// TestIDsAreUnique also within a second and from many goroutines.
func TestIDsAreUnique(t *testing.T) {
	t.Parallel()
	const workers, each = 8, 2000
	now := time.Unix(1693896071, 0)
	ids := make([][]string, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range each {
				ids[w] = append(ids[w], NewID(now))
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, list := range ids {
		for _, id := range list {
			if seen[id] {
				t.Fatalf("%s came twice", id)
			}
			seen[id] = true
		}
	}
}

// body reads an answer's document.
func body(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return doc
}

func TestStartAndJSON(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	id := Start(w, time.Unix(1, 0))
	JSON(w, http.StatusCreated, map[string]any{"a": "<b>", "n": 1})
	if w.Code != http.StatusCreated || w.Header().Get("X-Fc-Request-Id") != id || !idForm.MatchString(id) {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
	if diff := cmp.Diff(map[string]any{"a": "<b>", "n": 1.0}, body(t, w)); diff != "" {
		t.Error(diff)
	}
}

// TestWhatIsNoJSON: a document that can't be written is an internal error, not
// an empty success.
func TestWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	JSON(w, http.StatusOK, map[string]any{"f": func() {}})
	if doc := body(t, w); w.Code != http.StatusInternalServerError || doc["Code"] != "InternalServerError" {
		t.Errorf("%d %v", w.Code, doc)
	}
}

// TestErrorForBothGenerations: FC 2.0's clients read ErrorCode and ErrorMessage,
// FC 3.0's Code, Message and RequestId.
func TestErrorForBothGenerations(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	id := Start(w, time.Unix(1, 0))
	Error(w, fmt.Errorf("wrapped: %w", &fc.APIError{Status: 418, Code: "Teapot", Message: `short "and" stout`}))
	if w.Code != 418 {
		t.Errorf("status %d", w.Code)
	}
	want := map[string]any{
		"Code": "Teapot", "Message": `short "and" stout`, "RequestId": id, "ErrorCode": "Teapot", "ErrorMessage": `short "and" stout`,
	}
	if diff := cmp.Diff(want, body(t, w)); diff != "" {
		t.Error(diff)
	}
}

func TestAPIErrorOfEveryKind(t *testing.T) {
	t.Parallel()
	own := &fc.APIError{Status: 403, Code: "AccessDenied", Message: "no"}
	for _, tt := range []struct {
		err    error
		status int
		code   string
		says   string
	}{
		{own, 403, "AccessDenied", "no"},
		{fmt.Errorf("deep: %w", own), 403, "AccessDenied", "no"},
		{&store.NotFoundError{Kind: store.KindService, Name: "s"}, 404, "ServiceNotFound", "s"},
		{&store.NotFoundError{Kind: store.KindFunction, Name: "f"}, 404, "FunctionNotFound", "f"},
		{&store.NotFoundError{Kind: store.KindTrigger, Name: "t"}, 404, "TriggerNotFound", "t"},
		{&store.NotFoundError{Kind: store.KindDomain, Name: "d"}, 404, "DomainNameNotFound", "d"},
		{&store.ExistsError{Kind: store.KindDomain, Name: "d"}, 409, "DomainNameAlreadyExists", "d"},
		{&store.ExistsError{Kind: store.KindService, Name: "s"}, 409, "ServiceAlreadyExists", "s"},
		{&store.ExistsError{Kind: store.KindFunction, Name: "f"}, 409, "FunctionAlreadyExists", "f"},
		{&store.ExistsError{Kind: store.KindTrigger, Name: "t"}, 409, "TriggerAlreadyExists", "t"},
		{&store.NotFoundError{Kind: store.KindVersion, Name: "3", Of: "function 'f'"}, 404, "VersionNotFound", "version '3' of function 'f' does not exist"},
		{&store.NotFoundError{Kind: store.KindAlias, Name: "a", Of: "service 's'"}, 404, "AliasNotFound", "alias 'a' of service 's' does not exist"},
		{&store.ExistsError{Kind: store.KindAlias, Name: "a", Of: "function 'f'"}, 409, "AliasAlreadyExists", "alias 'a' of function 'f' already exists"},
		{&store.UnchangedError{Owner: "function 'f'", Version: "2"}, 409, "VersionPublishError", "function 'f' has not changed since version 2"},
		{&store.NotEmptyError{Kind: store.KindService, Name: "s"}, 409, "ServiceNotEmpty", "s"},
		{fmt.Errorf("at: %w", &store.CodeError{Why: "it has no end"}), 400, "InvalidArgument", "it has no end"},
		{&http.MaxBytesError{Limit: 33554432}, 400, "EntityTooLarge", "33554432 bytes"},
		{errors.New("the disk is on fire"), 500, "InternalServerError", "the disk is on fire"},
	} {
		got := APIError(tt.err)
		if got.Status != tt.status || got.Code != tt.code || !strings.Contains(got.Message, tt.says) {
			t.Errorf("%v: %d %s %q, want %d %s %q", tt.err, got.Status, got.Code, got.Message, tt.status, tt.code, tt.says)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    *fc.APIError
		status int
		code   string
		text   string
	}{
		{Invalid("memorySize is odd"), 400, "InvalidArgument", "memorySize is odd"},
		{TooLarge(131072), 400, "EntityTooLarge", "payload size exceeds maximum allowed size (131072 bytes)"},
		{NotServed("UpdateAlias"), 501, "NotImplemented", "UpdateAlias is not served by the local cloud"},
	} {
		if tt.err.Status != tt.status || tt.err.Code != tt.code || tt.err.Message != tt.text {
			t.Errorf("%+v, want %d %s %q", tt.err, tt.status, tt.code, tt.text)
		}
	}
}
