package listing

import (
	"fmt"
	"regexp"
	"strings"
)

// special are the characters that make a pattern of a name.
const special = `*?[{\`

// pattern is a glob over whole names:
//
//	?      one character but a slash
//	*      any number of them
//	**     any characters; as the whole of a folder's name, any number of folders,
//	       be it none
//	[a-z]  one of a class; [!a-z] one that is not in it
//	{a,b}  one of several, without braces in them
//	\x     the character x
type pattern struct {
	fixed string // what every key that matches begins with
	match *regexp.Regexp
}

// parsePattern reads a glob.
func parsePattern(glob string) (*pattern, error) {
	p := &parser{rest: glob}
	for p.rest != "" && p.err == nil {
		p.next()
	}
	if p.err == nil && p.open {
		p.err = fmt.Errorf("a brace is not closed")
	}
	if p.err != nil {
		return nil, fmt.Errorf("pattern %q: %w", glob, p.err)
	}
	match, err := regexp.Compile(`(?s)\A(?:` + p.out.String() + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: malformed class or braces", glob)
	}
	return &pattern{fixed: fixedPart(glob), match: match}, nil
}

// fixedPart is a pattern up to its first special character.
func fixedPart(glob string) string {
	if i := strings.IndexAny(glob, special); i >= 0 {
		return glob[:i]
	}
	return glob
}

// parser turns a glob into a regular expression, piece by piece.
type parser struct {
	rest string
	out  strings.Builder
	open bool // within braces
	err  error
}

func (p *parser) next() {
	switch {
	case p.take("**/"):
		p.out.WriteString(p.folders())
	case p.take("**"):
		p.out.WriteString(`.*`)
	case p.take("*"):
		p.out.WriteString(`[^/]*`)
	case p.take("?"):
		p.out.WriteString(`[^/]`)
	case p.take("["):
		p.class()
	case p.take("{"):
		p.brace(!p.open, `(?:`)
	case p.open && p.take(","):
		p.out.WriteString(`|`)
	case p.open && p.take("}"):
		p.brace(p.open, `)`)
	default:
		p.literal()
	}
}

func (p *parser) take(piece string) bool {
	rest, ok := strings.CutPrefix(p.rest, piece)
	if ok {
		p.rest = rest
	}
	return ok
}

// folders is what **/ stands for: folders where it is the whole of a name,
// else anything up to a slash.
func (p *parser) folders() string {
	if written := p.out.String(); written == "" || strings.HasSuffix(written, "/") {
		return `(?:.*/)?`
	}
	return `.*/`
}

func (p *parser) brace(fits bool, piece string) {
	if !fits {
		p.err = fmt.Errorf("braces within braces")
		return
	}
	p.open = !p.open
	p.out.WriteString(piece)
}

// class reads what follows a bracket.
func (p *parser) class() {
	not := p.take("!") || p.take("^")
	end := strings.IndexByte(p.rest[min(1, len(p.rest)):], ']') + 1 // a bracket may come first
	if end == 0 {
		p.err = fmt.Errorf("a bracket is not closed")
		return
	}
	members := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`, `&`, `\&`, `~`, `\~`).Replace(p.rest[:end])
	p.rest = p.rest[end+1:]
	if not {
		members = `^/` + members
	}
	p.out.WriteString(`[` + members + `]`)
}

// literal reads one character that means itself.
func (p *parser) literal() {
	if p.take(`\`) && p.rest == "" {
		p.err = fmt.Errorf("nothing follows the last backslash")
		return
	}
	n := strings.IndexAny(p.rest[1:], special+",}") + 1
	if n == 0 {
		n = len(p.rest)
	}
	p.out.WriteString(regexp.QuoteMeta(p.rest[:n]))
	p.rest = p.rest[n:]
}
