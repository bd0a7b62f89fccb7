package dataset

import (
	"cmp"
	"fmt"
	"strings"
)

// Differences tells in words how the run that another plan describes differs from
// p's; empty where their identities are equal. Digests are shortened, and what
// has one is named with its place or its rows, too.
func (p *Plan) Differences(other *Plan) []string {
	var out []string
	note := func(what string, equal bool, a, b any) {
		if !equal {
			out = append(out, fmt.Sprintf("%s: the run has %v, this command %v", what, a, b))
		}
	}
	text := func(what, a, b, none string) { note(what, a == b, cmp.Or(a, none), cmp.Or(b, none)) }
	list := func(what string, a, b []string) { text(what, strings.Join(a, ", "), strings.Join(b, ", "), "none") }
	a, b := p.Identity, other.Identity
	note("manifest content", a.ManifestSHA256 == b.ManifestSHA256, p.manifestText(), other.manifestText())
	text("manifest format", a.ManifestFormat, b.ManifestFormat, "none")
	text("folder of relative names", a.ManifestBase, b.ManifestBase, "none")
	text("uri column", a.URIColumn, b.URIColumn, "a usual one")
	list("carried columns", a.Carried, b.Carried)
	note("model", a.ModelID == b.ModelID, named(a.ModelID, p.ModelURI), named(b.ModelID, other.ModelURI))
	note("vocabulary", a.VocabID == b.VocabID, named(a.VocabID, p.VocabURI), named(b.VocabID, other.VocabURI))
	note("top-k", a.TopK == b.TopK, a.TopK, b.TopK)
	text("precision", a.Precision, b.Precision, "none")
	note("table schema", a.Schema == b.Schema, a.Schema, b.Schema)
	text("table format", a.Files(), b.Files(), "none")
	list("web hosts allowed", a.AllowHTTP, b.AllowHTTP)
	return out
}

func (p *Plan) manifestText() string {
	return fmt.Sprintf("%d rows in %s, sha256:%s", p.Rows, p.Manifest.URI, short(p.Identity.ManifestSHA256))
}

// named is a model or a vocabulary by its place and its digest.
func named(id, uri string) string {
	kind, digest, _ := strings.Cut(id, ":")
	return cmp.Or(uri, "the program's own") + ", " + kind + ":" + short(digest)
}

// short is the begin of a digest, as much as tells it from others.
func short(digest string) string { return digest[:min(12, len(digest))] }
