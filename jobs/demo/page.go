package demo

import (
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/sdl-batch/sdl-batch/storage/columnar"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("demo").Parse(pageText))

// shown is a scene as the page shows it.
type shown struct {
	File         string
	Source       template.URL // data URI
	Truth        []word
	Seen, Unseen []word
}

// word is a tag and whether it is true of the scene.
type word struct {
	Tag   string
	True  bool
	Score float32
}

// maxShown bounds the page; the tables hold all scenes.
const maxShown = 60

// WritePage writes the result as one HTML file that needs nothing else: each
// scene with the tags that are true of it and those that were found.
func (r Result) WritePage(w io.Writer) error {
	var scenes []shown
	for _, image := range r.Images[:min(maxShown, len(r.Images))] {
		bytes, err := os.ReadFile(filepath.Join(r.Folder, image.File))
		if err != nil {
			return err
		}
		s := shown{
			File: image.File, Source: template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(bytes)),
			Seen: words(image.Seen, image.Truth), Unseen: words(image.Unseen, image.Truth),
		}
		for _, tag := range image.Truth {
			s.Truth = append(s.Truth, word{Tag: tag, True: true})
		}
		scenes = append(scenes, s)
	}
	return page.Execute(w, map[string]any{"Scenes": scenes, "Summary": r.Summary, "All": len(r.Images)})
}

func words(tags []columnar.RankedTag, truth []string) []word {
	var out []word
	for _, t := range tags {
		out = append(out, word{t.Tag, slices.Contains(truth, t.Tag), t.Score})
	}
	return out
}
