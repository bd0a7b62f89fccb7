package reread

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// stderrTail is how many bytes of a dying child's words are kept.
const stderrTail = 2 << 10

// Run checks one part in a child process, `executable __reread`. An error says
// that there is no answer: the context ended (then it is its cause), the child
// could not be started, or it died over the files, which are named. Broken
// promises are in the answer.
//
// The child gets an empty environment: it needs no secrets.
func Run(ctx context.Context, executable string, r Request) (Answer, error) {
	request, err := json.Marshal(r)
	if err != nil {
		return Answer{}, fmt.Errorf("reread: %w", err)
	}
	stdout, stderr := &bounded{max: maxMessage}, &tail{max: stderrTail}
	child := exec.CommandContext(ctx, executable, Command)
	child.Stdin, child.Stdout, child.Stderr = bytes.NewReader(request), stdout, stderr
	child.Env = []string{"GOTRACEBACK=single"}
	child.WaitDelay = 5 * time.Second
	if err := child.Run(); err != nil {
		return Answer{}, died(ctx, r, err, stderr.String())
	}
	return readReply(r, stdout.data)
}

func died(ctx context.Context, r Request, err error, words string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("reread: %w", context.Cause(ctx))
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("reread: %w", err)
	}
	return fmt.Errorf("reread: the second reader died over %s: %w: %s", r.files(), err, words)
}

func readReply(r Request, data []byte) (Answer, error) {
	var out reply
	if err := json.Unmarshal(data, &out); err != nil {
		return Answer{}, fmt.Errorf("reread: answer about %s: %w", r.files(), err)
	}
	if out.Error != "" {
		return Answer{}, fmt.Errorf("reread: %s", out.Error)
	}
	return out.Answer, nil
}

// files names the part.
func (r Request) files() string {
	names := []string{r.Images, r.Tags, r.Embeddings}
	if r.Vocab != "" {
		names = append(names, r.Vocab)
	}
	return strings.Join(names, ", ")
}

// bounded keeps what is written up to max bytes and refuses more.
type bounded struct {
	data []byte
	max  int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if len(b.data)+len(p) > b.max {
		return 0, fmt.Errorf("the answer has more than %d bytes", b.max)
	}
	b.data = append(b.data, p...)
	return len(p), nil
}
