package rloader

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// account is a user of an instance.
type account struct {
	uid, gid int
	groups   []int
	home     string
}

// becomeUser makes the calling thread run as the user of the order, and tells the
// command where that one's home is. The root is the instance's by now.
func becomeUser(order *Order) error {
	if order.User == "" {
		return nil
	}
	a, err := findAccount(order.User)
	if err != nil {
		return fmt.Errorf("user %s of the image: %w", order.User, err)
	}
	if !slices.ContainsFunc(order.Env, func(pair string) bool { return strings.HasPrefix(pair, "HOME=") }) {
		order.Env = append(slices.Clip(order.Env), "HOME="+a.home)
	}
	if a.uid == 0 && a.gid == 0 && len(a.groups) == 0 {
		return nil
	}
	giveStreams(a)
	return a.become()
}

// giveStreams lets the user open /dev/stdout and /dev/stderr by name.
func giveStreams(a account) {
	for fd := 1; fd <= 2; fd++ {
		var st unix.Stat_t
		if unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO {
			_ = unix.Fchown(fd, a.uid, a.gid) // they can be written to all the same
		}
	}
}

// become changes the thread alone: package syscall would change all of them, and
// with them rloader itself.
func (a account) become() error {
	groups := make([]uint32, 0, len(a.groups)+1)
	for _, gid := range append([]int{a.gid}, a.groups...) {
		groups = append(groups, uint32(gid))
	}
	if err := setGroups(groups); err != nil && a.uid != 0 { // a user namespace has no others
		return fmt.Errorf("set the groups: %w", err)
	}
	gid, uid := uintptr(a.gid), uintptr(a.uid)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, gid, gid, gid); errno != 0 {
		return fmt.Errorf("become group %d: %w", a.gid, errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uid, uid, uid); errno != 0 {
		return fmt.Errorf("become user %d: %w", a.uid, errno)
	}
	return nil
}

func setGroups(list []uint32) error {
	_, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(list)), uintptr(unsafe.Pointer(&list[0])), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// findAccount reads USER[:GROUP], each a name of the instance's or a number. A
// number needs no entry, and no user is uid 0.
func findAccount(text string) (account, error) {
	user, group, _ := strings.Cut(text, ":")
	if user == "" {
		user = "0"
	}
	a := account{uid: -1, home: "/"}
	if n, ok := number(user); ok {
		a.uid = n
	}
	name := user
	err := eachLine("/etc/passwd", func(f []string) bool {
		if len(f) < 6 || f[0] != user && f[2] != user {
			return false
		}
		uid, ok := number(f[2])
		gid, ok2 := number(f[3])
		if ok && ok2 {
			a.uid, a.gid, a.home, name = uid, gid, f[5], f[0]
		}
		return ok && ok2
	})
	if err != nil {
		return a, err
	}
	if a.uid < 0 {
		return a, fmt.Errorf("not found: %s in /etc/passwd", user)
	}
	if a.uid == 0 && a.home == "/" {
		a.home = "/root"
	}
	return a, a.join(name, group)
}

// join finds the groups: the one that is named, or else those that the user is in.
func (a *account) join(user, group string) error {
	if n, ok := number(group); ok {
		a.gid = n
		return nil
	}
	found := group == ""
	err := eachLine("/etc/group", func(f []string) bool {
		gid, ok := number(fieldOf(f, 2))
		switch {
		case !ok:
		case group != "" && f[0] == group:
			a.gid, found = gid, true
		case group == "" && gid != a.gid && slices.Contains(strings.Split(fieldOf(f, 3), ","), user):
			a.groups = append(a.groups, gid)
		}
		return false
	})
	if err == nil && !found {
		err = fmt.Errorf("not found: %s in /etc/group", group)
	}
	return err
}

func fieldOf(fields []string, i int) string {
	if i < len(fields) {
		return fields[i]
	}
	return ""
}

// number reads a uid or gid.
func number(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err == nil
}

// eachLine calls do with the fields of each line of a file, if there is one, until
// it says that it has seen enough.
func eachLine(path string, do func(fields []string) bool) error {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if do(strings.Split(lines.Text(), ":")) {
			return nil
		}
	}
	return lines.Err()
}
