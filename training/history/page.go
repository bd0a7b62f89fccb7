package history

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"
)

// Status is how a training stands.
type Status string

// The states of a training.
const (
	Running      Status = "running"
	Finished     Status = "finished"
	StoppedEarly Status = "stopped early"
	Diverged     Status = "diverged"
)

// Fact is a named value to be shown as it is.
type Fact struct{ Name, Value string }

// Report is what a page shows. All text in it may come from anywhere.
type Report struct {
	Title    string // of the training; "Training" if empty
	Status   Status
	Message  string    // a sentence on the status; may be empty
	Updated  time.Time // when the report was made; zero: not shown
	Steps    int64     // steps that the training is to have; 0: not known
	Metric   string    // the metric that picks the best epoch, shown first
	Settings []Fact
	Lineage  []Fact
	History  *History // nil: empty
}

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"css":   func() template.CSS { return template.CSS(pageCSS) },
	"js":    func() template.JS { return template.JS(pageJS) },
	"whole": func(n int) string { return grouped(float64(n)) },
}).Parse(pageHTML))

// Page writes a report as one HTML file that refers to nothing outside itself.
// Curves of any length take a bounded number of points, and tables a bounded
// number of rows. w is written to once.
func Page(w io.Writer, r Report) error {
	var b bytes.Buffer
	if err := page.Execute(&b, viewOf(r)); err != nil {
		return fmt.Errorf("training page: %w", err)
	}
	if _, err := w.Write(bytes.ToValidUTF8(b.Bytes(), []byte("\uFFFD"))); err != nil {
		return fmt.Errorf("training page: %w", err)
	}
	return nil
}
