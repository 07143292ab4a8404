package instance

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s/pkg/fc"
	"s/pkg/runtime/sandbox"
)

// resolvFile is where programs look for their resolvers (resolv.conf(5)).
const resolvFile = "/etc/resolv.conf"

// share mounts the folders that stand in for the function's file systems and OSS
// buckets. They are made if they aren't there, and stay.
func (l *layout) share(cfg *Config) error {
	shares := sharesOf(&cfg.Function)
	if len(shares) == 0 {
		return nil
	}
	if cfg.SharedDir == "" {
		l.warn("there is no folder for mounts here: they are left out")
		return nil
	}
	for _, s := range shares {
		source := filepath.Join(cfg.SharedDir, s.source)
		if err := s.make(source); err != nil {
			return fmt.Errorf("folder of %s: %w", s.target, err)
		}
		l.spec.Mounts = append(l.spec.Mounts, sandbox.Mount{Source: source, Target: s.target, ReadOnly: s.readOnly})
		if cfg.Launcher.Isolation().Mode == sandbox.ModeProcess {
			l.warn("%s can't be mounted without namespaces: its files are %s in %s", s.target, s.source, cfg.SharedDir)
		}
	}
	return nil
}

// share is a folder of the host that instances have in common.
type share struct {
	source   string // below Config.SharedDir
	target   string
	readOnly bool
	uid, gid int
}

func sharesOf(f *fc.Function) []share {
	var shares []share
	if c := f.NASConfig; c != nil {
		for _, m := range c.MountPoints {
			server, dir, _ := strings.Cut(m.ServerAddr, ":")
			shares = append(shares, share{
				source: filepath.Join("nas", folderName(server), below(dir)), target: m.MountDir, uid: c.UserID, gid: c.GroupID,
			})
		}
	}
	if c := f.OSSMountConfig; c != nil {
		for _, m := range c.MountPoints {
			shares = append(shares, share{
				source: filepath.Join("oss", folderName(m.BucketName), below(m.BucketPath)), target: m.MountDir, readOnly: m.ReadOnly, uid: -1, gid: -1,
			})
		}
	}
	return append(shares, newerShares(f)...)
}

// newerShares are those of the file systems that only FC 3.0 has.
func newerShares(f *fc.Function) []share {
	var shares []share
	if c := f.PolarFSConfig; c != nil {
		for _, m := range c.MountPoints {
			shares = append(shares, share{
				source: filepath.Join("polarfs", folderName(m.InstanceID), below(m.RemoteDir)), target: m.MountDir, readOnly: m.ReadOnly, uid: c.UserID, gid: c.GroupID,
			})
		}
	}
	if c := f.JuiceFSConfig; c != nil {
		for _, m := range c.MountPoints {
			shares = append(shares, share{
				source: filepath.Join("juicefs", folderName(m.VolumeName), below(m.RemoteDir)), target: m.MountDir,
				readOnly: slices.Contains(m.Args, "--read-only"), uid: -1, gid: -1,
			})
		}
	}
	return shares
}

// make makes the folder, for everybody to write, as a function of another user
// may. It belongs to the user of the mount where this process may say so.
func (s share) make(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	// The folders above keep other users of this machine out.
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, os.ErrExist) { // another instance was quicker
		return nil
	}
	if err != nil {
		return err
	}
	if s.uid >= 0 && s.gid >= 0 && s.uid+s.gid > 0 {
		_ = os.Chown(dir, s.uid, s.gid) // root of the machine may, that of a user namespace can't
	}
	return os.Chmod(dir, 0o777)
}

// folderName makes one file name of the name of a server or bucket.
func folderName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, name)
	if strings.Trim(name, ".") == "" {
		return "_"
	}
	return name
}

// below makes a path of a file system one that can't leave the folder for it.
func below(path string) string {
	return filepath.FromSlash(strings.TrimPrefix(filepath.ToSlash(filepath.Clean("/"+path)), "/"))
}

// resolve gives the instance the function's own resolvers.
func (l *layout) resolve(cfg *Config, dir string) error {
	d := cfg.Function.CustomDNS
	if d == nil || len(d.NameServers)+len(d.Searches)+len(d.DNSOptions) == 0 {
		return nil
	}
	if cfg.Launcher.Isolation().Mode == sandbox.ModeProcess {
		l.warn("customDNS has no effect without namespaces: this machine's resolvers are used")
		return nil
	}
	if _, err := os.Stat(resolvFile); err != nil {
		l.warn("customDNS has no effect: this machine has no " + resolvFile)
		return nil //nolint:nilerr // the function runs without
	}
	source := filepath.Join(dir, "resolv.conf")
	if err := os.WriteFile(source, resolvConf(d), 0o644); err != nil {
		return err
	}
	l.spec.Mounts = append(l.spec.Mounts, sandbox.Mount{Source: source, Target: resolvFile, ReadOnly: true})
	return nil
}

// resolvConf is a customDNS as resolv.conf(5) has it. What could be another line
// of it is left out.
func resolvConf(d *fc.CustomDNS) []byte {
	var b strings.Builder
	for _, server := range d.NameServers {
		if net.ParseIP(server) != nil {
			fmt.Fprintln(&b, "nameserver", server)
		}
	}
	oneWord := func(s string) bool { return s != "" && !strings.ContainsAny(s, " \t\r\n") }
	if searches := slices.DeleteFunc(slices.Clone(d.Searches), func(s string) bool { return !oneWord(s) }); len(searches) > 0 {
		fmt.Fprintln(&b, "search", strings.Join(searches, " "))
	}
	for _, o := range d.DNSOptions {
		option := o.Name
		if o.Value != "" {
			option += ":" + o.Value
		}
		if oneWord(option) {
			fmt.Fprintln(&b, "options", option)
		}
	}
	return []byte(b.String())
}
