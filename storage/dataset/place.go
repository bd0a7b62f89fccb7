package dataset

import (
	"regexp"
	"strconv"
	"strings"
)

// Kind says what a file of a dataset is for.
type Kind int

// Kinds of files. Records and what no run makes are OtherFile.
const (
	OtherFile   Kind = iota
	AttemptFile      // of one attempt at a shard
	KeptFile         // rows of a compressed manifest
	ProbeFile        // what a planner tried the store with
	TableFile        // in a run's folder of a table
)

// Place is what the name of a file, or of one under construction, tells.
type Place struct {
	Kind    Kind
	Run     string
	Shard   int    // of an AttemptFile
	Attempt string // of an AttemptFile
}

var tableFolder = regexp.MustCompile(`^(?:images|tags|embeddings|vocab)/run=([^/]+)/[^/]+$`)

// PlaceOf tells what a key of the dataset is. ok is false where it is in no run.
func PlaceOf(key string) (place Place, ok bool) {
	if m := tableFolder.FindStringSubmatch(key); m != nil {
		return Place{Kind: TableFile, Run: m[1]}, ValidateRunID(m[1]) == nil
	}
	parts := strings.Split(key, "/")
	if len(parts) < 3 || parts[0]+"/" != runsFolder || ValidateRunID(parts[1]) != nil {
		return Place{}, false
	}
	place.Run = parts[1]
	switch within := parts[2:]; {
	case len(within) == 3 && within[0] == "attempts":
		if shard, attempt, ok := parseAttempt(within[1]); ok {
			place.Kind, place.Shard, place.Attempt = AttemptFile, shard, attempt
		}
	case len(within) == 2 && within[0] == "manifest":
		place.Kind = KeptFile
	case len(within) == 2 && within[0] == "probe":
		place.Kind = ProbeFile
	}
	return place, true
}

// parseAttempt reads what AttemptName has written.
func parseAttempt(name string) (shard int, attempt string, ok bool) {
	number, attempt, _ := strings.Cut(name, ".")
	shard, err := strconv.Atoi(number)
	return shard, attempt, err == nil && shard >= 0 && attemptID.MatchString(attempt) && AttemptName(shard, attempt) == name
}

// Places are the prefixes below which a run writes; of all runs where run is "".
func Places(run string) []string {
	if run != "" {
		run += "/"
	}
	places := []string{runsFolder + run}
	for _, table := range Tables {
		places = append(places, table+"/run="+run)
	}
	return places
}
