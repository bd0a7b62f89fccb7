package storagetest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// server is a store that runs as a process of its own: one for a test program,
// started with the first test that asks for it.
type server struct {
	program string // below the folder of servers
	// command is what to run; address is the host:port to listen on, data a
	// folder for what is stored.
	command func(program, address, data string) []string

	once    sync.Once
	address string
	err     error
}

// errAbsent: the programs are not installed.
var errAbsent = errors.New("its server is not installed: run `make servers`")

// start returns the host:port of the server. Where it is not installed the test
// is skipped, by name.
func (s *server) start(t testing.TB) string {
	t.Helper()
	s.once.Do(func() { s.address, s.err = s.run() })
	if errors.Is(s.err, errAbsent) {
		t.Skipf("%s: %v", s.program, s.err)
	}
	if s.err != nil {
		t.Fatalf("%s: %v", s.program, s.err)
	}
	return s.address
}

// programs is the folder that `make servers` fills.
func programs() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", "bin", "servers")
}

// keeper runs a server as long as its own standard input is open, which is as
// long as the test program lives, however it ends: a signal to all of them, as from a
// terminal, leaves the keeper to clean up.
const keeper = `trap '' HUP INT QUIT TERM; data=$1; shift
"$@" </dev/null & server=$!
read -r line
kill -9 $server; wait $server; rm -rf "$data"`

func (s *server) run() (address string, err error) {
	program := filepath.Join(programs(), s.program)
	if _, err := os.Stat(program); err != nil {
		return "", errAbsent
	}
	if address, err = freeAddress(); err != nil {
		return "", err
	}
	data, err := os.MkdirTemp("", "sdl-server-")
	if err != nil {
		return "", err
	}
	log, err := os.Create(filepath.Join(data, "server.log"))
	if err != nil {
		return "", err
	}
	defer log.Close()
	open, lifeline, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer open.Close()
	command := exec.Command("sh", append([]string{"-c", keeper, "keeper", data}, s.command(program, address, data)...)...)
	command.Dir = data
	command.Stdin, command.Stdout, command.Stderr = open, log, log
	if err := command.Start(); err != nil {
		return "", err
	}
	lifelines.Lock()
	lifelines.open = append(lifelines.open, running{lifeline, command})
	lifelines.Unlock()
	return address, answers(address, log.Name())
}

// lifelines are held open to the end of the process, or of its tests.
var lifelines struct {
	sync.Mutex
	open []running
}

// running is a server with what keeps it alive.
type running struct {
	lifeline *os.File
	keeper   *exec.Cmd
}

// Served are the tests of a program, after which its servers are gone. So are
// connections to them that nobody uses, as they are with servers of a single test:
// the vendors' clients may make one for a request that was given up, after their
// bucket was closed.
type Served struct{ Tests interface{ Run() int } }

// Run runs the tests.
func (s Served) Run() int {
	defer stopServers()
	return s.Tests.Run()
}

func stopServers() {
	lifelines.Lock()
	defer lifelines.Unlock()
	for _, r := range lifelines.open {
		r.lifeline.Close()
		_ = r.keeper.Wait() // killed, as it should be
	}
	lifelines.open = nil
}

// freeAddress is a port of the loopback that nobody listens on.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// answers waits until a server speaks HTTP; log is where it says why it does not.
func answers(address, log string) error {
	for range 600 {
		response, err := plain.Get("http://" + address + "/")
		if err == nil {
			response.Body.Close()
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(log)
	return fmt.Errorf("no answer within 30 s:\n%s", strings.TrimSpace(string(said)))
}

// plain keeps no connections.
var plain = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// names counts the buckets of this process.
var names struct {
	sync.Mutex
	last int
}

// newName is a bucket name that was not used before.
func newName() string {
	names.Lock()
	defer names.Unlock()
	names.last++
	return fmt.Sprintf("lake-%d", names.last)
}
