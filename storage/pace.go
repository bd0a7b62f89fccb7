package storage

import (
	"fmt"
	"time"
)

// slowest is how many bytes of a stream have to arrive in the AttemptTimeout of a
// Policy; time that nobody waits for them does not count.
const slowest = 64 << 10

// pace finds streams that trickle: each byte comes in time, and the end never.
type pace struct {
	waited time.Duration
	bytes  int64
	slow   int   // stretches in a row that were
	err    error // once there were too many, or the content is found wrong
}

// tooSlow adds n bytes that were waited for, and tells whether to try another
// connection.
func (p *pace) tooSlow(n int, waited time.Duration, policy Policy) bool {
	p.waited += waited
	p.bytes += int64(n)
	if p.waited < policy.AttemptTimeout {
		return false
	}
	trickles := p.bytes < slowest
	p.waited, p.bytes = 0, 0
	if !trickles {
		p.slow = 0
		return false
	}
	if p.slow++; p.slow >= policy.Attempts {
		p.err = fmt.Errorf("%w: fewer than %d bytes arrive in %v", ErrTransient, slowest, policy.AttemptTimeout)
	}
	return true
}
