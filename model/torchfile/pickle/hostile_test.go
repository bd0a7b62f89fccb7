package pickle_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/torchfile/pickle"
)

// TestNothingRuns shows that calls of foreign globals leave an opaque value.
func TestNothingRuns(t *testing.T) {
	for name, data := range map[string]string{
		"os.system":     "cos\nsystem\n(S'touch pwned'\ntR.",
		"posix.system":  "\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
		"builtins.eval": "\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R}(K\x01K\x02ub.",
		"os.popen":      "(S'id'\nios\npopen\n.",
		"os.execv":      "(cos\nexecv\nK\x01o.",
		"a.Class":       "ca\nClass\n)\x81K\x01aK\x01K\x02s(K\x01e.",
		"b.Class":       "cb\nClass\n)}(K\x01K\x02u\x92.",
		"c.f":           "cc\nf\n)R)R(K\x01K\x02\x90.",
		"d.f":           "c_codecs\nencode\ncd\nf\n)R\x85R.",
		"e.f":           "ccollections\nOrderedDict\nce\nf\n)RR.",
		"extension 7":   "\x82\x07)R.",
		"persistent id": "Pxyz\n.",
	} {
		v := mustLoad(t, data)
		o, ok := v.(*pickle.Opaque)
		if !ok || !strings.Contains(o.Origin, name) {
			t.Errorf("%s: got %s", name, pickle.Kind(v))
		}
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"empty":                 {"", "byte 0: the pickle ends at byte 0"},
		"no STOP":               {"N", "byte 1: the pickle ends at byte 1"},
		"unknown opcode":        {"N\xff.", "byte 1: unknown opcode 0xff"},
		"protocol":              {"\x80\x06N.", "byte 0 (PROTO): protocol 6"},
		"frame too long":        {"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN.", "byte 2 (FRAME)"},
		"huge LONG4":            {"\x8b\xff\xff\xff\x7f.", "byte 0 (LONG4): an integer of 2147483647 bytes"},
		"negative LONG4":        {"\x8b\xff\xff\xff\xff.", "byte 0 (LONG4)"},
		"long LONG1":            {"\x8a\xffabc", "byte 0 (LONG1): the pickle ends"},
		"huge BINBYTES8":        {"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc", "byte 0 (BINBYTES8): a length of 9223372036854775807"},
		"cut BINBYTES8":         {"\x8e\x00\x00\x00\x02\x00\x00\x00\x00abc", "byte 0 (BINBYTES8): the pickle ends"},
		"cut BINUNICODE":        {"X\x05\x00\x00\x00abc", "2 bytes too early"},
		"cut STRING":            {"S'abc", "byte 0 (STRING)"},
		"bare STRING":           {"Sabc\n.", "not quoted"},
		"bad escape":            {`S'\xzz'` + "\n.", "unknown escape"},
		"bad unicode escape":    {`V\u12` + "\n.", "cut short"},
		"bad INT":               {"Iseven\n.", `"seven" is no integer`},
		"bad FLOAT":             {"Fhalf\n.", `"half" is no number`},
		"long digits":           {"L" + strings.Repeat("9", 1<<20) + "L\n.", "a line exceeds"},
		"empty stack":           {".", "byte 0 (STOP): nothing is left"},
		"pop below a mark":      {"K\x01(.", "nothing is left"},
		"no mark":               {"K\x01t.", "no mark is open"},
		"tuple below a mark":    {"K\x01(K\x02\x86.", "nothing is left"},
		"odd items":             {"}(K\x01u.", "a key has no value"},
		"unknown memo":          {"h\x05.", "memo entry 5 is not set"},
		"PUT of nothing":        {"q\x00.", "nothing is left"},
		"unhashable list":       {"}]K\x01aK\x02s.", "unhashable list"},
		"unhashable dict":       {"}}K\x02s.", "byte 4 (SETITEM): unhashable dict as a key"},
		"unhashable in a tuple": {"}]\x85K\x02s.", "unhashable list"},
		"unhashable member":     {"\x8f(}\x90.", "unhashable dict"},
		"SETITEM on a list":     {"]K\x01K\x02s.", "a list takes no entries"},
		"APPEND on a dict":      {"}K\x01a.", "a dict takes no items"},
		"call of a string":      {"U\x01x)R.", "a call of a str"},
		"call without a tuple":  {"cos\nsystem\nK\x01R.", "a call of os.system with a int"},
		"BUILD on a number":     {"K\x01}b.", "a int takes no state"},
		"global of numbers":     {"K\x01K\x02\x93.", "a global named by int and int"},
		"out-of-band buffer":    {"\x97.", "outside the pickle"},
		"unknown encoding":      {"c_codecs\nencode\nU\x01xU\x05rot13\x86R.", `"rot13"`},
		"no latin-1":            {"c_codecs\nencode\nX\x03\x00\x00\x00\xe2\x98\x83U\x06latin1\x86R.", "beyond latin-1"},
		"hostile name":          {"U\x01xc\n\x00\x1b[2J\n)Rcos\n)b.", `ends at byte`},
	} {
		_, err := load(c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestBombs checks that a pickle made to grow is refused within its allowance.
func TestBombs(t *testing.T) {
	repeat := strings.Repeat
	for name, c := range map[string]struct {
		data   string
		limits pickle.Limits
		want   string
	}{
		"memo index":         {"Nr\xff\xff\xff\xff.", pickle.Limits{}, ""},
		"lists":              {repeat("]", 1<<20) + ".", pickle.Limits{AllocBytes: 1 << 20}, "more than 1048576 bytes of memory"},
		"dicts":              {repeat("}", 1<<20) + ".", pickle.Limits{AllocBytes: 1 << 20}, "of memory"},
		"memo":               {"N" + repeat("\x94", 1<<20) + ".", pickle.Limits{AllocBytes: 1 << 20}, "of memory"},
		"memo entries":       {"N" + repeat("\x94", 1<<20) + ".", pickle.Limits{Memo: 1000}, "more than 1000 memo entries"},
		"stack":              {repeat("N", 1<<20) + ".", pickle.Limits{Stack: 1000}, "more than 1000 values on the stack"},
		"marks":              {repeat("(", 1<<20) + ".", pickle.Limits{}, "more than 4096 marks"},
		"opcodes":            {repeat("N0", 1<<20) + "N.", pickle.Limits{Opcodes: 1000}, "more than 1000 instructions"},
		"input":              {repeat("N0", 1<<20) + "N.", pickle.Limits{InputBytes: 1000}, "limit of 1000"},
		"string":             {"X\x00\x10\x00\x00" + repeat("x", 4096) + ".", pickle.Limits{StringBytes: 100}, "limit of 100"},
		"items":              {"(" + repeat("N", 2000) + "t.", pickle.Limits{Items: 1000}, "2000 items"},
		"growing list":       {"]" + repeat("(NNNNe", 2000) + ".", pickle.Limits{Items: 1000}, "items exceeds"},
		"doubled tuples":     {"N" + repeat("2\x86", 1<<10) + ".", pickle.Limits{}, ""},
		"doubled tuple keys": {"}N" + repeat("2\x86", 1<<10) + "Ns.", pickle.Limits{}, "tuple key is too large"},
		"deep tuple key":     {"}N" + repeat("\x85", 1<<20) + "Ns.", pickle.Limits{}, "tuple key is too large"},
		"long key again":     {"}X\x00\x00\x01\x00" + repeat("k", 1<<16) + "q\x000" + repeat("h\x00Ns", 1<<16) + ".", pickle.Limits{AllocBytes: 1 << 20}, "of memory"},
		"long encode again":  {"c_codecs\nencode\nq\x010X\x00\x00\x01\x00" + repeat("k", 1<<16) + "U\x05ascii\x86q\x000" + repeat("h\x01h\x00R", 1<<12) + ".", pickle.Limits{AllocBytes: 1 << 20}, "of memory"},
		"long list again":    {"c__builtin__\nset\nq\x010(" + repeat("N", 1<<12) + "l\x85q\x000" + repeat("h\x01h\x00R", 1<<12) + ".", pickle.Limits{AllocBytes: 1 << 20}, "of memory"},
		"long name":          {"\x8d\x00\x00\x01\x00\x00\x00\x00\x00" + repeat("k", 1<<16) + "2\x93.", pickle.Limits{}, "name exceeds"},
		"long opaque calls":  {"ccollections\nOrderedDict\nq\x010(" + repeat("N", 1<<17) + "cx\ny\n)Rtq\x000" + repeat("h\x01h\x00R0", 1<<17) + "N.", pickle.Limits{AllocBytes: 1 << 24}, "a container made from 131073 arguments"},
		"big key again":      {"}\x8b\x00\x04\x00\x00" + repeat("k", 1024) + "q\x000" + repeat("h\x00Ns", 1<<16) + ".", pickle.Limits{AllocBytes: 1 << 20}, "of memory"},
		"list added to list": {"](" + repeat("N", 1<<12) + "lq\x00" + repeat("(h\x00h\x00h\x00h\x00e", 1<<16) + ".", pickle.Limits{AllocBytes: 1 << 20}, "of memory"},
	} {
		allocated := allocatedBy(func() {
			_, _, err := pickle.Load([]byte(c.data), pickle.Host{}, c.limits)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q", name, err, c.want)
			}
		})
		if bound := uint64(16<<20 + 48*len(c.data)); allocated > bound {
			t.Errorf("%s: %d bytes allocated for a pickle of %d, want at most %d", name, allocated, len(c.data), bound)
		}
	}
}

// TestShortBombs bounds what the shortest pickles can cost with default limits.
func TestShortBombs(t *testing.T) {
	for _, data := range []string{
		"\x80\x04\x8e\xff\xff\xff\x03\x00\x00\x00\x00.", // 64 MiB of bytes
		"\x8d\xff\xff\xff\x03\x00\x00\x00\x00.",
		"\x96\xff\xff\xff\xff\xff\x00\x00\x00.",
		"T\xff\xff\xff\x03.",
		"\x8b\xff\x03\x00\x00.",
		"\x95\x00\x00\x00\x00\xff\x00\x00\x00.",
		"]r\xff\xff\xff\x7fj\xff\xff\xff\x7fa.",
		"I" + "1e999999999\n.",
		"F1e999999999\n.",
		"L1000000000000L\n.",
	} {
		if n := allocatedBy(func() { _, _ = load(data) }); n > 64<<10 {
			t.Errorf("%q: %d bytes allocated", data, n)
		}
	}
}

func TestSelfReference(t *testing.T) {
	l, ok := mustLoad(t, "]q\x00h\x00a.").(*pickle.List)
	if !ok || len(l.Items) != 1 || l.Items[0] != pickle.Value(l) {
		t.Error("a list that holds itself came out otherwise")
	}
	d, ok := mustLoad(t, "}q\x00K\x01h\x00s.").(*pickle.Dict)
	if v, _ := d.Get(int64(1)); !ok || v != pickle.Value(d) {
		t.Error("a dict that holds itself came out otherwise")
	}
}

func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
