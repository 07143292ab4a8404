package alicloud

import (
	"net/netip"
	"slices"
)

// Address ranges of what is made: a VPC of its own has the first, its vSwitch the
// second or one of those after it.
const (
	vpcCIDR     = "10.0.0.0/8"
	vSwitchCIDR = "10.20.0.0/24"
	// triesCIDR is how many ranges are tried, and stepCIDR how far the second one is
	// from the first, in /24 networks; each further step is one longer.
	triesCIDR = 15
	stepCIDR  = 30
)

// freeRanges gives ranges within a VPC's that overlap with none of its vSwitches,
// in the order in which they are tried. A route may have one all the same.
func freeRanges(vpc string, all []vSwitchOf) []string {
	whole, err := netip.ParsePrefix(vpc)
	if err != nil {
		return nil
	}
	var taken []netip.Prefix
	for _, v := range all {
		if p, err := netip.ParsePrefix(v.CIDRBlock); err == nil {
			taken = append(taken, p)
		}
	}
	var free []string
	for _, p := range ranges(whole) {
		if len(free) < triesCIDR && !slices.ContainsFunc(taken, p.Overlaps) {
			free = append(free, p.String())
		}
	}
	return free
}

// ranges gives the candidates for a vSwitch: those of the other tool where the VPC
// has them, then the networks of the VPC one after the other.
func ranges(vpc netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	own := netip.MustParsePrefix(vSwitchCIDR)
	if vpc.Contains(own.Addr()) && vpc.Bits() < own.Bits() {
		for third, step := 0, stepCIDR; third < 256; third, step = third+step, step+1 {
			a := own.Addr().As4()
			a[2] = byte(third)
			out = append(out, netip.PrefixFrom(netip.AddrFrom4(a), own.Bits()))
		}
	}
	// A vSwitch has a mask of 16 to 29 bits (CreateVSwitch).
	bits := min(max(24, vpc.Bits()+1), 29)
	next := netip.PrefixFrom(vpc.Masked().Addr(), bits)
	for i := 0; i < 256 && vpc.Addr().Is4() && vpc.Contains(next.Addr()); i++ {
		out = append(out, next)
		next = netip.PrefixFrom(after(next), bits)
	}
	return out
}

// after is the first address after an IPv4 network.
func after(p netip.Prefix) netip.Addr {
	a := p.Addr().As4()
	n := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
	n += 1 << (32 - p.Bits())
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}
