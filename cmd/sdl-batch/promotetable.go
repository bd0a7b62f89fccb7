package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/sdl-batch/sdl-batch/jobs/promote"
)

// printPromotion prints what was compared, a line for each requirement, and how
// it ended.
func printPromotion(w io.Writer, p *promote.Promotion) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "pointer\t%s\n", p.Pointer)
	if p.AlreadyCurrent {
		fmt.Fprintf(t, "current\t%s is it already; nothing to do\n", shortID(p.Candidate.ModelID))
		return t.Flush()
	}
	fmt.Fprintf(t, "candidate\t%s\n", sideWords(p.Candidate))
	if p.Current == nil {
		fmt.Fprintf(t, "current\tnone yet: what compares with it is met\n")
	} else {
		fmt.Fprintf(t, "current\t%s\n", sideWords(p.Current))
	}
	fmt.Fprintf(t, "labels\t%s%s: %s\n", p.Labels, splitWords(p.Split), counted(int(p.Rows), "image"))
	if err := t.Flush(); err != nil {
		return err
	}
	if err := printOutcomes(w, p.Requirements); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", verdict(p))
	return err
}

func sideWords(s *promote.Side) string {
	text := fmt.Sprintf("%s, %s", s.Location, shortID(s.ModelID))
	if s.Untrained {
		text += ", untrained"
	}
	if s.Rejects.Count > 0 {
		text += fmt.Sprintf(", %d rejected", s.Rejects.Count)
	}
	return text
}

func printOutcomes(w io.Writer, outcomes []promote.Outcome) error {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "REQUIRED\tCANDIDATE\tCURRENT\tLIMIT\t\n")
	for _, o := range outcomes {
		fmt.Fprintf(t, "%s\t%.2f\t%s\t%s\t%s\n", o.Requirement, o.Candidate, figureText(o.Current), figureText(o.Limit), outcomeWords(o))
	}
	return t.Flush()
}

func figureText(p *float64) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", *p)
}

func outcomeWords(o promote.Outcome) string {
	if o.Met {
		return "met"
	}
	return fmt.Sprintf("NOT MET, short by %.2f", o.ShortBy)
}

func verdict(p *promote.Promotion) string {
	switch {
	case p.Promoted:
		return fmt.Sprintf("promoted: %s leads to %s", p.Pointer, p.Bundle)
	case p.DryRun:
		return "dry run: the pointer was left as it is"
	}
	return "not promoted"
}
