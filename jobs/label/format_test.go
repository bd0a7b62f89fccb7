package label_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/model"
	"github.com/sdl-batch/sdl-batch/storage/columnar"
	"github.com/sdl-batch/sdl-batch/storage/dataset"
)

// TestFormatsHoldTheSameRows labels in both.
func TestFormatsHoldTheSameRows(t *testing.T) {
	everyStore(t, func(t *testing.T, l *lake) {
		o := l.options
		o.RunID = "parquet"
		l.mustRun(t, o)
		o.RunID, o.Format = "arrow", dataset.Arrow
		l.mustRun(t, o)
		same(t, l.read(t, "parquet"), l.read(t, "arrow"))
		for _, key := range published(t, l.out) {
			if run, format, _ := strings.Cut(key, "/part-"); format != "" && !strings.HasSuffix(run, "run="+format[len("000000."):]) {
				t.Errorf("%s is among the files of %s", key, run)
			}
		}
		if s, _ := l.mustRun(t, o); !s.AlreadyCommitted {
			t.Errorf("once more: %+v", s)
		}
	})
}

// TestTheVocabularyThatIsPublishedIsThePlans finds another one, in Arrow, where
// the run's should be.
func TestTheVocabularyThatIsPublishedIsThePlans(t *testing.T) {
	l := local(t)
	l.options.Format = dataset.Arrow
	var other bytes.Buffer
	v := model.Vocabulary{Tags: []string{"red"}, Seen: []bool{true}, Dim: 1, Vectors: []float32{1}}
	ok(t, v.EncodeAs(&other, columnar.Arrow))
	put(t, l.out, dataset.VocabSource("r1", dataset.Arrow), other.Bytes())
	_, _, err := l.run(t.Context(), l.options, nil)
	if !errors.Is(err, jobs.ErrDamaged) || len(published(t, l.out)) > 0 {
		t.Errorf("error %v, published %q", err, published(t, l.out))
	}
}

func TestAFormatThatIsNone(t *testing.T) {
	l := local(t)
	l.options.Format = "csv"
	if _, _, err := l.run(t.Context(), l.options, nil); !errors.Is(err, jobs.ErrConfig) || !strings.Contains(err.Error(), `table format "csv"`) {
		t.Error(err)
	}
}
