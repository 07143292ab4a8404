package fcclient

import (
	"encoding/json"
	"net/http"
	"strings"

	"s/pkg/fc"
)

// maxErrorText bounds what is shown of an error body that is no JSON.
const maxErrorText = 300

// errorBody reads both styles of error: FC 3.0's Code, Message, RequestId and
// FC 2.0's ErrorCode, ErrorMessage. encoding/json ignores the case of keys.
type errorBody struct {
	Code         string
	Message      string
	RequestID    string `json:"RequestId"`
	ErrorCode    string
	ErrorMessage string
}

// apiError turns an answer of host that is no success into an *fc.APIError, or a
// *ForeignError if it isn't the service's. A body without a code gives the status as
// code, and one that is no JSON the start of it as message.
func apiError(host string, a *answer) error {
	if err := foreign(host, a); err != nil {
		return err
	}
	e := &fc.APIError{Status: a.status, RequestID: a.header.Get(fc.HeaderRequestID)}
	e.Date, _ = http.ParseTime(a.header.Get("Date")) // zero without one
	var body errorBody
	if json.Unmarshal(a.body, &body) == nil {
		e.Code = first(body.Code, body.ErrorCode)
		e.Message = first(body.Message, body.ErrorMessage)
		e.RequestID = first(body.RequestID, e.RequestID)
	} else {
		e.Message = clip(strings.TrimSpace(string(a.body)))
	}
	text := http.StatusText(a.status)
	if e.Code == "" {
		e.Code = first(strings.ReplaceAll(text, " ", ""), "UnknownError")
	}
	e.Message = first(e.Message, text, "no message")
	return e
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func clip(text string) string {
	if runes := []rune(text); len(runes) > maxErrorText {
		return string(runes[:maxErrorText]) + "…"
	}
	return text
}
