package wordvectors

import (
	"slices"
	"strings"
	"unicode"
)

// joints are what stands between the words of a phrase in files of vectors, the
// commonest first.
var joints = []string{"_", "-", " "}

// Words parts a phrase at spaces, underscores and hyphens.
func Words(phrase string) []string {
	return strings.FieldsFunc(phrase, func(r rune) bool { return r == '_' || r == '-' || unicode.IsSpace(r) })
}

// Spellings lists how files write a word or phrase: as it is, then its words
// joined otherwise, then all of that in lower case.
func Spellings(phrase string) []string {
	list := []string{phrase}
	if words := Words(phrase); len(words) > 1 {
		for _, joint := range joints {
			list = append(list, strings.Join(words, joint))
		}
	}
	for _, s := range list {
		list = append(list, strings.ToLower(s))
	}
	return unique(list)
}

func unique(list []string) []string {
	var kept []string
	for _, s := range list {
		if !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// maxFolded bounds words that are folded, in bytes.
const maxFolded = 64

// Fold takes away what spellings of one phrase differ in: the case of ASCII
// letters and what joins words. It is "" for words that are too long.
func Fold(word string) string { return string(fold(nil, []byte(word))) }

// fold appends the folded word to dst; it returns nil for one that is too long.
func fold(dst, word []byte) []byte {
	if len(word) > maxFolded {
		return nil
	}
	for _, b := range word {
		switch {
		case b == ' ' || b == '_' || b == '-':
		case b >= 'A' && b <= 'Z':
			dst = append(dst, b+'a'-'A')
		default:
			dst = append(dst, b)
		}
	}
	return dst
}
