package label_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sdl-batch/sdl-batch/jobs/label"
	"github.com/sdl-batch/sdl-batch/storage/storagetest"
)

// TestRunsOnServers labels a lake that lies in a bucket of each kind of store,
// images, manifest and tables: interrupted and resumed, the rows are those of a
// run on the disk, and nothing else is left in the bucket.
func TestRunsOnServers(t *testing.T) {
	a := local(t)
	a.mustRun(t, a.options)
	wanted := a.read(t, "r1")
	for name, server := range map[string]func(testing.TB) string{
		"s3": storagetest.VersityS3, "gs": storagetest.GCS, "az": storagetest.Azure,
	} {
		t.Run(name, func(t *testing.T) {
			uri := server(t)
			folder, query, _ := strings.Cut(uri, "?")
			b := newLake(t, folder+"/in?"+query, folder+"/a lake/out?"+query)
			before := keys(t, open(t, uri), "")
			_, first := b.interrupt(t, b.options, 2)
			s, e := b.mustRun(t, b.options)
			if planned := of[label.Planned](e); len(planned) != 1 || !planned[0].Resumed || planned[0].DoneShards < len(first) {
				t.Errorf("planned %+v after %v", planned, first)
			}
			if s.Rows != 20 || s.OK != 17 {
				t.Errorf("summary %+v", s)
			}
			same(t, wanted, b.read(t, "r1"))
			after := slices.DeleteFunc(keys(t, open(t, uri), ""), func(key string) bool { return strings.HasPrefix(key, "a lake/out/") })
			if !slices.Equal(before, after) {
				t.Errorf("outside of the output there is %q, before %q", after, before)
			}
			if found := keys(t, b.out, "."); len(found) > 0 {
				t.Errorf("left over: %q", found)
			}
		})
	}
}
