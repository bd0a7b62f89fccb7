package storagetest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Chaos gives requests faults at random, the same ones for the same seed and the
// same order of requests. It is off until it is switched on.
type Chaos struct {
	share  float64
	faults []named

	mu     sync.Mutex
	random *rand.Rand
	on     bool
	given  []string
}

type named struct {
	name  string
	fault Fault
}

// troubles are faults that any request may meet and that a client must get over or
// report as passing.
var troubles = []named{
	{"429", Status(429, "TooManyRequests")},
	{"500", Status(500, "InternalError")},
	{"503", Status(503, "SlowDown")},
	{"503 without a body", Status(503, "")},
	{"503 now", Busy(0)},
	{"reset", Reset},
	{"reset within the head", ResetWithin},
	{"lost reply", DropReply},
	{"truncated", ofBodies(Truncate(40))},
	{"no body", ofBodies(Truncate(0))},
	{"too long", ofBodies(Announce(9))},
	{"closed", Idle},
	{"late", Delay(50 * time.Millisecond)},
	{"nothing with a 200", Saying(200, "application/xml", "")},
	{"a page with a 200", Saying(200, "text/html", "<html><body>Please log in</body></html>")},
	{"an error with a 200", ErrorInside("InternalError")},
}

// ofBodies is a fault of a body; an answer to HEAD has none, and its length is that
// of the object.
func ofBodies(fault Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodHead {
			Reset(w, r, next)
		}
		fault(w, r, next)
	}
}

// NewChaos has this share of a front's requests meet a fault.
func NewChaos(front *Front, seed uint64, share float64) *Chaos {
	c := &Chaos{share: share, faults: troubles, random: rand.New(rand.NewPCG(seed, 0))}
	for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE"} {
		front.Always(method, "", c.fault)
	}
	return c
}

// Switch turns the faults on or off.
func (c *Chaos) Switch(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on = on
}

// Given tells which requests met what, in order.
func (c *Chaos) Given() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.given)
}

func (c *Chaos) fault(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if fault := c.draw(r); fault != nil {
		fault(w, r, next)
		return
	}
	next.ServeHTTP(w, r)
}

func (c *Chaos) draw(r *http.Request) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.on || c.random.Float64() >= c.share {
		return nil
	}
	drawn := c.faults[c.random.IntN(len(c.faults))]
	c.given = append(c.given, fmt.Sprintf("%s %s: %s", r.Method, r.URL.Path, drawn.name))
	return drawn.fault
}

// While is a fault as long as on holds; then requests pass.
func While(on func() bool, fault Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if on() {
			fault(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}
}
