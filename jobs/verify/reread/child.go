package reread

import (
	"encoding/json"
	"fmt"
	"io"
)

// Command is the hidden subcommand under which the program is the child.
const Command = "__reread"

// maxMessage bounds a request and an answer in bytes.
const maxMessage = 1 << 20

// reply is what the child writes: an answer, or why it has none.
type reply struct {
	Answer Answer `json:"answer"`
	Error  string `json:"error,omitempty"`
}

// Main is the child process: it reads one Request as JSON, checks the part and
// writes one reply. It returns the exit status, 0 when a reply was written.
// Memory of the whole process is limited to what an honest part needs.
func Main(stdin io.Reader, stdout io.Writer) int {
	var out reply
	if r, err := readRequest(stdin); err != nil {
		out.Error = err.Error()
	} else {
		out.Answer = check(r)
	}
	if err := json.NewEncoder(stdout).Encode(out); err != nil {
		return 1
	}
	return 0
}

func readRequest(in io.Reader) (r Request, err error) {
	if err := json.NewDecoder(io.LimitReader(in, maxMessage)).Decode(&r); err != nil {
		return r, fmt.Errorf("request: %w", err)
	}
	if err := r.Validate(); err != nil {
		return r, fmt.Errorf("request: %w", err)
	}
	if err := limitMemory(r); err != nil {
		return r, fmt.Errorf("memory limit: %w", err)
	}
	return r.withDefaults(), nil
}
