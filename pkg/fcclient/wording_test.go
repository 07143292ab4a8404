package fcclient

import (
	"errors"
	"io"
	"testing"
	"time"

	"s/pkg/diag"
	"s/pkg/iostreams"
)

// TestWording: what the network's errors say, in both languages.
func TestWording(t *testing.T) {
	t.Parallel()
	streams, _, _, _ := iostreams.Test()
	streams.SetLang("zh")
	for _, tt := range []struct {
		err              error
		english, chinese string
	}{
		{
			&UnreachableError{Host: "h", Err: errors.New("dial tcp: refused")},
			"no answer from h: dial tcp: refused", "h 没有响应：dial tcp: refused",
		},
		{
			&UnreachableError{Host: "h", Proxy: "p:1", Err: io.EOF},
			"no answer from h by way of the proxy p:1: the connection was closed", "h (经由代理 p:1) 没有响应：连接被关闭",
		},
		{
			&UnreachableError{Host: "h", Err: io.ErrUnexpectedEOF},
			"no answer from h: the connection was closed in the middle of it", "h 没有响应：连接中途被关闭",
		},
		{
			&UnreachableError{Host: "h", Err: &lateError{after: 3 * time.Second}},
			"no answer from h: it took longer than 3s", "h 没有响应：耗时超过 3s",
		},
		{
			&UnreachableError{Host: "h", Err: &proxyError{status: "403 Forbidden"}},
			"no answer from h: it doesn't connect: 403 Forbidden", "h 没有响应：代理无法连接：403 Forbidden",
		},
		{
			&UnreachableError{Host: "h", Err: diag.Errorf("the answer broke off: %w", io.ErrUnexpectedEOF)},
			"no answer from h: the answer broke off: unexpected EOF", "h 没有响应：响应中断：unexpected EOF",
		},
		{
			&ForeignError{Host: "h", Status: 502},
			"the answer for h isn't Function Compute's: 502 Bad Gateway", "h 的响应不是来自函数计算：502 Bad Gateway",
		},
		{
			&ForeignError{Host: "h", Proxy: "p", Status: 299, Text: "Log in"},
			`the answer for h by way of the proxy p isn't Function Compute's: 299, "Log in"`, `h (经由代理 p) 的响应不是来自函数计算：299，"Log in"`,
		},
		{&LimitError{Size: 9, Max: 8}, "the event has 9 bytes; the limit is 8", "事件有 9 字节，上限为 8"},
	} {
		if got := tt.err.Error(); got != tt.english {
			t.Errorf("%s, want %s", got, tt.english)
		}
		if got := diag.In(tt.err, streams.Text); got != tt.chinese {
			t.Errorf("%s, want %s", got, tt.chinese)
		}
	}
}
