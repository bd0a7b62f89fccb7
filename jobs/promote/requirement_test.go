package promote

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestRequirementsAreRead(t *testing.T) {
	for text, want := range map[string]Requirement{
		"gzsl.f1@3 >= current":           {"gzsl.f1@3", ">=", Operand{Current: true}},
		" zsl.map>20 ":                   {"zsl.map", ">", Operand{Number: 20}},
		"keep.seen.p@10 == .5":           {"keep.seen.p@10", "==", Operand{Number: 0.5}},
		"GZSL.R@1000 < Current+0.25":     {"gzsl.r@1000", "<", Operand{Current: true, With: "+", Number: 0.25}},
		"zsl.map_present <= current - 3": {"zsl.map_present", "<=", Operand{Current: true, With: "-", Number: 3}},
		"gzsl.map >= current *0.98":      {"gzsl.map", ">=", Operand{Current: true, With: "*", Number: 0.98}},
		"gzsl.map >= 100":                {"gzsl.map", ">=", Operand{Number: 100}},
	} {
		got, err := ParseRequirements([]string{text})
		if err != nil || got[0] != want {
			t.Errorf("%q: %+v, %v", text, got, err)
			continue
		}
		if again, err := ParseRequirements([]string{got[0].String()}); err != nil || again[0] != want {
			t.Errorf("%q: as %q it is %+v, %v", text, got[0], again, err)
		}
	}
}

func TestEveryMistakeInRequirementsIsTold(t *testing.T) {
	_, err := ParseRequirements([]string{
		"", "gzsl.map", "gzsl.map >= current", "map => 5%", "gzsl.f1@0 > 1", "gzsl.f1@2000 > 1", "zsl.map >= 101", "zsl.map >= current / 2",
		"zsl.map >= 1 >= 2", "zsl.map > 1e1", "zsl.map > nan", "zsl.map > 0x1", "zsl.map > -1", "zsl.map > currently", "gzsl.f1@03 > 1",
	})
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	want := []string{
		`requirement "": want a metric`, `requirement "gzsl.map": want a metric`,
		`no such metric: "map"; there are zsl.map, zsl.map_present, zsl.p@3, `, `metric "gzsl.f1@0": want a K of 1 to 1000`, `metric "gzsl.f1@2000": want a K`,
		`101: figures are percent`, `"current / 2": want a number, 0 to 100, or current, current + 0.5`, `"zsl.map >= 1 >= 2": want a metric`,
		`"1e1": want`, `"nan": want`, `"0x1": want`, `"-1": want`, `"currently": want`, `no such metric: "gzsl.f1@03"`,
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.Contains(line, want[i]) {
			t.Errorf("%q is not in %q", want[i], line)
		}
	}
	for _, part := range []string{`operator "=>": want >=, >, <=, < or ==`, `"5%": want a number`} {
		if !strings.Contains(lines[2], part) {
			t.Errorf("%q is not in %q", part, lines[2])
		}
	}
}

func TestLimitsFollowTheCurrentModel(t *testing.T) {
	for text, want := range map[string]float64{
		"zsl.map > 7": 7, "zsl.map > current": 40, "zsl.map > current + 2": 42, "zsl.map > current - 2.5": 37.5, "zsl.map > current * 1.1": 44,
	} {
		r, err := ParseRequirements([]string{text})
		if err != nil {
			t.Fatal(err)
		}
		if got := r[0].limit(40); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: limit %v, want %v", text, got, want)
		}
	}
}

func TestFiguresAreEqualUpToRounding(t *testing.T) {
	third := 100.0 / 3
	for _, c := range []struct {
		operator      string
		figure, limit float64
		met           bool
		short         float64
	}{
		{">=", 5, 5, true, 0}, {">=", 6, 5, true, 0}, {">=", 4, 5, false, 1}, {">=", third + third + third - 1e-11, 100, true, 0},
		{">", 5, 5, false, 0}, {">", 6, 5, true, 0}, {">", 3, 5, false, 2}, {">", 5 + 1e-11, 5, false, 0},
		{"<=", 5, 5, true, 0}, {"<=", 7, 5, false, 2}, {"<=", 4, 5, true, 0},
		{"<", 5, 5, false, 0}, {"<", 7, 5, false, 2}, {"<", 4, 5, true, 0},
		{"==", 5, 5, true, 0}, {"==", 7, 5, false, 2}, {"==", 4, 5, false, 1}, {"==", 5 + 1e-11, 5, true, 0},
	} {
		by, met := Requirement{Operator: c.operator}.short(c.figure, c.limit)
		if met != c.met || !met && math.Abs(by-c.short) > 1e-12 {
			t.Errorf("%v %s %v: met %v, short by %v", c.figure, c.operator, c.limit, met, by)
		}
	}
}

func TestEveryKThatIsAskedForIsMeasured(t *testing.T) {
	r, err := ParseRequirements([]string{"gzsl.f1@7 > 1", "zsl.map > 1", "zsl.p@3 > 1", "keep.seen.r@1 > 1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := (Options{Require: r}).evaluation("").Ks; !slices.Equal(got, []int{1, 3, 5, 7}) {
		t.Errorf("got %v", got)
	}
}

func FuzzParseRequirements(f *testing.F) {
	for _, text := range []string{"gzsl.f1@3 >= current", "keep.zsl.map<current*0.98", "seen.r@17 == 12.5", "zsl.map > current - .5"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseRequirements([]string{text})
		if err != nil {
			return
		}
		if limit := got[0].limit(50); math.IsNaN(limit) || math.IsInf(limit, 0) {
			t.Fatalf("limit %v", limit)
		}
		again, err := ParseRequirements([]string{got[0].String()})
		if err != nil || again[0] != got[0] {
			t.Fatalf("%+v is %+v as %q; %v", got[0], again, got[0], err)
		}
	})
}
