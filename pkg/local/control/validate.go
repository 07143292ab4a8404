package control

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"s/pkg/fc"
	"s/pkg/local/reply"
	"s/pkg/local/store"
)

// Lengths of names in characters (CreateFunction, CreateTrigger, CreateService).
const (
	maxFunctionName = 64
	maxServiceName  = 128
	maxTriggerName  = 128
	maxDescription  = 256
)

// defaultMemoryV2 is what FC 2.0 gives a function that asks for nothing, in MB.
const defaultMemoryV2 = 128

var (
	resourceName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
	regionName   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
)

func invalid(format string, args ...any) error { return reply.Invalid(fmt.Sprintf(format, args...)) }

func checkName(field, name string, longest int) error {
	switch {
	case name == "":
		return invalid("%s is required", field)
	case len(name) > longest:
		return invalid("%s has %d characters, the limit is %d", field, len(name), longest)
	case !resourceName.MatchString(name):
		return invalid("%s '%s' must begin with a letter or _ and have letters, digits, _ and - only", field, name)
	}
	return nil
}

// Complete makes of a function what CreateFunction would store: service, of FC
// 2.0, hands down its settings, and what isn't given gets its default. The error
// is the one that CreateFunction would answer with.
func Complete(f *store.Function, service *fc.Service) error {
	v2 := service != nil
	if v2 {
		inherit(&store.Service{Region: f.Region, Service: *service}, f)
	}
	return setDefaults(&f.Function, v2)
}

// HTTPConfig reads the configuration of an HTTP trigger; the error is the one
// that CreateTrigger would answer with.
func HTTPConfig(text string) (*fc.HTTPTriggerConfig, error) { return parseHTTPConfig(text) }

// setDefaults fills in what wasn't given and checks the whole.
func setDefaults(f *fc.Function, v2 bool) error {
	if f.MemorySize == 0 {
		f.MemorySize = fc.DefaultMemoryMB
		if v2 {
			f.MemorySize = defaultMemoryV2
		}
	}
	if f.Timeout == 0 {
		f.Timeout = fc.DefaultTimeoutSeconds
	}
	if f.DiskSize == 0 {
		f.DiskSize = 512
	}
	if f.InstanceConcurrency == 0 {
		f.InstanceConcurrency = 1
	}
	if f.InternetAccess == nil {
		yes := true
		f.InternetAccess = &yes
	}
	for _, check := range []func(*fc.Function) error{checkRuntime, checkSizes, checkVariables, checkHooks, checkServer, checkMounts, checkDNS, checkInjection, checkAffinity, checkLayers} {
		if err := check(f); err != nil {
			return err
		}
	}
	return nil
}

func checkRuntime(f *fc.Function) error {
	if f.Runtime == "" {
		return invalid("runtime is required")
	}
	r, known := fc.LookupRuntime(f.Runtime)
	switch {
	case !known:
		return invalid("runtime '%s' is not one of %s", f.Runtime, runtimeNames())
	case r.Container && (f.CustomContainerConfig == nil || f.CustomContainerConfig.Image == ""):
		return invalid("customContainerConfig.image is required for runtime '%s'", f.Runtime)
	case f.Handler == "" && !r.Custom:
		return invalid("handler is required")
	case len(f.Handler) > 128:
		return invalid("handler has %d characters, the limit is 128", len(f.Handler))
	}
	return checkDescription(f.Description)
}

// checkDescription counts characters, not bytes: Chinese ones have three.
func checkDescription(text string) error {
	if n := utf8.RuneCountInString(text); n > maxDescription {
		return invalid("description has %d characters, the limit is %d", n, maxDescription)
	}
	return nil
}

func runtimeNames() string {
	var names []string
	for _, r := range fc.Runtimes() {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

func between(field string, value, low, high int) error {
	if value < low || value > high {
		return invalid("%s must be between %d and %d, it is %d", field, low, high, value)
	}
	return nil
}

func checkSizes(f *fc.Function) error {
	if err := between("timeout", f.Timeout, 1, fc.MaxTimeoutSeconds); err != nil {
		return err
	}
	if err := between("memorySize", f.MemorySize, fc.MinMemoryMB, fc.MaxMemoryMB); err != nil {
		return err
	}
	if err := between("instanceConcurrency", f.InstanceConcurrency, 1, fc.MaxInstanceConcurrency); err != nil {
		return err
	}
	if f.MemorySize%64 != 0 {
		return invalid("memorySize must be a multiple of 64, it is %d", f.MemorySize)
	}
	if f.DiskSize != 512 && f.DiskSize != 10240 {
		return invalid("diskSize must be 512 or 10240, it is %d", f.DiskSize)
	}
	return checkCPU(f.CPU, f.MemorySize)
}

// checkCPU checks cpu, where it is given, alone and against the memory in MB.
func checkCPU(cpu float64, memory int) error {
	if cpu == 0 {
		return nil
	}
	if steps := cpu * 20; cpu < 0.05 || cpu > 16 || math.Abs(steps-math.Round(steps)) > 1e-6 {
		return invalid("cpu must be a multiple of 0.05 between 0.05 and 16, it is %g", cpu)
	}
	if ratio := float64(memory) / 1024 / cpu; ratio < 1-1e-9 || ratio > 4+1e-9 {
		return invalid("the ratio of cpu to memorySize in GB must be between 1:1 and 1:4, it is 1:%.2f", ratio)
	}
	return nil
}

func checkAffinity(f *fc.Function) error {
	if _, err := f.Affinity(); err != nil {
		return reply.Invalid(err.Error())
	}
	return nil
}

func checkVariables(f *fc.Function) error {
	for name := range f.EnvironmentVariables {
		if !fc.ValidVariable(name) {
			return invalid("environment variable '%s' must begin with a letter and have letters, digits and _ only", name)
		}
	}
	for name, value := range f.EnvironmentVariables {
		if strings.ContainsRune(value, 0) {
			return invalid("environment variable '%s' has a NUL in its value", name)
		}
	}
	if n := fc.EnvironmentSize(f.EnvironmentVariables); n > fc.MaxEnvironment {
		return invalid("environmentVariables has %d bytes, the limit is %d", n, fc.MaxEnvironment)
	}
	return checkTags(f)
}

func checkHooks(f *fc.Function) error {
	hooks := f.InstanceLifecycleConfig
	if hooks == nil {
		return nil
	}
	for _, h := range []struct {
		name    string
		hook    *fc.LifecycleHook
		longest int
	}{
		{"initializer", hooks.Initializer, fc.MaxInitializeTimeoutSeconds},
		{"preStop", hooks.PreStop, fc.MaxPreStopTimeoutSeconds},
		{"preFreeze", hooks.PreFreeze, fc.MaxPreStopTimeoutSeconds},
	} {
		if h.hook == nil {
			continue
		}
		if h.hook.Handler != "" && len(h.hook.Command) > 0 {
			return invalid("instanceLifecycleConfig.%s can't have both handler and command", h.name)
		}
		if h.hook.Timeout == 0 {
			continue
		}
		if err := between("instanceLifecycleConfig."+h.name+".timeout", h.hook.Timeout, 1, h.longest); err != nil {
			return err
		}
	}
	return nil
}

func checkServer(f *fc.Function) error {
	if r := f.CustomRuntimeConfig; r != nil {
		if err := checkListener("customRuntimeConfig", r.Port, r.HealthCheckConfig); err != nil {
			return err
		}
	}
	if k := f.CustomContainerConfig; k != nil {
		return checkListener("customContainerConfig", k.Port, k.HealthCheckConfig)
	}
	return nil
}

// checkListener checks where a server listens and how it is asked whether it is
// well; block is the field that has both.
func checkListener(block string, port int, h *fc.HealthCheckConfig) error {
	if port != 0 {
		if err := between(block+".port", port, 1, 65535); err != nil {
			return err
		}
	}
	if h == nil {
		return nil
	}
	for _, v := range []struct {
		name      string
		value     int
		low, high int
	}{
		{"initialDelaySeconds", h.InitialDelaySeconds, 0, 120},
		{"periodSeconds", h.PeriodSeconds, 0, 120}, // 0 is the default, here and below
		{"timeoutSeconds", h.TimeoutSeconds, 0, 3},
		{"failureThreshold", h.FailureThreshold, 0, 120},
		{"successThreshold", h.SuccessThreshold, 0, 120},
		{"httpGetUrl length", len(h.HTTPGetURL), 0, 2048},
	} {
		if err := between("healthCheckConfig."+v.name, v.value, v.low, v.high); err != nil {
			return err
		}
	}
	return nil
}

// precondition is the answer to an If-Match that doesn't.
func precondition() error {
	return &fc.APIError{
		Status: http.StatusPreconditionFailed, Code: fc.CodePreconditionFailed,
		Message: "the resource being modified has been changed",
	}
}
