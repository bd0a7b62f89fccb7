package jobs_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/model/golden"
)

const module = "github.com/sdl-batch/sdl-batch/"

// allowed says which rooms a room may import, and why. A room is a package and
// everything below it; the longest name that fits counts.
var allowed = []struct {
	room, why string
	may       []string
}{
	{"cmd", "flags and words; all work is in jobs", []string{"jobs", "model", "stages/manifest", "storage"}},
	{"jobs/verify/reread", "the second reader must share nothing with the first", []string{"jobs/verify/reread"}},
	{"jobs", "only jobs know concrete types", []string{"jobs", "stages", "training", "pipeline", "model", "storage"}},
	{"training", "reads images as labelling does", []string{"training", "pipeline", "stages/fetch", "stages/decode", "model", "storage"}},
	{"stages/decode", "a stage and its codecs", []string{"stages/decode", "pipeline", "model", "storage"}},
	{"stages", "stages meet in pipeline types and never import one another", []string{"pipeline", "model", "storage"}},
	{"model", "bundles and vocabularies lie in stores", []string{"model", "storage"}},
	{"pipeline", "the words that all stages share stand on nothing of ours", []string{"pipeline"}},
	{"storage", "stores know nothing of images or models", []string{"storage"}},
}

// external says who alone may import a library.
var external = map[string]string{
	"github.com/yalue/onnxruntime_go":   "model/ort",
	"github.com/xitongsys/parquet-go":   "jobs/verify/reread",
	"github.com/apache/arrow-go":        "storage/columnar",
	"github.com/google/flatbuffers":     "storage/columnar",
	"gocloud.dev":                       "storage",
	"github.com/aws/":                   "storage",
	"cloud.google.com/go":               "storage",
	"google.golang.org/api":             "storage",
	"golang.org/x/oauth2":               "storage",
	"github.com/Azure/":                 "storage",
	"github.com/spf13/":                 "cmd",
	"github.com/vbauerster/mpb":         "cmd",
	"google.golang.org/protobuf":        "model",
	"github.com/apache/arrow/go":        "nobody",
	"github.com/johannesboyne/gofakes3": "storage/storagetest",
}

func TestImportsPointDownwards(t *testing.T) {
	list := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...")
	list.Dir = golden.Repository()
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	checked := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := strings.TrimPrefix(fields[0], module)
		for _, to := range fields[1:] {
			checked++
			checkOurs(t, from, to)
			checkExternal(t, from, to)
		}
	}
	if checked < 300 {
		t.Errorf("only %d imports were looked at", checked)
	}
}

func checkOurs(t *testing.T, from, to string) {
	to, ours := strings.CutPrefix(to, module)
	if !ours {
		return
	}
	for _, rule := range allowed {
		if !within(from, rule.room) {
			continue
		}
		for _, room := range rule.may {
			if within(to, room) {
				return
			}
		}
		t.Errorf("%s imports %s: %s", from, to, rule.why)
		return
	}
	t.Errorf("%s is in no room of the house", from)
}

func checkExternal(t *testing.T, from, to string) {
	for library, only := range external {
		if strings.HasPrefix(to, library) && !within(from, only) {
			t.Errorf("%s imports %s; only %s may", from, to, only)
		}
	}
}

func within(path, room string) bool { return path == room || strings.HasPrefix(path, room+"/") }
