package listing

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPatternsMatchAsShellsDo(t *testing.T) {
	cases := []struct{ glob, match, not string }{
		{"*.jpg", "a.jpg|.jpg|a b.jpg|two\nlines.jpg", "a/b.jpg|a.JPG|a.jpgx|ajpg"},
		{"**/*.jpg", "a.jpg|a/b.jpg|a/b/c.jpg", "a.png|a.jpg/b"},
		{"a/**", "a/b|a/b/c.jpg|a/", "a|ab|b/a/c"},
		{"a/**/b.jpg", "a/b.jpg|a/x/b.jpg|a/x/y/b.jpg", "a/xb.jpg|ab.jpg"},
		{"**thumb**", "thumb|a/thumbs/b|xthumb", "thum/b"},
		{"a**/b", "a/b|ax/b|ax/y/b", "b|xa/b|ab"},
		{"img?.jpg", "img1.jpg|imgé.jpg", "img.jpg|img12.jpg|img/.jpg"},
		{"[a-c]x", "ax|cx", "dx|x|abx"},
		{"[!a-c]x", "dx|-x", "ax|/x"},
		{"[^a]x", "bx", "ax"},
		{"[]a]x", "]x|ax", "bx"},
		{"[[^&]x", "[x|^x|&x", "ax"},
		{"*.{jpg,png}", "a.jpg|b.png", "a.jpg,png|a.gif"},
		{"{a*,b/**}.jpg", "ax.jpg|b/x/y.jpg", "c.jpg|a/x.jpg"},
		{`\*\[\{\?\\x`, `*[{?\x`, `a[{?\x`},
		{"a,b}c+(d).$|^", "a,b}c+(d).$|^", "a"},
		{"größe*", "größe.jpg", "gröse.jpg"},
	}
	for _, c := range cases {
		p, err := parsePattern(c.glob)
		if err != nil {
			t.Errorf("%s: %v", c.glob, err)
			continue
		}
		split := func(names string) []string {
			if strings.Contains(c.glob, "|") {
				return []string{names}
			}
			return strings.Split(names, "|")
		}
		for _, name := range split(c.match) {
			if !p.match.MatchString(name) || !strings.HasPrefix(name, p.fixed) {
				t.Errorf("%s does not match %q (fixed %q)", c.glob, name, p.fixed)
			}
		}
		for _, name := range split(c.not) {
			if p.match.MatchString(name) {
				t.Errorf("%s matches %q", c.glob, name)
			}
		}
	}
}

func TestMalformedPatternsAreTold(t *testing.T) {
	for glob, want := range map[string]string{
		"a[b":       "a bracket is not closed",
		"[":         "a bracket is not closed",
		"{a,b":      "a brace is not closed",
		"{a,{b,c}}": "braces within braces",
		`a\`:        "nothing follows the last backslash",
		"[z-a]":     "malformed",
		"[\xff-a]*": "malformed",
	} {
		if _, err := parsePattern(glob); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", glob, err, want)
		}
	}
}

// TestEscapedNamesMatchThemselvesOnly.
func TestEscapedNamesMatchThemselvesOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		var glob strings.Builder
		for _, r := range name {
			if strings.ContainsRune(special, r) {
				glob.WriteByte('\\')
			}
			glob.WriteRune(r)
		}
		p, err := parsePattern(glob.String())
		if err != nil {
			t.Fatal(err)
		}
		other := rapid.String().Draw(t, "other")
		if !p.match.MatchString(name) || other != name && p.match.MatchString(other) {
			t.Fatalf("%q, %q", name, other)
		}
	})
}

func FuzzPattern(f *testing.F) {
	f.Add("a/**/{b,c}[!d]?.jpg", "a/x/be.jpg")
	f.Add(`\*[]]{`, "x")
	f.Fuzz(func(t *testing.T, glob, name string) {
		p, err := parsePattern(glob)
		if err == nil && p.match.MatchString(name) && !strings.HasPrefix(name, p.fixed) {
			t.Fatalf("%q matches %q, which does not begin with %q", glob, name, p.fixed)
		}
	})
}
