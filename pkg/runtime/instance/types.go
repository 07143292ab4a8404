// Package instance is one instance of a function from start to stop: it starts
// the runtime in a sandbox, waits until it is ready, runs the initializer,
// hands it invocations and collects what each gave: result, error, log lines,
// duration and memory.
package instance

import (
	"net/http"
	"sync/atomic"
	"time"

	"s/pkg/fc"
	"s/pkg/runtime/debugger"
	"s/pkg/runtime/image"
	"s/pkg/runtime/rawio"
	"s/pkg/runtime/sandbox"
	"s/pkg/toolchain"
)

// Defaults of Config.
const (
	DefaultIdleTimeout  = 5 * time.Minute
	DefaultFreezeAfter  = time.Second
	DefaultPageOutAfter = 10 * time.Second
	DefaultMaxInstances = 100
	DefaultGrace        = time.Second
)

// Config is what every instance of one function version has in common.
type Config struct {
	Function  fc.Function // resolved: defaults filled in
	Qualifier string      // LATEST
	VersionID string      // empty for LATEST
	Region    string
	AccountID string
	// Credentials given to the function; empty strings are allowed.
	AccessKeyID, AccessKeySecret, SecurityToken string
	// RoleKeys, if set, gives what the function gets instead: temporary credentials
	// of its role. Without AccessKeyID there are none at the moment; warning tells
	// why, when that is news. It is asked for every invocation and must not block.
	RoleKeys func() (k Keys, warning string)

	// CodeDir is the unpacked code on the host. It is mounted as /code.
	CodeDir string
	// Image is what a container function runs in, instead of code and layers.
	Image *image.Image
	// LayerDir is the merged layers on the host, mounted as /opt; may be empty.
	LayerDir string
	// SharedDir keeps the folders that stand in for NAS file systems (nas/<server>)
	// and OSS buckets (oss/<bucket>) on the host; empty leaves these mounts out.
	SharedDir string
	// WorkDir is where the instance's own temporary folders are made.
	WorkDir string
	// HTTPParams allows HTTP invocations of a managed runtime, in FC 2.0's way
	// (x-fc-http-params: WSGI and so on). In FC 3.0 HTTP requests come to managed
	// runtimes as JSON events, which are made by the caller.
	HTTPParams bool

	Launcher sandbox.Launcher
	// Toolchain finds interpreters; nil is one that searches the system's own
	// places only.
	Toolchain *toolchain.Finder
	// IdleTimeout ends an instance that nobody used so long; 0 is
	// DefaultIdleTimeout.
	IdleTimeout time.Duration
	// FreezeAfter stops the processes of an instance that nobody used so long,
	// until the next invocation, as FC does; 0 is DefaultFreezeAfter, negative
	// is never.
	FreezeAfter time.Duration
	// PageOutAfter takes the memory of an instance that has been frozen so long,
	// until the next invocation; 0 is DefaultPageOutAfter, negative is never.
	PageOutAfter time.Duration
	// MaxInstances bounds the pool; 0 is DefaultMaxInstances.
	MaxInstances int
	// UnderWay counts the invocations that are under way of the function, whatever
	// their qualifier; nil is a count of the pool's own.
	UnderWay *atomic.Int64
	// Grace is how long a program may take to end after SIGTERM before it is
	// killed; 0 is DefaultGrace.
	Grace time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Spares, if set, may have a process of the runtime that was started before
	// there was a function for it.
	Spares *Spares
	// Attention, if set, shortens the way of invocations that take a moment.
	Attention *rawio.Attention
	// Debug, if set, lets a debugger attach: no time limits the start then.
	Debug *debugger.Options
	// Logs receives every line that an instance prints, with the request it
	// belongs to, if known. It must not block.
	Logs func(LogLine)
}

// Scale rules how many instances a function has, beyond Config: its concurrency,
// provision and scaling configurations.
type Scale struct {
	Min       int  // instances that are there always
	AlwaysCPU bool // those are never frozen
	Max       int  // instances; 0 is Config.MaxInstances
	// Reserved bounds the invocations at once, as Config.UnderWay counts them; nil is
	// no bound.
	Reserved *int
}

// LogLine is a line of a function's output.
type LogLine struct {
	Time       time.Time `json:"time"`
	InstanceID string    `json:"instanceId"`
	RequestID  string    `json:"requestId,omitempty"`
	Message    string    `json:"message"` // without the newline
}

// Invocation is one call of a function.
type Invocation struct {
	RequestID string
	// Event invocations have Event (nil is an empty event).
	Event []byte
	// HTTP invocations have both; the answer is written to W as it comes. The
	// path of R is what the function sees.
	R *http.Request
	W http.ResponseWriter
	// ClientIP, Host and RequestURI of an HTTP invocation come from R.
	RetryCount int
	// Session is the session that it belongs to; nil is none.
	Session *SessionCall
	// Log, if set, gets the lines of this invocation as they are printed.
	Log func(line string)
}

// Result is what an invocation gave.
type Result struct {
	// Body is the function's answer, or its error document if ErrorType is set.
	// It is nil for HTTP invocations, whose answer went to W, unless the
	// function failed before it answered: then ErrorType is set, Written is not,
	// and the caller answers.
	Body        []byte
	ErrorType   string // fc.ErrorType...; empty on success
	ContentType string // of an event invocation's answer, if the runtime said
	InstanceID  string
	Duration    time.Duration // of the invocation alone
	InitTime    time.Duration // of the cold start that it waited for; else 0
	MaxMemoryMB float64       // not measured, 0, for an HTTP answer that went well
	LogTail     []byte        // last 4 KB of its log
	// Written reports that (a part of) an HTTP answer went out already.
	Written bool
	// Broken reports that it went out in part only.
	Broken bool
}

// Info describes a running instance for ListInstances.
type Info struct {
	ID         string
	Qualifier  string
	VersionID  string
	PID        int
	Created    time.Time
	LastUsed   time.Time
	InFlight   int
	State      string // Idle, Busy, Frozen, Stopping
	MemoryMB   float64
	Invocation uint64 // how many so far
	Process    sandbox.Process
}
