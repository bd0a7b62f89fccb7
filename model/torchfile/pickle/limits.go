package pickle

import "fmt"

// Limits caps what one pickle may use. Zero means the default.
type Limits struct {
	InputBytes  int64 // length of the pickle; 64 MiB
	Opcodes     int   // instructions run; 16 Mi
	Memo        int   // memo entries; 4 Mi
	Stack       int   // values on the stack; 4 Mi
	Nesting     int   // marks open at once; 4096
	StringBytes int64 // one string or bytes value; 64 MiB
	Items       int   // items of one collection; 4 Mi
	AllocBytes  int64 // estimate of everything allocated; 256 MiB
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.InputBytes, 64<<20)
	setDefault(&l.Opcodes, 16<<20)
	setDefault(&l.Memo, 4<<20)
	setDefault(&l.Stack, 4<<20)
	setDefault(&l.Nesting, 4096)
	setDefault(&l.StringBytes, 64<<20)
	setDefault(&l.Items, 4<<20)
	setDefault(&l.AllocBytes, 256<<20)
	return l
}

func setDefault[N int | int64](field *N, value N) {
	if *field <= 0 {
		*field = value
	}
}

// Estimated sizes in bytes of what the machine allocates, growth included.
const (
	scalarCost   = 16
	objectCost   = 64
	itemCost     = 32  // one value in a list or tuple
	entryCost    = 128 // one entry of a dict or set, index included
	tupleKeyCost = maxKeyBytes
	memoCost     = 64
	hostCallCost = 1024
	maxLongBytes = 1024 // of an integer; 2466 digits
	maxLineBytes = 4096 // of a number or name in text form
)

// charge takes n bytes from the allowance.
func (m *machine) charge(n int) error {
	m.spent += int64(n)
	if m.spent > m.limits.AllocBytes {
		return fmt.Errorf("the values need more than %d bytes of memory", m.limits.AllocBytes)
	}
	return nil
}

// checkItems refuses a collection of n items.
func (m *machine) checkItems(n int) error {
	if n > m.limits.Items {
		return fmt.Errorf("a collection of %d items exceeds the limit of %d", n, m.limits.Items)
	}
	return nil
}
