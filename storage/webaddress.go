package storage

import (
	"fmt"
	"net/netip"
)

// notPublic are the networks of IANA's special-purpose registries that the
// internet does not reach, and what clouds put beside them.
var notPublic = []struct {
	network netip.Prefix
	what    string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified"},
	{netip.MustParsePrefix("10.0.0.0/8"), "a private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a carrier's private"},
	{netip.MustParsePrefix("127.0.0.0/8"), "a loopback"},
	{netip.MustParsePrefix("168.63.129.16/32"), "a metadata"}, // Azure, in a public network
	{netip.MustParsePrefix("169.254.0.0/16"), "a link-local"}, // metadata, above all
	{netip.MustParsePrefix("172.16.0.0/12"), "a private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "a reserved"},
	{netip.MustParsePrefix("192.0.2.0/24"), "a reserved"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a reserved"},
	{netip.MustParsePrefix("192.168.0.0/16"), "a private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "a reserved"},
	{netip.MustParsePrefix("198.51.100.0/24"), "a reserved"},
	{netip.MustParsePrefix("203.0.113.0/24"), "a reserved"},
	{netip.MustParsePrefix("224.0.0.0/4"), "a multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "a reserved"},
	{netip.MustParsePrefix("::/128"), "an unspecified"},
	{netip.MustParsePrefix("::1/128"), "a loopback"},
	{netip.MustParsePrefix("2001::/23"), "a reserved"}, // Teredo among them
	{netip.MustParsePrefix("2001:db8::/32"), "a reserved"},
	{netip.MustParsePrefix("3fff::/20"), "a reserved"},
	{netip.MustParsePrefix("fc00::/7"), "a private"},
	{netip.MustParsePrefix("fe80::/10"), "a link-local"},
	{netip.MustParsePrefix("ff00::/8"), "a multicast"},
}

// Embeddings of an IPv4 address in an IPv6 one, and where its four bytes begin.
var embeddings = []struct {
	network netip.Prefix
	at      int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12}, // NAT64, which names of IPv4 hosts resolve to in networks without IPv4
	{netip.MustParsePrefix("2002::/16"), 2},     // 6to4
}

// global is where the public addresses of IPv6 lie.
var global = netip.MustParsePrefix("2000::/3")

// checkPublic is ErrNotAllowed for an address that is not on the public
// internet: loopback, private, link-local, carrier-grade NAT, multicast,
// unspecified, reserved and metadata addresses, and such addresses mapped or
// embedded in IPv6 ones. The text does not tell the address: what a name means
// inside a network is not for tables.
func checkPublic(a netip.Addr) error {
	a = a.Unmap()
	for _, n := range notPublic {
		if n.network.Contains(a) {
			return fmt.Errorf("%w: the host has %s address", ErrNotAllowed, n.what)
		}
	}
	for _, e := range embeddings {
		if e.network.Contains(a) {
			inside := a.As16()
			return checkPublic(netip.AddrFrom4([4]byte(inside[e.at : e.at+4])))
		}
	}
	if a.Is4() || global.Contains(a) {
		return nil
	}
	return fmt.Errorf("%w: the host has a reserved address", ErrNotAllowed)
}
