package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs/doctor"
)

func newDoctor() *cobra.Command {
	var o doctor.Options
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor [URI…]",
		Short: "Tell what works on this machine and what does not",
		Long: `Look at what a job needs here: cores, memory and scratch space, the runtime
library, the model and vocabulary (it labels an image that it draws), every kind
of device, and access to the stores that are named.

A URI is read: an object's first byte, or of a folder the list and its first
object; an image of the web as a whole. --write tries a folder as the output of a
run: records that only one of two writers may create, files, copies, deletion. It
leaves nothing behind.

Each finding is ok, warn or fail, or off for a device that is not here and was
not named. The exit status is 0 when nothing failed, 75 when what failed may pass
by itself, else 78.`,
		Example: `  sdl-batch doctor
  sdl-batch doctor s3://lake/images.csv s3://lake/photos --write s3://lake/labels
  sdl-batch doctor --device cuda --model s3://lake/models/current --vocab s3://lake/vocab.parquet --json`,
		RunE: func(c *cobra.Command, args []string) (err error) {
			o.Read, o.Program, o.LibraryEnv = args, program(), os.Getenv("SDL_ORT_LIB")
			if o.Executable, err = os.Executable(); err != nil {
				return err
			}
			var show func(doctor.Finding)
			var unprinted error
			if !asJSON {
				show = func(f doctor.Finding) { unprinted = errors.Join(unprinted, printFinding(c.OutOrStdout(), f)) }
			}
			r, err := doctor.Run(c.Context(), o, show)
			if unprinted != nil {
				return unprinted
			}
			if r != nil && asJSON {
				for i, f := range r.Findings {
					r.Findings[i].Hint = cureOf(f)
				}
				if err := printJSON(c.OutOrStdout(), r); err != nil {
					return err
				}
			}
			if r != nil && err != nil {
				return hinted{err, "the hints with the findings say what helps"}
			}
			return err
		},
	}
	f := c.Flags()
	f.StringSliceVar(&o.Write, "write", nil, "folders to try as an output: paths or URIs, comma-separated; small files are made and deleted")
	f.StringVar(&o.Model, "model", "", "bundle: a path or URI (default: the one in the program)")
	f.StringVar(&o.Vocab, "vocab", "", "vocabulary Parquet: a path or URI (default: the one in the program)")
	f.StringVar(&o.Device, "device", "auto", "device that must work: auto, cpu, cuda[:i], tensorrt[:i] or webgpu")
	f.StringVar(&o.Library, "ort-lib", "", "path of the ONNX Runtime library (default: SDL_ORT_LIB, beside the program, system paths)")
	f.StringVar(&o.ScratchDir, "scratch", "", "folder of temporary files (default: the system's)")
	f.BoolVar(&asJSON, "json", false, "print the findings as JSON")
	complete(c, "device", "auto", "cpu", "cuda", "tensorrt", "webgpu")
	return c
}

// printFinding prints a finding as it is made.
func printFinding(w io.Writer, f doctor.Finding) error {
	detail := words(detailed(f.Detail))
	if f.Seconds > 0 && strings.Contains(f.Check, " ") { // of a store; a device tells its own time
		detail += fmt.Sprintf(" (%.0f ms)", 1000*f.Seconds)
	}
	text := fmt.Sprintf("%-4s  %-10s %s\n", f.Status, f.Check+":", detail)
	if hint := cureOf(f); hint != "" {
		text += fmt.Sprintf("      %-10s hint: %s\n", "", hint)
	}
	_, err := io.WriteString(w, text)
	return err
}

// detailed is a finding's text as an error, for words.
type detailed string

func (d detailed) Error() string { return string(d) }

// cureOf is a finding's hint, or that of its error.
func cureOf(f doctor.Finding) string {
	hint := ""
	if f.Err != nil {
		_, hint = statusOf(f.Err)
	}
	return cmp.Or(f.Hint, hint)
}

// newDoctorDevice is the child that doctor starts.
func newDoctorDevice() *cobra.Command {
	return &cobra.Command{
		Use: doctor.Command, Hidden: true, Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return doctor.ChildMain(c.Context(), c.InOrStdin(), c.OutOrStdout())
		},
	}
}
