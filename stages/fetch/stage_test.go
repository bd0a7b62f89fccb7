package fetch_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sdl-batch/sdl-batch/pipeline"
	"github.com/sdl-batch/sdl-batch/stages/fetch"
	"github.com/sdl-batch/sdl-batch/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reader is a Reader made of a function.
type reader func(ctx context.Context, uri string, maxBytes int64) ([]byte, error)

func (r reader) Read(ctx context.Context, uri string, buf []byte, maxBytes int64) ([]byte, storage.Attrs, error) {
	body, err := r(ctx, uri, maxBytes)
	return append(buf[:0], body...), storage.Attrs{Size: int64(len(body)), Version: "v", Attempts: 1}, err
}

// rows sends n rows and then fails with err, if there is one.
type rows struct {
	n    int
	err  error
	bad  map[int]*pipeline.Reject
	name func(i int) string
}

func (r rows) Run(ctx context.Context, out chan<- pipeline.Row) error {
	for i := range r.n {
		uri := fmt.Sprintf("s3://b/%d", i)
		if r.name != nil {
			uri = r.name(i)
		}
		if err := pipeline.Send(ctx, out, pipeline.Row{Number: int64(i), URI: uri, Invalid: r.bad[i]}); err != nil {
			return err
		}
	}
	return r.err
}

type sink struct {
	got      []pipeline.Object
	each     func(*pipeline.Object)
	complete bool
}

func (s *sink) Run(ctx context.Context, in <-chan pipeline.Object) error {
	for {
		o, ok, err := pipeline.Recv(ctx, in)
		if err != nil {
			return err
		}
		if !ok {
			s.complete = true
			return nil
		}
		if s.each != nil {
			s.each(&o)
		}
		s.got = append(s.got, o)
		o.Release()
	}
}

func flow(ctx context.Context, from rows, stage *fetch.Stage, into *sink) error {
	f := pipeline.NewFlow(ctx)
	pipeline.Into(f, "sink", pipeline.Through(f, "fetch", 4, pipeline.From(f, "rows", 4, from), stage), into)
	return f.Wait()
}

func TestObjectsComeInOrderWithTheirDigest(t *testing.T) {
	read := reader(func(_ context.Context, uri string, _ int64) ([]byte, error) {
		time.Sleep(time.Duration(len(uri)%3) * time.Millisecond)
		return []byte("body of " + uri), nil
	})
	out := &sink{each: func(o *pipeline.Object) {
		if want := "body of " + o.URI; string(o.Body) != want || o.SHA256 != sha256.Sum256([]byte(want)) || o.Version != "v" {
			t.Errorf("row %d: %q", o.Number, o.Body)
		}
	}}
	if err := flow(t.Context(), rows{n: 500}, &fetch.Stage{Reader: read}, out); err != nil {
		t.Fatal(err)
	}
	for i, o := range out.got {
		if o.Number != int64(i) {
			t.Fatalf("object %d is row %d", i, o.Number)
		}
	}
	if len(out.got) != 500 || !out.complete {
		t.Fatalf("%d objects, complete %v", len(out.got), out.complete)
	}
}

func TestBadObjectsAreRejectsWithStableCodes(t *testing.T) {
	faults := map[string]error{
		"s3://b/1": storage.ErrNotExist, "s3://b/2": storage.ErrPermission, "s3://b/3": storage.ErrTooLarge, "s3://b/4": storage.ErrInvalid,
		"s3://b/5": storage.ErrUnsupported, "s3://b/6": storage.ErrChanged, "s3://b/7": errors.New("odd"), "s3://b/9": storage.ErrTransient,
	}
	read := reader(func(_ context.Context, uri string, _ int64) ([]byte, error) {
		if err := faults[uri]; err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		return []byte("x"), nil
	})
	out := &sink{}
	bad := map[int]*pipeline.Reject{8: {Stage: "manifest", Code: "bad_utf8"}}
	if err := flow(t.Context(), rows{n: 10, bad: bad}, &fetch.Stage{Reader: read, Config: fetch.Config{Workers: 1}}, out); err != nil {
		t.Fatal(err)
	}
	want := []string{"", fetch.CodeNotFound, fetch.CodePermission, fetch.CodeTooLarge, fetch.CodeInvalidURI, fetch.CodeUnsupported,
		fetch.CodeChanged, fetch.CodeUnreadable, "bad_utf8", fetch.CodeUnavailable}
	for _, o := range out.got {
		i := o.Number // what is unavailable comes late
		code, retryable := "", false
		if o.Reject != nil {
			code, retryable = o.Reject.Code, o.Reject.Retryable
		}
		if code != want[i] || retryable != (code == fetch.CodeChanged || code == fetch.CodeUnavailable) {
			t.Errorf("row %d: code %q, retryable %v; want %q", i, code, retryable, want[i])
		}
	}
}

func TestAStoreThatNeverAnswersEndsTheJob(t *testing.T) {
	read := reader(func(context.Context, string, int64) ([]byte, error) { return nil, storage.ErrTransient })
	err := flow(t.Context(), rows{n: 5}, &fetch.Stage{Reader: read}, &sink{})
	if !errors.Is(err, storage.ErrTransient) {
		t.Fatalf("error %v", err)
	}
}

func TestAStoreThatStopsAnsweringEndsTheJob(t *testing.T) {
	var answered atomic.Int64
	read := reader(func(context.Context, string, int64) ([]byte, error) {
		if answered.Add(1) > 20 {
			return nil, storage.ErrTransient
		}
		return []byte("x"), nil
	})
	out := &sink{}
	config := fetch.Config{Workers: 1, Patience: 50 * time.Millisecond}
	err := flow(t.Context(), rows{n: 1000}, &fetch.Stage{Reader: read, Config: config}, out)
	if !errors.Is(err, storage.ErrTransient) || out.complete || len(out.got) > 40 {
		t.Fatalf("error %v after %d objects", err, len(out.got))
	}
}

// Credentials and settings are nobody's fault among the rows: no receipt must say
// that millions of images are not permitted because a token ran out at night.
func TestCredentialsEndTheJob(t *testing.T) {
	mismatch := fmt.Errorf("%w: %w", storage.ErrAmazonCredentials, storage.ErrRefused)
	for name, c := range map[string]struct {
		fault  error
		good   int // reads before the fault
		reject bool
	}{
		"none were found":           {storage.ErrGoogleCredentials, 0, false},
		"they ran out":              {storage.ErrAzureCredentials, 20, false},
		"no region":                 {fmt.Errorf("%w: %w", storage.ErrSettings, storage.ErrInvalid), 0, false},
		"a wrong secret":            {mismatch, 0, false},
		"a key that no proxy keeps": {mismatch, 20, true},
		"an object that is denied":  {storage.ErrPermission, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			reads := 0
			read := reader(func(context.Context, string, int64) ([]byte, error) {
				if reads++; reads > c.good {
					return nil, fmt.Errorf("read: %w", c.fault)
				}
				return []byte("x"), nil
			})
			out := &sink{}
			err := flow(t.Context(), rows{n: 100}, &fetch.Stage{Reader: read, Config: fetch.Config{Workers: 1}}, out)
			if c.reject != (err == nil) || !c.reject && !errors.Is(err, c.fault) {
				t.Errorf("error %v", err)
			}
			for _, o := range out.got {
				if (o.Reject != nil) != (int(o.Number) >= c.good) || o.Reject != nil && !c.reject {
					t.Fatalf("row %d: %+v", o.Number, o.Reject)
				}
			}
		})
	}
}

func TestOneStoreDownDoesNotBlameAnother(t *testing.T) {
	read := reader(func(_ context.Context, uri string, _ int64) ([]byte, error) {
		if strings.HasPrefix(uri, "s3://down/3") {
			return nil, storage.ErrTransient
		}
		return []byte("x"), nil
	})
	out := &sink{}
	name := func(i int) string { return fmt.Sprintf("s3://%s/%d", []string{"up", "down"}[i%2], i) }
	if err := flow(t.Context(), rows{n: 30, name: name}, &fetch.Stage{Reader: read, Config: fetch.Config{Workers: 1}}, out); err != nil {
		t.Fatal(err)
	}
	for _, o := range out.got {
		if (o.Reject != nil) != (o.Number == 3) {
			t.Errorf("row %d: %+v", o.Number, o.Reject)
		}
	}
}

// TestKeysThatAreNoURLsShareTheirStore: a key is taken byte for byte, percent
// signs included.
func TestKeysThatAreNoURLsShareTheirStore(t *testing.T) {
	read := reader(func(_ context.Context, uri string, _ int64) ([]byte, error) {
		if strings.HasSuffix(uri, "%") {
			return nil, storage.ErrTransient
		}
		return []byte("x"), nil
	})
	out := &sink{}
	name := func(i int) string { return fmt.Sprintf("s3://b/%d%s", i, []string{"", "%"}[i%2]) }
	if err := flow(t.Context(), rows{n: 4, name: name}, &fetch.Stage{Reader: read, Config: fetch.Config{Workers: 1}}, out); err != nil {
		t.Fatal(err)
	}
	for _, o := range out.got {
		if unavailable := o.Reject != nil && o.Reject.Code == fetch.CodeUnavailable; unavailable != (o.Number%2 == 1) {
			t.Errorf("row %d: %+v", o.Number, o.Reject)
		}
	}
}

// TestOneSlowObjectStallsNothing has row 3 wait for its store until all the
// others, far more than there are workers, have gone by.
func TestOneSlowObjectStallsNothing(t *testing.T) {
	const n = 400
	passed := make(chan struct{})
	backOff := overloaded(t)
	read := reader(func(ctx context.Context, uri string, _ int64) ([]byte, error) {
		if uri == "s3://b/3" {
			backOff(ctx)
			<-passed
		}
		return []byte("x"), nil
	})
	out := &sink{}
	seen := 0
	out.each = func(*pipeline.Object) {
		if seen++; seen == n-1 {
			close(passed)
		}
	}
	if err := flow(t.Context(), rows{n: n}, &fetch.Stage{Reader: read, Config: fetch.Config{Workers: 4}}, out); err != nil {
		t.Fatal(err)
	}
	if last := out.got[n-1]; last.Number != 3 || last.Reject != nil {
		t.Errorf("the last of %d objects is row %d", len(out.got), last.Number)
	}
}

// overloaded returns a function that makes storage go into back-off under ctx
// once: it asks a real server that is overloaded.
func overloaded(t *testing.T) func(ctx context.Context) {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	options := storage.Options{Retry: storage.Policy{Attempts: 2, BaseDelay: time.Nanosecond, MaxDelay: time.Nanosecond}}
	return func(ctx context.Context) {
		b, err := storage.OpenWith(ctx, "s3://b?endpoint="+server.URL, options)
		if err != nil {
			t.Error(err)
			return
		}
		defer b.Close()
		if attrs, err := b.Stat(ctx, "x"); !errors.Is(err, storage.ErrTransient) || attrs.Attempts != 2 {
			t.Errorf("%d attempts, error %v", attrs.Attempts, err)
		}
	}
}

func TestBodiesInMemoryStayWithinTheBudget(t *testing.T) {
	const size, most = 5 << 20, 16 << 20
	var held, worst atomic.Int64
	var mu sync.Mutex
	read := reader(func(_ context.Context, _ string, maxBytes int64) ([]byte, error) {
		if maxBytes < size {
			return nil, storage.ErrTooLarge
		}
		mu.Lock()
		worst.Store(max(worst.Load(), held.Add(size)))
		mu.Unlock()
		return make([]byte, size), nil
	})
	out := &sink{each: func(*pipeline.Object) { time.Sleep(100 * time.Microsecond); held.Add(-size) }}
	config := fetch.Config{Workers: 16, MaxBytes: most, Budget: most}
	if err := flow(t.Context(), rows{n: 50}, &fetch.Stage{Reader: read, Config: config}, out); err != nil {
		t.Fatal(err)
	}
	if worst.Load() > 2*most {
		t.Errorf("%d bytes in memory at once, the budget is %d and one body of %d", worst.Load(), most, most)
	}
}

func TestLargeObjectsAreReadWithinTheLimit(t *testing.T) {
	read := reader(func(_ context.Context, uri string, maxBytes int64) ([]byte, error) {
		size := int64(5 << 20)
		if uri == "s3://b/1" {
			size = 9 << 20
		}
		if size > maxBytes {
			return nil, storage.ErrTooLarge
		}
		return make([]byte, size), nil
	})
	out := &sink{}
	if err := flow(t.Context(), rows{n: 3}, &fetch.Stage{Reader: read, Config: fetch.Config{MaxBytes: 8 << 20}}, out); err != nil {
		t.Fatal(err)
	}
	if len(out.got) != 3 {
		t.Fatalf("%d objects", len(out.got))
	}
	for _, o := range out.got {
		if tooLarge := o.Reject != nil && o.Reject.Code == fetch.CodeTooLarge; tooLarge != (o.Number == 1) {
			t.Errorf("row %d: %v", o.Number, o.Reject)
		}
	}
}

func TestUpstreamFailureIsNotAnEnd(t *testing.T) {
	broken := errors.New("broken")
	read := reader(func(context.Context, string, int64) ([]byte, error) { return nil, nil })
	out := &sink{}
	if err := flow(t.Context(), rows{n: 10, err: broken}, &fetch.Stage{Reader: read}, out); !errors.Is(err, broken) || out.complete {
		t.Errorf("error %v, complete %v", err, out.complete)
	}
}

func TestCancellationEndsReads(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	var reading atomic.Int64
	read := reader(func(ctx context.Context, _ string, _ int64) ([]byte, error) {
		if reading.Add(1) == 8 {
			cancel(stop)
		}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	out := &sink{}
	if err := flow(ctx, rows{n: 100}, &fetch.Stage{Reader: read, Config: fetch.Config{Workers: 8}}, out); !errors.Is(err, stop) || len(out.got) > 0 {
		t.Errorf("error %v, %d objects", err, len(out.got))
	}
}
