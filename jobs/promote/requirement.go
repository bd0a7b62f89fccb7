package promote

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/training/evaluate"
)

// Requirement is a condition on one of the candidate's figures, in percent:
//
//	METRIC OPERATOR OPERAND
//	gzsl.f1@3 >= current - 0.5
//
// METRIC is one of evaluate.Report.Metric, OPERATOR one of >=, >, <=, < and ==,
// OPERAND a number, or current, current + x, current - x (points) or current * x.
type Requirement struct {
	Metric   string
	Operator string
	Operand
}

// Operand is what a figure is compared with: Number, or what Number makes of the
// current model's figure.
type Operand struct {
	Current bool
	With    string // "" (Number is 0), "+", "-" or "*"
	Number  float64
}

// ParseRequirements reads requirements in upper or lower case. The error tells
// what is wrong with each, a line each.
func ParseRequirements(texts []string) ([]Requirement, error) {
	var all []Requirement
	var problems []error
	for _, text := range texts {
		r, err := parse(strings.ToLower(text))
		if err != nil {
			problems = append(problems, fmt.Errorf("requirement %q: %w", text, err))
		}
		all = append(all, r)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return all, nil
}

var comparison = regexp.MustCompile(`^([^<>=!]*)([<>=!]+)([^<>=!]*)$`)

var operators = []string{">=", ">", "<=", "<", "=="}

func parse(text string) (Requirement, error) {
	parts := comparison.FindStringSubmatch(text)
	if parts == nil {
		return Requirement{}, errors.New("want a metric, one of >=, >, <=, < and ==, and what to compare with")
	}
	r := Requirement{Metric: strings.TrimSpace(parts[1]), Operator: parts[2]}
	var problems []string
	if err := checkMetric(r.Metric); err != nil {
		problems = append(problems, err.Error())
	}
	if !slices.Contains(operators, r.Operator) {
		problems = append(problems, fmt.Sprintf("operator %q: want >=, >, <=, < or ==", r.Operator))
	}
	var err error
	if r.Operand, err = parseOperand(strings.TrimSpace(parts[3])); err != nil {
		problems = append(problems, err.Error())
	}
	if problems != nil {
		return Requirement{}, errors.New(strings.Join(problems, "; "))
	}
	return r, nil
}

// checkMetric asks an empty report, which knows all names and no figure.
func checkMetric(name string) error {
	k, ok := rank(name)
	if !ok {
		return fmt.Errorf("metric %q: want a K of 1 to %d", name, maxK)
	}
	empty := evaluate.New(&model.Vocabulary{}, evaluate.Options{Ks: ranks(k)}).Result()
	if _, err := empty.Metric(name); !errors.Is(err, evaluate.ErrNoValue) {
		return err
	}
	return nil
}

const maxK = 1000

// rank returns the K of a metric's name, 0 where it has none; ok is false where
// it is out of range.
func rank(metric string) (k int, ok bool) {
	_, text, found := strings.Cut(metric, "@")
	if !found {
		return 0, true
	}
	k, err := strconv.Atoi(text)
	return k, err == nil && k >= 1 && k <= maxK
}

// usual are the K's that are always measured.
var usual = []int{3, 5}

// ranks are the usual K's and more, of which 0 is none.
func ranks(more ...int) []int {
	all := slices.Concat(usual, slices.DeleteFunc(more, func(k int) bool { return k == 0 }))
	slices.Sort(all)
	return slices.Compact(all)
}

var (
	number  = `([0-9]{1,6}(?:\.[0-9]{1,12})?|\.[0-9]{1,12})`
	plain   = regexp.MustCompile(`^` + number + `$`)
	current = regexp.MustCompile(`^current(?:\s*([+*-])\s*` + number + `)?$`)
)

func parseOperand(text string) (Operand, error) {
	if m := plain.FindStringSubmatch(text); m != nil {
		o := Operand{Number: decimal(m[1])}
		if o.Number > 100 {
			return o, fmt.Errorf("%s: figures are percent, 0 to 100", text)
		}
		return o, nil
	}
	m := current.FindStringSubmatch(text)
	if m == nil {
		return Operand{}, fmt.Errorf("%q: want a number, 0 to 100, or current, current + 0.5, current - 0.5 or current * 0.98", text)
	}
	if m[1] == "" {
		return Operand{Current: true}, nil
	}
	return Operand{Current: true, With: m[1], Number: decimal(m[2])}, nil
}

func decimal(text string) float64 {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic("promote: no number: " + err.Error())
	}
	return x
}

// String is the requirement as ParseRequirements reads it.
func (r Requirement) String() string { return r.Metric + " " + r.Operator + " " + r.Operand.String() }

// String is the operand as ParseRequirements reads it.
func (o Operand) String() string {
	text := strconv.FormatFloat(o.Number, 'f', -1, 64)
	switch {
	case !o.Current:
		return text
	case o.With == "":
		return "current"
	}
	return "current " + o.With + " " + text
}

// limit is what the candidate's figure is compared with.
func (o Operand) limit(current float64) float64 {
	switch {
	case !o.Current:
		return o.Number
	case o.With == "*":
		return current * o.Number
	case o.With == "-":
		return current - o.Number
	}
	return current + o.Number
}

// noise is how far figures may lie apart, in points, and be equal: sums are
// rounded.
const noise = 1e-9

// short is by how much a figure misses a limit; met is true where it does not.
func (r Requirement) short(figure, limit float64) (by float64, met bool) {
	switch above := figure - limit; r.Operator {
	case ">=":
		return max(-above, 0), above >= -noise
	case ">":
		return max(-above, 0), above > noise
	case "<=":
		return max(above, 0), above <= noise
	case "<":
		return max(above, 0), above < -noise
	default:
		return math.Abs(above), math.Abs(above) <= noise
	}
}
