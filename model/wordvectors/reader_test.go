package wordvectors_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/model/wordvectors"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// readAll lists words and vectors as "word|[1 2]".
func readAll(r io.Reader) (lines []string, dim int, err error) {
	v, err := wordvectors.NewReader(r)
	if err != nil {
		return nil, 0, err
	}
	for {
		if err := v.Next(); err == io.EOF {
			return lines, v.Dim(), nil
		} else if err != nil {
			return lines, v.Dim(), err
		}
		values := make([]float32, v.Dim())
		if err := v.Vector(values); err != nil {
			return lines, v.Dim(), err
		}
		lines = append(lines, fmt.Sprintf("%s|%v", v.Word(), values))
	}
}

func TestFormsOfFiles(t *testing.T) {
	want := []string{"the|[0.5 -1]", "dog|[2 3e-05]"}
	for name, text := range map[string]string{
		"GloVe":               "the 0.5 -1\ndog 2 3e-05\n",
		"no newline at end":   "the 0.5 -1\ndog 2 3e-05",
		"word2vec":            "2 2\nthe 0.5 -1\ndog 2 3e-05\n",
		"fastText":            "2 2\nthe 0.5 -1 \ndog 2 3e-05 \n", // a space ends each line
		"more than promised":  "1 2\nthe 0.5 -1\ndog 2 3e-05\n",
		"tabs":                "the\t0.5\t-1\ndog\t2\t3e-05\n",
		"carriage returns":    "2 2\r\nthe 0.5 -1\r\ndog 2 3e-05\r\n",
		"byte order mark":     "\ufeffthe 0.5 -1\ndog 2 3e-05\n",
		"mark before header":  "\ufeff2 2\nthe 0.5 -1\ndog 2 3e-05\n",
		"blank lines":         "\nthe 0.5 -1\n \r\ndog 2 3e-05\n\n",
		"several spaces":      "the  0.5   -1\ndog 2 3e-05\n",
		"signs and exponents": "the +.5 -1E0\ndog 0.2e1 0.00003\n",
	} {
		lines, dim, err := readAll(strings.NewReader(text))
		if diff := cmp.Diff(want, lines); err != nil || dim != 2 || diff != "" {
			t.Errorf("%s: dimension %d, %v %s", name, dim, err, diff)
		}
	}
}

// TestWordsThatLookOtherwise has words with spaces, as glove.840B has some, and
// words that are numbers.
func TestWordsThatLookOtherwise(t *testing.T) {
	text := "route 66 1 2\nat name@domain.com 3 4\n. . . 5 6\n2019 7 8\npolar bear\t9 10\npolar bear 11\t12\nnan 13 14\n\u00a0 15 16\n 17 18\nthe 19 20\n"
	want := []string{"route 66|[1 2]", "at name@domain.com|[3 4]", ". . .|[5 6]", "2019|[7 8]", "polar bear|[9 10]",
		"polar bear|[11 12]", "nan|[13 14]", "\u00a0|[15 16]", "|[17 18]", "the|[19 20]"}
	for _, header := range []string{"", "10 2\n"} {
		lines, _, err := readAll(strings.NewReader(header + text))
		if diff := cmp.Diff(want, lines); err != nil || diff != "" {
			t.Errorf("header %q: %v %s", header, err, diff)
		}
	}
}

// TestDimensionIsThatOfMostLines: one phrase that ends in a number, or one line
// that lacks some, does not decide.
func TestDimensionIsThatOfMostLines(t *testing.T) {
	for text, want := range map[string]int{
		"route 66 1 2\ndog 3 4\ncat 5 6\n":                          2,
		"route 66 1 2\ndog 3 4\n":                                   2,
		"dog 3\ncat 5 6\ncow 7 8\n":                                 2,
		"dog 1 2 3\n" + strings.Repeat("a 1 2\n", 63):               2,
		strings.Repeat("a 1 2 3\n", 64) + strings.Repeat("a 1", 99): 3,
	} {
		if v, err := wordvectors.NewReader(strings.NewReader(text)); err != nil || v.Dim() != want {
			t.Errorf("%.40q: %v, want %d", text, err, want)
		}
	}
}

func TestWhatIsNoTextVectors(t *testing.T) {
	long := "word " + strings.Repeat("0.1 ", 1<<18) + "\n"
	for name, c := range map[string]struct {
		text string
		kind error
		want string
	}{
		"empty":               {"", wordvectors.ErrFormat, "no line begins with a word"},
		"prose":               {"Once upon a time\nthere was\n", wordvectors.ErrFormat, "no line begins with a word"},
		"numbers alone":       {"1\n2\n3\n", wordvectors.ErrFormat, "no line begins with a word"},
		"long line":           {long, wordvectors.ErrFormat, "no line begins with a word"},
		"long line later":     {"dog 1\n" + long, wordvectors.ErrFormat, "line 2 has more than 1048576 bytes"},
		"endless dimension":   {"5 99999\n", wordvectors.ErrFormat, "dimension 99999, want at most 16384"},
		"binary word2vec":     {"2 3\ndog \x00\x00\x80?\x00\x00\x80?\x00\x00\x80?\ncat", wordvectors.ErrDamaged, "line 2 has 1 values, want 3"},
		"short line":          {"dog 1 2 3\ncat 1 2 3\ncow 1 2\n", wordvectors.ErrDamaged, "line 3 has 2 values, want 3"},
		"fewer than promised": {"3 1\ndog 1\ncat 2\n", wordvectors.ErrDamaged, "2 words, the header tells of 3"},
		"NaN":                 {"dog 1 2\ncow 1 2\ncat nan 2\n", wordvectors.ErrDamaged, `line 3, the vector of "cat": value 1 is "nan", no finite number`},
		"infinite":            {"dog 1 2\ncow 1 2\ncat 1 -Inf\n", wordvectors.ErrDamaged, `value 2 is "-Inf"`},
		"too large":           {"dog 1 2\ncow 1 2\ncat 1 1e40\n", wordvectors.ErrDamaged, `value 2 is "1e40"`},
		"a word for a number": {"dog 1 2\ncow 1 2\ncat 1 x\n", wordvectors.ErrDamaged, `value 2 is "x"`},
		"no last number":      {"dog 1 2 3\ncow 1 2 3\ncat 1  2\n", wordvectors.ErrDamaged, `the vector of "cat": 2 numbers, want 3`},
	} {
		_, _, err := readAll(strings.NewReader(c.text))
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestFaultsBelowStayWhatTheyAre(t *testing.T) {
	away := errors.New("the store went away")
	for _, n := range []int{0, 3, 20} {
		text := "dog 1 2\ncat 3 4\ncow 5 6\n"[:n]
		if _, _, err := readAll(io.MultiReader(strings.NewReader(text), iotest.ErrReader(away))); !errors.Is(err, away) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("2 2\nthe 0.5 -1 \ndog 2 3e-05 \n"))
	f.Add([]byte("route 66 1 2\r\nat name@domain.com\t3 4\n\n. . . 5 6"))
	f.Add([]byte("\ufeffdog 1 2\ncat nan 2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := wordvectors.NewReader(strings.NewReader(string(data)))
		if err != nil {
			return
		}
		values := make([]float32, v.Dim())
		for words := int64(0); ; words++ {
			if err := v.Next(); err != nil {
				return
			}
			if v.Words() != words+1 || slices.Contains(v.Word(), '\n') {
				t.Fatalf("word %d of %d is %q", words, v.Words(), v.Word())
			}
			if err := v.Vector(values); err != nil && !errors.Is(err, wordvectors.ErrDamaged) {
				t.Fatal(err)
			}
			for _, x := range values {
				if x-x != 0 {
					t.Fatalf("%v is not finite", x)
				}
			}
		}
	})
}
