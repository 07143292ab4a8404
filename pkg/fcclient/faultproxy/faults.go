package faultproxy

import (
	"fmt"
	"net/http"
)

// Refused is an answer of the API's: its status, its code, and headers by name and
// value.
func Refused(status int, code string, header ...string) Fault {
	f := Fault{
		Kind: Answer, Status: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: fmt.Sprintf(`{"Code":%q,"Message":"made by a test","RequestId":"fault-1"}`, code),
	}
	for i := 0; i+1 < len(header); i += 2 {
		f.Header.Set(header[i], header[i+1])
	}
	return f
}

// Page is an answer of something in between: a page for a browser.
func Page(status int, title string) Fault {
	return Fault{
		Kind: Answer, Status: status, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		Body: "<!DOCTYPE html>\n<html><head>\n<style>body { color: #333 }</style>\n<title>" + title +
			"</title></head>\n<body><h1>" + title + "</h1><p>Ask your administrator.</p></body></html>\n",
	}
}
