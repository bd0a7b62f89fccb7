package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
)

// spellings are names of places with secrets in them, as people have them or
// mistype them; nothing can be read there.
func (w *canaryWorld) spellings(what string) []string {
	c := func(where string) string { return w.at(what + ": " + where) }
	option := "region=" + c("option")
	return []string{
		"https://me:" + c("login") + "@h.invalid/x?sig=" + c("sig") + "&X-Amz-Security-Token=" + c("security token") + "#" + c("fragment"),
		"HTTPS://h.invalid/" + "x?Key=" + c("key") + "&" + w.long(what+": nameless") + "&x%2dgoog%2dsignature=" + c("encoded name"),
		"s3://" + c("user") + ":" + c("password") + "@b/x?X-Amz-Signature=" + c("signature"),
		"S3://b/x?api_key=" + c("api key") + "&access_token=" + c("token") + "&access_token=" + c("token twice"),
		"s3://b/x?endpoint=" + url.QueryEscape("http://me:"+c("endpoint login")+"@127.0.0.1:1") + "&" + option,
		"s3://b/%zz?sig=" + c("broken") + "&%zz=" + c("broken option"),
		"https:/me:" + c("misspelled login") + "@h.invalid/x?sig=" + c("misspelled sig"),
		"https%3A%2F%2Fme%3A" + c("encoded login") + "%40h.invalid%2Fx%3Fsig%3D" + c("encoded sig"),
		"ftp://me:" + c("login of another scheme") + "@h/x?" + c("query of another scheme"),
		"nowhere/x;jsessionid=" + c("session") + "/y.jpg?access_token=" + c("token of a path"),
		"az://c/x?storage_account=a&protocol=" + c("protocol"),
		"gs://b/x?anonymous=" + c("anonymous"),
		"s3://deny/x?endpoint=" + w.echo + "&" + option,
		"s3://moved/x?endpoint=" + w.echo + "&" + option,
		"s3://mute/x?endpoint=" + w.echo + "&" + option,
		"az://stale/x?endpoint=" + w.echo + "/account",
		"gs://deny/x?anonymous=true&endpoint=" + w.echo,
		"gs://deny/x?endpoint=" + w.echo,
		"s3://b/x?endpoint=" + w.secure + "/deny" + "&" + option,
	}
}

// named are the commands with flags that name a place, and what else they need.
var named = []struct{ command, flags string }{
	{"run --manifest set.txt --output o", "manifest output model vocab ort-lib allow-root allow-http run-id uri-column manifest-format device format precision"},
	{"verify o --run-id r", "run-id"},
	{"verify --run-id r", ""},
	{"eval --labels set/labels.parquet --vocab set/vocab.parquet", "labels vocab model per-tag report"},
	{"train --labels set/labels.parquet --vocab set/vocab.parquet --init new:1,1,1,1x0.125 --size 32 --epochs 1 --output o", "labels vocab init output features scratch"},
	{"promote --candidate o --current o --labels set/labels.parquet --require seen.map>=0", "candidate current labels vocab"},
	{"model inspect", ""},
	{"model import --checkpoint none.pth --output o", "checkpoint output vocab"},
	{"model import --output o --preset clip", "onnx"},
	{"model new --output o --vocab set/vocab.parquet --layers 1,1,1,1 --width 0.125", "output vocab"},
	{"vocab inspect", ""},
	{"vocab import --classes none --unseen none --vectors none --output o", "classes unseen vectors output"},
	{"vocab build --vectors none --seen none --unseen none --output o", "vectors seen unseen output"},
	{"manifest build set --output m.parquet", "output since"},
	{"manifest build --output m.parquet", ""},
	{"labels import coco --instances none --output o", "instances images vocab unjoined"},
	{"labels import nuswide --list none --output o", "list vocab concepts concept-labels tags"},
	{"labels import openimages --labels none --classes none --output o", "labels classes vocab"},
	{"doctor", "write model vocab"},
	{"doctor --json", ""},
	{"demo --output o --scenes 1", "output"},
	{"demo scenes --train 1 --val 0 --test 0", "output"},
	{"nonsense", ""},
}

// TestNoFailureTellsASecret gives secrets to every flag and argument that names a
// place.
func TestNoFailureTellsASecret(t *testing.T) {
	w := newCanaryWorld(t)
	w.must(t, "demo", "scenes", "--output", "set", "--train", "4", "--val", "2", "--test", "1")
	turn := 0
	for _, n := range named {
		for _, flag := range strings.Fields(n.flags + " -") {
			all := w.spellings(n.command + " " + flag)
			for range spellingsTried(len(all)) {
				spelling := all[turn%len(all)]
				turn++ // the next flag gets others
				t.Run(fmt.Sprint(turn), func(t *testing.T) {
					t.Parallel()
					w.run(t, nil, append(strings.Fields(n.command), argument(flag, spelling)...)...)
				})
			}
		}
	}
	t.Cleanup(func() { w.inFolder(t, w.folder) })
}

// spellingsTried is how many spellings each flag gets: all of them where SDL_TORTURE is
// set.
func spellingsTried(all int) int {
	if os.Getenv("SDL_TORTURE") != "" {
		return all
	}
	return 2
}

// argument is a flag with its value, or the value alone.
func argument(flag, value string) []string {
	if flag == "-" {
		return []string{value}
	}
	return []string{"--" + flag, value}
}
