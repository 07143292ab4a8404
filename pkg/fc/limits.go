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
	MemoryStepMB                = 64
	MinCPU                      = 0.05 // vCPU
	MaxCPU                      = 16
	CPUStep                     = 0.05
	MaxInstanceConcurrency      = 200
	MaxLayers                   = 5
	MaxMounts                   = 5 // of NAS, and as many of OSS
	// MaxEnvironment is how many bytes the names and values of a function's variables
	// may have together (documentation of environment variables, of FC 2.0 and 3.0).
	MaxEnvironment = 4 << 10
	// MaxServiceFunctions is how many functions a service of FC 2.0 can have (its
	// limits page).
	MaxServiceFunctions = 50
	MaxInstances        = 300
	DefaultPort         = 9000
	DefaultDiskMB       = 512
	// MaxProcesses is how many processes and threads an instance can have
	// (documentation "Limits").
	MaxProcesses = 1024
	// MaxStartSeconds is how long a custom runtime may take to listen.
	MaxStartSeconds = 120
)

// DiskSizesMB are the sizes that the temporary disk of an instance can have
// (2023-03-30 CreateFunction, field diskSize).
func DiskSizesMB() []int64 { return []int64{512, 10240} }

// SizeFits reports whether an instance can have so many vCPUs and so much
// memory in MB together: 1 to 4 GB for each vCPU (2023-03-30 CreateFunction,
// field cpu). One percent is left for rounding.
func SizeFits(cpu float64, memoryMB int) bool {
	ratio := float64(memoryMB) / 1024 / cpu
	return ratio >= 0.99 && ratio <= 4.01
}
