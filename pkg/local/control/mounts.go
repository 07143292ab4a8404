package control

import (
	"net/netip"
	"path"
	"slices"
	"strings"

	"s/pkg/fc"
)

// checkMounts checks what is mounted, and where.
func checkMounts(f *fc.Function) error {
	var targets []string
	if c := f.NASConfig; c != nil {
		if err := between("nasConfig.mountPoints length", len(c.MountPoints), 0, fc.MaxMounts); err != nil {
			return err
		}
		for _, m := range c.MountPoints {
			if server, dir, ok := strings.Cut(m.ServerAddr, ":"); server == "" || !ok || !strings.HasPrefix(dir, "/") {
				return invalid("nasConfig serverAddr '%s' must have the form <server>:/<folder>", m.ServerAddr)
			}
			targets = append(targets, m.MountDir)
		}
	}
	if c := f.OSSMountConfig; c != nil {
		if err := between("ossMountConfig.mountPoints length", len(c.MountPoints), 0, fc.MaxMounts); err != nil {
			return err
		}
		for _, m := range c.MountPoints {
			if m.BucketName == "" {
				return invalid("ossMountConfig bucketName is required")
			}
			targets = append(targets, m.MountDir)
		}
	}
	newer, err := newerMounts(f)
	if err != nil {
		return err
	}
	targets = append(targets, newer...)
	for i, dir := range targets {
		if err := checkMountDir(dir); err != nil {
			return err
		}
		if slices.Contains(targets[:i], dir) {
			return invalid("mountDir '%s' is used twice", dir)
		}
	}
	return nil
}

// newerMounts are where the file systems that only FC 3.0 has are mounted.
func newerMounts(f *fc.Function) ([]string, error) {
	var targets []string
	if c := f.PolarFSConfig; c != nil {
		for _, m := range c.MountPoints {
			if m.InstanceID == "" {
				return nil, invalid("polarFsConfig instanceId is required")
			}
			targets = append(targets, m.MountDir)
		}
	}
	if c := f.JuiceFSConfig; c != nil {
		for _, m := range c.MountPoints {
			if m.VolumeName == "" {
				return nil, invalid("juiceFsConfig volumeName is required")
			}
			targets = append(targets, m.MountDir)
		}
	}
	return targets, nil
}

// ownFolders are what of an instance's root is the platform's or the code's.
func ownFolders() []string {
	return []string{"bin", "boot", "code", "dev", "etc", "gnu", "lib", "lib32", "lib64", "libx32", "nix", "opt", "proc", "run", "sbin", "sys", "tmp", "usr", "var"}
}

func checkMountDir(dir string) error {
	first, _, _ := strings.Cut(strings.TrimPrefix(dir, "/"), "/")
	if !strings.HasPrefix(dir, "/") || path.Clean(dir) != strings.TrimSuffix(dir, "/") || slices.Contains(ownFolders(), first) {
		return invalid("mountDir '%s' must be a folder such as /mnt/data, outside of the system's and the code's", dir)
	}
	return nil
}

// checkDNS checks customDNS: each value becomes a word of resolv.conf.
func checkDNS(f *fc.Function) error {
	d := f.CustomDNS
	if d == nil {
		return nil
	}
	for _, server := range d.NameServers {
		if _, err := netip.ParseAddr(server); err != nil {
			return invalid("customDNS.nameServers: '%s' is not an IP address", server)
		}
	}
	words := slices.Clone(d.Searches)
	for _, o := range d.DNSOptions {
		words = append(words, o.Name+o.Value)
	}
	for _, w := range words {
		if w == "" || strings.ContainsAny(w, " \t\r\n") {
			return invalid("customDNS: '%s' must be one word", w)
		}
	}
	return nil
}

func checkInjection(f *fc.Function) error {
	if !slices.Contains([]string{"", "None", "Env", "Request", "All"}, f.DisableInjectCredentials) {
		return invalid("disableInjectCredentials must be None, Env, Request or All, it is '%s'", f.DisableInjectCredentials)
	}
	return nil
}
