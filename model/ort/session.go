package ort

import (
	"context"
	"errors"
	"fmt"

	binding "github.com/yalue/onnxruntime_go"
)

// ErrNotLoaded is reported by sessions made before Load.
var ErrNotLoaded = errors.New("ort: the runtime library is not loaded")

// Options of a session. The zero value takes the best device and one thread
// for each core.
type Options struct {
	Device  Device
	Threads int    // of the processor, within an operator; 0: one for each core
	Spin    bool   // idle threads wait in a busy loop: for a machine with nothing else to do
	Lean    bool   // do not plan memory from the first run: the plan's region comes on top of what that run took
	Silent  bool   // nothing goes to standard error: for a try whose failure is expected
	Profile string // file name prefix; not empty: the library writes a JSON profile when the session closes
}

// Session is a loaded graph on one device, for one goroutine at a time.
type Session struct {
	Model   Model
	session *binding.DynamicAdvancedSession
	device  Device
	passed  []string
}

// NewSession checks the ONNX model (see Check) and loads it. With a named
// device it works there or fails; with Auto it says where (Device) and why
// nowhere better (PassedOver).
func NewSession(model []byte, o Options) (*Session, error) {
	if _, ok := Loaded(); !ok {
		return nil, ErrNotLoaded
	}
	m, err := Inspect(model)
	if err != nil {
		return nil, err
	}
	s := &Session{Model: m}
	for _, d := range candidates(o.Device) {
		err = s.open(model, o, d)
		if err == nil {
			return s, nil
		}
		s.passed = append(s.passed, fmt.Sprintf("%s: %v", d, err))
	}
	return nil, fmt.Errorf("ort: device %s: %w", o.Device, err)
}

func candidates(d Device) []Device {
	if d.Provider == Auto {
		return []Device{{Provider: CUDA}, {Provider: CPU}}
	}
	return []Device{d}
}

func (s *Session) open(model []byte, o Options, d Device) error {
	so, err := sessionOptions(o, d)
	if err != nil {
		return plain(err)
	}
	defer so.Destroy()
	s.session, err = binding.NewDynamicAdvancedSessionWithONNXData(model, names(s.Model.Inputs), names(s.Model.Outputs), so)
	if err != nil {
		return plain(err)
	}
	s.device = d
	return nil
}

func sessionOptions(o Options, d Device) (*binding.SessionOptions, error) {
	so, err := binding.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	if err := configure(so, o, d); err != nil {
		so.Destroy()
		return nil, err
	}
	return so, nil
}

func configure(so *binding.SessionOptions, o Options, d Device) error {
	spin := "0"
	if o.Spin {
		spin = "1"
	}
	entries := [][2]string{
		{"session.load_model_format", "ONNX"}, // never the other format that the bytes might also be
		{"session.intra_op.allow_spinning", spin},
		{"session.inter_op.allow_spinning", spin},
	}
	for _, e := range entries {
		if err := so.AddSessionConfigEntry(e[0], e[1]); err != nil {
			return err
		}
	}
	if o.Silent {
		if err := so.SetLogSeverityLevel(binding.LoggingLevelFatal); err != nil {
			return err
		}
	}
	if o.Profile != "" {
		if err := so.EnableProfiling(o.Profile); err != nil {
			return err
		}
	}
	return errors.Join(
		so.SetGraphOptimizationLevel(binding.GraphOptimizationLevelEnableAll),
		so.SetMemPattern(!o.Lean),
		so.SetIntraOpNumThreads(o.Threads),
		so.SetInterOpNumThreads(1),
		attach(so, d))
}

// Device returns the device that computes.
func (s *Session) Device() Device { return s.device }

// PassedOver says for each better device why Auto did not take it.
func (s *Session) PassedOver() []string { return s.passed }

// Run computes outputs from inputs, each in the order of the model's. Both
// lend their memory until Run returns. A cancelled context ends the run after
// the operator at work, with the context's cause.
func (s *Session) Run(ctx context.Context, inputs, outputs []Tensor) error {
	var l loan
	defer l.end()
	in, out := l.values(inputs), l.values(outputs)
	if l.err != nil {
		return fmt.Errorf("ort: run: %w", l.err)
	}
	return s.run(ctx, in, out)
}

// run fills the outputs; one that is nil becomes a value of the library's.
func (s *Session) run(ctx context.Context, in, out []binding.Value) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if s.session == nil {
		return errors.New("ort: run: the session is closed")
	}
	options, release, err := runOptions(ctx)
	if err != nil {
		return fmt.Errorf("ort: run: %w", plain(err))
	}
	defer release()
	err = s.session.RunWithOptions(in, out, options)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return fmt.Errorf("ort: run: %w", plain(err))
	}
	return nil
}

// runOptions ties a run to its context. release must be called after the run.
func runOptions(ctx context.Context) (*binding.RunOptions, func(), error) {
	if ctx.Done() == nil {
		return nil, func() {}, nil
	}
	options, err := binding.NewRunOptions()
	if err != nil {
		return nil, nil, err
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = options.Terminate()
	})
	return options, func() {
		if !stop() {
			<-ended // Terminate may still hold the options
		}
		_ = options.Destroy()
	}, nil
}

// Close frees the session. It must not be running.
func (s *Session) Close() error {
	if s.session == nil {
		return nil
	}
	session := s.session
	s.session = nil
	if err := session.Destroy(); err != nil {
		return fmt.Errorf("ort: close session: %w", plain(err))
	}
	return nil
}
