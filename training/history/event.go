package history

import (
	"encoding/json"
	"math"
	"strconv"
)

// Step is one optimiser step. Numbers may be NaN or infinite.
type Step struct {
	Step            int64 // from 1
	Epoch           int   // from 1
	Loss            float64
	Rank            float64 // the ranking part of the loss, as it counts in it
	Regulariser     float64 // the variance part of the loss, unweighted; 0: none
	LearningRate    float64
	ImagesPerSecond float64
	Seconds         float64 // the step's own time
}

// Epoch is the validation after an epoch.
type Epoch struct {
	Epoch   int                // from 1
	Step    int64              // steps done by then
	Seconds float64            // of validation
	Metrics map[string]float64 // by name
	Best    bool               // the best epoch so far
}

// Drop is an image that training leaves out.
type Drop struct {
	URI    string `json:"uri"`
	Reason string `json:"reason"`
}

// Names of the events in a log's lines.
const (
	stepEvent  = "step"
	epochEvent = "epoch"
	dropEvent  = "dropped"
)

// number is a float64 in JSON, where "NaN", "Infinity" and "-Infinity" are
// strings.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	switch v := float64(n); {
	case math.IsNaN(v):
		return []byte(`"NaN"`), nil
	case math.IsInf(v, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(v)
	}
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(text []byte) error {
	var name string
	if json.Unmarshal(text, &name) != nil {
		return json.Unmarshal(text, (*float64)(n))
	}
	v, err := strconv.ParseFloat(name, 64)
	*n = number(v)
	return err
}

// stepLine and its like are the lines of a log.
type stepLine struct {
	Event           string `json:"event"`
	Step            int64  `json:"step"`
	Epoch           int    `json:"epoch"`
	Loss            number `json:"loss"`
	Rank            number `json:"rank"`
	Regulariser     number `json:"regulariser"`
	LearningRate    number `json:"learning_rate"`
	ImagesPerSecond number `json:"images_per_second"`
	Seconds         number `json:"seconds"`
}

func (s Step) line() stepLine {
	return stepLine{stepEvent, s.Step, s.Epoch, number(s.Loss), number(s.Rank), number(s.Regulariser),
		number(s.LearningRate), number(s.ImagesPerSecond), number(s.Seconds)}
}

func (l stepLine) step() Step {
	return Step{l.Step, l.Epoch, float64(l.Loss), float64(l.Rank), float64(l.Regulariser),
		float64(l.LearningRate), float64(l.ImagesPerSecond), float64(l.Seconds)}
}

type epochLine struct {
	Event   string            `json:"event"`
	Epoch   int               `json:"epoch"`
	Step    int64             `json:"step"`
	Seconds number            `json:"seconds"`
	Metrics map[string]number `json:"metrics"`
	Best    bool              `json:"best"`
}

func (e Epoch) line() epochLine {
	l := epochLine{epochEvent, e.Epoch, e.Step, number(e.Seconds), map[string]number{}, e.Best}
	for name, v := range e.Metrics {
		l.Metrics[name] = number(v)
	}
	return l
}

func (l epochLine) epoch() Epoch {
	e := Epoch{l.Epoch, l.Step, float64(l.Seconds), map[string]float64{}, l.Best}
	for name, v := range l.Metrics {
		e.Metrics[name] = float64(v)
	}
	return e
}

type dropLine struct {
	Event string `json:"event"`
	Drop
}
