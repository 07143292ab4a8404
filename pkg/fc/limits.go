package fc

// Limits of the service (limits-of-usage page; API comments). Sizes in bytes
// unless the name says MB.
const (
	MaxSyncBody            = 32 << 20
	MaxAsyncBody           = 128 << 10
	MaxInlineCode          = 100 << 20
	MaxOSSCode             = 500 << 20
	MaxTailLog             = 4 << 10
	MaxTriggerHeaders      = 8 << 10
	MaxTriggerPathAndQuery = 4 << 10
	MaxLogLine             = 32 << 10

	DefaultTimeoutSeconds       = 3
	MaxTimeoutSeconds           = 86400
	MaxInitializeTimeoutSeconds = 300
	MaxPreStopTimeoutSeconds    = 90
	DefaultMemoryMB             = 512
	MinMemoryMB                 = 128
	MaxMemoryMB                 = 32768
	MaxInstanceConcurrency      = 200
	MaxInstances                = 300
	DefaultPort                 = 9000
	// MaxStartSeconds is how long a custom runtime may take to listen.
	MaxStartSeconds = 120
)
