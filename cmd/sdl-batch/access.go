package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sdl-batch/sdl-batch/jobs"
	"github.com/sdl-batch/sdl-batch/storage"
)

const allowHTTP = "allow-http"

// addAccess adds the flags that say which images a table may name.
func addAccess(c *cobra.Command, a *jobs.Access, table string) {
	f := c.Flags()
	f.StringSliceVar(&a.AllowRoots, "allow-root", nil, "local folders that "+table+" may name (default: none)")
	f.StringSliceVar(&a.AllowHTTP, allowHTTP, nil, "read http and https images, of any host with a public address, or with =HOST,*.DOMAIN,… of these alone (default: none)")
	f.Lookup(allowHTTP).NoOptDefVal = storage.AnyWebHost
	f.IntVar(&a.PerHost, "per-host", 0, "requests at one web host at once (default: 8)")
}

// meantHosts explains an argument that was meant as a value of --allow-http,
// which takes it behind "=" only.
func meantHosts(c *cobra.Command, args []string) string {
	f := c.Flags().Lookup(allowHTTP)
	if f == nil || !f.Changed || len(args) == 0 || storage.CheckWebHosts(args[:1]) != nil {
		return ""
	}
	return fmt.Sprintf("; if it is a host to read from, write --%s=%s", allowHTTP, strings.Join(args, ","))
}

// notAllowed is how rejects of web images that may not be read are counted.
const notAllowed = "fetch/not_allowed"

// hintOfWeb tells how images of the web are allowed, where some were not.
func hintOfWeb(rejects map[string]int64, a jobs.Access) string {
	switch {
	case rejects[notAllowed] == 0:
		return ""
	case len(a.AllowHTTP) == 0:
		return "http and https images are read with --allow-http alone, which makes it another run: leave --run-id out or give a new one"
	}
	return "the message column of the images table tells why an image of the web may not be read: its host is not among those of --allow-http, or has no public address"
}

// orAllowed adds that hint to a run that had too many rejects.
func orAllowed(err error, a jobs.Access) error {
	var over *jobs.BudgetError
	if errors.As(err, &over) {
		if hint := hintOfWeb(over.Codes, a); hint != "" {
			return hinted{err, hint}
		}
	}
	return err
}

// printHint prints a hint that belongs to no error; "" prints nothing.
func printHint(w io.Writer, hint string) {
	if hint != "" {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
}
