package pickle

import "fmt"

type opcode struct {
	name string
	run  func(*machine) error
}

// opcodes is the instruction set of protocols 0 to 5.
var opcodes = [256]opcode{
	'(':  {"MARK", (*machine).mark},
	'.':  {"STOP", (*machine).stop},
	'0':  {"POP", (*machine).discard},
	'1':  {"POP_MARK", (*machine).discardMark},
	'2':  {"DUP", (*machine).duplicate},
	0x80: {"PROTO", (*machine).protocol},
	0x95: {"FRAME", (*machine).frame},

	'N':  {"NONE", constant(nil)},
	0x88: {"NEWTRUE", constant(true)},
	0x89: {"NEWFALSE", constant(false)},
	'I':  {"INT", (*machine).textInt},
	'L':  {"LONG", (*machine).textLong},
	'J':  {"BININT", (*machine).int32},
	'K':  {"BININT1", (*machine).uint8},
	'M':  {"BININT2", (*machine).uint16},
	0x8a: {"LONG1", (*machine).long1},
	0x8b: {"LONG4", (*machine).long4},
	'F':  {"FLOAT", (*machine).textFloat},
	'G':  {"BINFLOAT", (*machine).binFloat},

	'S':  {"STRING", (*machine).textString},
	'T':  {"BINSTRING", text(4)},
	'U':  {"SHORT_BINSTRING", text(1)},
	'V':  {"UNICODE", (*machine).textUnicode},
	'X':  {"BINUNICODE", text(4)},
	0x8c: {"SHORT_BINUNICODE", text(1)},
	0x8d: {"BINUNICODE8", text(8)},
	'B':  {"BINBYTES", bytesOf(4)},
	'C':  {"SHORT_BINBYTES", bytesOf(1)},
	0x8e: {"BINBYTES8", bytesOf(8)},
	0x96: {"BYTEARRAY8", bytesOf(8)},
	0x97: {"NEXT_BUFFER", (*machine).nextBuffer},
	0x98: {"READONLY_BUFFER", (*machine).readOnlyBuffer},

	']':  {"EMPTY_LIST", (*machine).emptyList},
	'l':  {"LIST", (*machine).list},
	'a':  {"APPEND", (*machine).appendOne},
	'e':  {"APPENDS", (*machine).appendMarked},
	')':  {"EMPTY_TUPLE", constant(Tuple(nil))},
	't':  {"TUPLE", (*machine).tuple},
	0x85: {"TUPLE1", tuple(1)},
	0x86: {"TUPLE2", tuple(2)},
	0x87: {"TUPLE3", tuple(3)},
	'}':  {"EMPTY_DICT", (*machine).emptyDict},
	'd':  {"DICT", (*machine).dict},
	's':  {"SETITEM", (*machine).setItem},
	'u':  {"SETITEMS", (*machine).setItems},
	0x8f: {"EMPTY_SET", (*machine).emptySet},
	0x90: {"ADDITEMS", (*machine).addItems},
	0x91: {"FROZENSET", (*machine).frozenSet},

	'g':  {"GET", (*machine).textGet},
	'h':  {"BINGET", get(1)},
	'j':  {"LONG_BINGET", get(4)},
	'p':  {"PUT", (*machine).textPut},
	'q':  {"BINPUT", put(1)},
	'r':  {"LONG_BINPUT", put(4)},
	0x94: {"MEMOIZE", (*machine).memoize},

	'c':  {"GLOBAL", (*machine).textGlobal},
	0x93: {"STACK_GLOBAL", (*machine).stackGlobal},
	0x82: {"EXT1", extension(1)},
	0x83: {"EXT2", extension(2)},
	0x84: {"EXT4", extension(4)},
	'R':  {"REDUCE", (*machine).reduce},
	'b':  {"BUILD", (*machine).build},
	'i':  {"INST", (*machine).instance},
	'o':  {"OBJ", (*machine).object},
	0x81: {"NEWOBJ", (*machine).reduce},
	0x92: {"NEWOBJ_EX", (*machine).newObjectEx},
	'P':  {"PERSID", (*machine).textPersistent},
	'Q':  {"BINPERSID", (*machine).persistent},
}

func (m *machine) protocol() error {
	version, err := m.uint(1)
	if err == nil && version > 5 {
		return fmt.Errorf("protocol %d is not known", version)
	}
	return err
}

// frame checks that the frame is there; its bounds carry no meaning here.
func (m *machine) frame() error {
	size, err := m.uint(8)
	if left := uint64(len(m.data) - m.pos); err == nil && size > left {
		return fmt.Errorf("%w inside a frame of %d bytes, %d of them are there", ErrEnd, size, left)
	}
	return err
}

// discard pops a value, or the newest mark where it is on top.
func (m *machine) discard() error {
	if len(m.marks) > 0 && len(m.stack) == m.floor() {
		m.marks = m.marks[:len(m.marks)-1]
		return nil
	}
	_, err := m.pop()
	return err
}

func (m *machine) discardMark() error {
	_, err := m.popMark()
	return err
}

func (m *machine) duplicate() error {
	v, err := m.top()
	if err != nil {
		return err
	}
	return m.push(v)
}
