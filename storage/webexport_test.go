package storage

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"time"
)

// CheckPublic is the rule that addresses are held against.
func CheckPublic(a netip.Addr) error { return checkPublic(a) }

// DialWith makes o take addresses for public that are not, on top of the rule,
// and resolve names its own way; resolver may be nil.
func DialWith(o *Objects, resolver *net.Resolver, also ...netip.Addr) {
	o.web.dial(dialing{resolver: resolver, public: func(a netip.Addr) error {
		for _, ok := range also {
			if a == ok {
				return nil
			}
		}
		return checkPublic(a)
	}})
}

// EndQuiet lets the time pass for which a host is left alone.
func EndQuiet(o *Objects, host string) {
	h := o.web.hosts.byName[host]
	h.mu.Lock()
	defer h.mu.Unlock()
	h.quiet = time.Time{}
}

// IsQuiet tells whether a host is left alone, but for tries.
func IsQuiet(o *Objects, host string) bool {
	h := o.web.hosts.byName[host]
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.isQuiet
}

// RememberedHosts is how many web hosts o keeps in mind.
func RememberedHosts(o *Objects) int { return len(o.web.hosts.byName) }

// Trust makes o trust a certificate.
func Trust(o *Objects, c *x509.Certificate) {
	pool := x509.NewCertPool()
	pool.AddCert(c)
	o.web.transport.TLSClientConfig = &tls.Config{RootCAs: pool}
}
