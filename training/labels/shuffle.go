package labels

import "math/bits"

// Permutation is a shuffled order of 0 to n-1 that takes no memory: a Feistel
// network over the next power of four, walked until it falls below n.
type Permutation struct {
	n    int64
	half int // bits of either half
	keys [rounds]uint64
}

// rounds: four make a pseudo-random permutation (Luby and Rackoff, 1988); small
// halves want more.
const rounds = 10

// minHalf: the networks of fewer bits prefer some orders. An order of a few rows
// walks a little longer instead.
const minHalf = 4

// Shuffle returns the order of n rows in an epoch. The same seed and epoch give
// the same order; others give one that has nothing to do with it.
func Shuffle(n int64, seed, epoch uint64) Permutation {
	p := Permutation{n: n, half: max(minHalf, (bits.Len64(uint64(max(n, 1)-1))+1)/2)}
	state := mix(mix(seed) ^ epoch)
	for i := range p.keys {
		state += 0x9e3779b97f4a7c15
		p.keys[i] = mix(state)
	}
	return p
}

// Len returns n.
func (p Permutation) Len() int64 { return p.n }

// At returns the row at place i, 0 to n-1.
func (p Permutation) At(i int64) int64 {
	if i < 0 || i >= p.n {
		panic("labels: Permutation.At of a place outside the order")
	}
	x := uint64(i)
	for {
		if x = p.once(x); x < uint64(p.n) {
			return int64(x)
		}
	}
}

// once permutes the numbers of 2·half bits.
func (p Permutation) once(x uint64) uint64 {
	mask := uint64(1)<<p.half - 1
	left, right := x>>p.half, x&mask
	for _, key := range p.keys {
		left, right = right, left^mix(right^key)&mask
	}
	return left<<p.half | right
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
