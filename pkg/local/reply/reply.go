// Package reply is how the local cloud answers API requests: request ids, JSON
// bodies and errors, in the form that all of FC's clients can read.
package reply

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"s/pkg/fc"
	"s/pkg/local/store"
)

// NewID makes a request id of the form that FC 3.0 has: 1-<8 hex>-<8>-<12>.
// The first group is the time in seconds.
func NewID(now time.Time) string {
	var raw [14]byte
	seconds := uint32(now.Unix())
	raw[0], raw[1], raw[2], raw[3] = byte(seconds>>24), byte(seconds>>16), byte(seconds>>8), byte(seconds)
	rand.Read(raw[4:]) // never fails (crypto/rand)
	var id [2 + 8 + 1 + 8 + 1 + 12]byte
	id[0], id[1], id[10], id[19] = '1', '-', '-', '-'
	hex.Encode(id[2:10], raw[0:4])
	hex.Encode(id[11:19], raw[4:8])
	hex.Encode(id[20:], raw[8:])
	return string(id[:])
}

// Start sets the request id of an answer and gives it.
func Start(w http.ResponseWriter, now time.Time) string {
	id := NewID(now)
	w.Header().Set(fc.HeaderRequestID, id)
	return id
}

// JSON answers with a document.
func JSON(w http.ResponseWriter, status int, doc any) {
	body, err := json.Marshal(doc)
	if err != nil {
		Error(w, err)
		return
	}
	Bytes(w, status, body)
}

// Bytes answers with a document that is JSON already.
func Bytes(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // a client that is gone needs no answer
}

// errorBody has the keys of both API generations, since their clients read
// different ones.
type errorBody struct {
	Code         string `json:"Code"`
	Message      string `json:"Message"`
	RequestID    string `json:"RequestId"`
	ErrorCode    string `json:"ErrorCode"`
	ErrorMessage string `json:"ErrorMessage"`
}

// Error answers with an error. What is no *fc.APIError after APIError is an
// internal error.
func Error(w http.ResponseWriter, err error) {
	api := APIError(err)
	id := w.Header().Get(fc.HeaderRequestID)
	body, err := json.Marshal(errorBody{api.Code, api.Message, id, api.Code, api.Message})
	if err != nil {
		body = []byte("{}") // five strings always marshal
	}
	Bytes(w, api.Status, body)
}

// APIError finds the API's form of any error of the local cloud.
func APIError(err error) *fc.APIError {
	var api *fc.APIError
	if errors.As(err, &api) {
		return api
	}
	if api := storeError(err); api != nil {
		return api
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return TooLarge(tooLarge.Limit)
	}
	return &fc.APIError{Status: http.StatusInternalServerError, Code: fc.CodeInternalServerError, Message: err.Error()}
}

func storeError(err error) *fc.APIError {
	var missing *store.NotFoundError
	var exists *store.ExistsError
	var notEmpty *store.NotEmptyError
	var unchanged *store.UnchangedError
	var code *store.CodeError
	var limit *store.LimitError
	switch {
	case errors.As(err, &missing):
		return &fc.APIError{Status: http.StatusNotFound, Code: kindCode(missing.Kind, "NotFound"), Message: missing.Error()}
	case errors.As(err, &exists):
		return &fc.APIError{Status: http.StatusConflict, Code: kindCode(exists.Kind, "AlreadyExists"), Message: exists.Error()}
	case errors.As(err, &notEmpty):
		return &fc.APIError{Status: http.StatusConflict, Code: kindCode(notEmpty.Kind, "NotEmpty"), Message: notEmpty.Error()}
	case errors.As(err, &unchanged):
		return &fc.APIError{Status: http.StatusConflict, Code: fc.CodeVersionPublishError, Message: unchanged.Error()}
	case errors.As(err, &limit): // an old code; which one a limit has isn't documented
		return &fc.APIError{Status: http.StatusBadRequest, Code: fc.CodeLimitExceeded, Message: limit.Error()}
	case errors.As(err, &code):
		return Invalid(code.Error())
	}
	return nil
}

// kindCode is the code of FC's that belongs to a kind of resource, e.g.
// FunctionNotFound.
func kindCode(kind, what string) string {
	switch kind {
	case store.KindService:
		return "Service" + what
	case store.KindTrigger:
		return "Trigger" + what
	case store.KindLayer:
		return "Layer" + what
	case store.KindLayerVersion:
		return "LayerVersion" + what
	case store.KindDomain:
		return "DomainName" + what
	case store.KindAsyncConfig:
		return "AsyncConfigNotExists"
	case store.KindTask:
		return "AsyncTask" + what
	case store.KindVersion:
		return "Version" + what
	case store.KindAlias:
		return "Alias" + what
	}
	return "Function" + what
}

// Invalid is a 400 InvalidArgument.
func Invalid(message string) *fc.APIError {
	return &fc.APIError{Status: http.StatusBadRequest, Code: fc.CodeInvalidArgument, Message: message}
}

// TooLarge is the answer to a body that is over a limit in bytes. It is a 400, not a
// 413 (documentation of FC 2.0, error codes).
func TooLarge(limit int64) *fc.APIError {
	return &fc.APIError{
		Status: http.StatusBadRequest, Code: fc.CodeEntityTooLarge,
		Message: "payload size exceeds maximum allowed size (" + strconv.FormatInt(limit, 10) + " bytes)",
	}
}

// NotServed is the answer to what FC can do and the local cloud can't.
func NotServed(what string) *fc.APIError {
	return &fc.APIError{
		Status: http.StatusNotImplemented, Code: "NotImplemented",
		Message: what + " is not served by the local cloud",
	}
}
