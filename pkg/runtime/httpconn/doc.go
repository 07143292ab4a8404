// Package httpconn is a lean HTTP/1.1 client for the server of one function. It
// writes the request and reads the answer in the caller's goroutine, over
// connections that it keeps, and never buffers a stream: what has come is passed
// on. Redirects are not followed, nothing is decompressed, no header is added.
// Calls of gRPC, which need HTTP/2, go through net/http's transport instead.
package httpconn
