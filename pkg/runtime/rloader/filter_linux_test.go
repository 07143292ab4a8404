package rloader

import (
	"encoding/binary"
	"maps"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// call is a system call as the kernel shows it to a filter.
type call struct {
	number, arch uint32
	args         [6]uint64
}

// evaluate runs a filter on a call, as the kernel would: the instructions that
// portFilter uses, and nothing else.
func evaluate(t *testing.T, program []unix.SockFilter, c call) uint32 {
	t.Helper()
	var data [64]byte // struct seccomp_data
	binary.LittleEndian.PutUint32(data[0:], c.number)
	binary.LittleEndian.PutUint32(data[4:], c.arch)
	for i, arg := range c.args {
		binary.LittleEndian.PutUint64(data[16+8*i:], arg)
	}
	var a uint32
	for pc := 0; pc < len(program); pc++ {
		switch in := program[pc]; in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			a = binary.LittleEndian.Uint32(data[in.K:])
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			pc += jump(in, a == in.K)
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			pc += jump(in, a >= in.K)
		case unix.BPF_RET | unix.BPF_K:
			return in.K
		default:
			t.Fatalf("instruction %d is %#x", pc, in.Code)
		}
	}
	t.Fatal("the filter has no end")
	return 0
}

func jump(in unix.SockFilter, yes bool) int {
	if yes {
		return int(in.Jt)
	}
	return int(in.Jf)
}

func TestPortFilter(t *testing.T) {
	t.Parallel()
	if !CanFilter() {
		t.Skipf("no filter for %s", runtime.GOARCH)
	}
	const (
		allow  = uint32(unix.SECCOMP_RET_ALLOW)
		ask    = uint32(unix.SECCOMP_RET_USER_NOTIF)
		refuse = uint32(unix.SECCOMP_RET_ERRNO | unix.EACCES)
		absent = uint32(unix.SECCOMP_RET_ERRNO | unix.ENOSYS)
	)
	native := nativeArch()
	tests := map[string]struct {
		call call
		want uint32
	}{
		"bind":           {call{number: unix.SYS_BIND, arch: native}, ask},
		"listen":         {call{number: unix.SYS_LISTEN, arch: native}, ask},
		"connect":        {call{number: unix.SYS_CONNECT, arch: native}, ask},
		"io_uring_setup": {call{number: unix.SYS_IO_URING_SETUP, arch: native}, absent},
		"read":           {call{number: unix.SYS_READ, arch: native}, allow},
		"execve":         {call{number: unix.SYS_EXECVE, arch: native}, allow},
		"accept4":        {call{number: unix.SYS_ACCEPT4, arch: native}, allow},
		"unknown":        {call{number: 4000, arch: native}, allow},
	}
	if runtime.GOARCH == "amd64" {
		i386 := uint32(unix.AUDIT_ARCH_I386)
		maps.Copy(tests, map[string]struct {
			call call
			want uint32
		}{
			"x32 bind":             {call{number: x32Bit | unix.SYS_BIND, arch: native}, absent},
			"x32 read":             {call{number: x32Bit, arch: native}, absent},
			"i386 bind":            {call{number: 361, arch: i386}, refuse},
			"i386 connect":         {call{number: 362, arch: i386}, allow},
			"i386 listen":          {call{number: 363, arch: i386}, refuse},
			"i386 socketcall bind": {call{number: 102, arch: i386, args: [6]uint64{2}}, refuse},
			"i386 socketcall list": {call{number: 102, arch: i386, args: [6]uint64{4}}, refuse},
			"i386 socketcall conn": {call{number: 102, arch: i386, args: [6]uint64{3}}, allow},
			"i386 native number":   {call{number: unix.SYS_BIND, arch: i386}, allow},
			"i386 exit":            {call{number: 1, arch: i386}, allow},
		})
	}
	for name, test := range tests {
		if got := evaluate(t, portFilter(), test.call); got != test.want {
			t.Errorf("%s: %#x, want %#x", name, got, test.want)
		}
	}
}

// TestFilterJumpsStayInside: the kernel refuses a filter whose jump leads out.
func TestFilterJumpsStayInside(t *testing.T) {
	t.Parallel()
	program := portFilter()
	for pc, in := range program {
		if in.Code&0x07 != unix.BPF_JMP {
			continue
		}
		if end := pc + 1 + int(max(in.Jt, in.Jf)); end >= len(program) {
			t.Errorf("instruction %d jumps to %d of %d", pc, end, len(program))
		}
	}
	if last := program[len(program)-1]; last.Code != unix.BPF_RET|unix.BPF_K || last.K != unix.SECCOMP_RET_ALLOW {
		t.Errorf("the last instruction is %+v", last)
	}
}
