// Package coco reads the labels of COCO's instances files, and of files in their
// form: one JSON object with the lists images, annotations and categories.
//
//	{"images": [{"id": 139, "file_name": "000000000139.jpg"}, …],
//	 "annotations": [{"image_id": 139, "category_id": 64, "iscrowd": 0}, …],
//	 "categories": [{"id": 64, "name": "potted plant"}, …]}
//
// Ids need not follow one another (COCO's 80 categories have ids 1 to 90): tags
// are the names of categories, never their places.
package coco

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/sdl-batch/sdl-batch/model/jsonvalue"
)

// ErrInvalid: this is no instances file.
var ErrInvalid = errors.New("no COCO instances")

const (
	// maxElement bounds one element of a list, in bytes of JSON: an outline of
	// half a million points fits.
	maxElement = 16 << 20
	// maxImages bounds the images, and maxTags the tags of all of them together:
	// what is held of an image is its name and 4 bytes a tag.
	maxImages     = 50_000_000
	maxTags       = 1_000_000_000
	maxCategories = 1_000_000
)

// Options of reading.
type Options struct {
	// SkipCrowd leaves out annotations of crowds. By default a crowd of people
	// says that people are there, as the method's authors count it.
	SkipCrowd bool
	// Progress, where not nil, is told from time to time how many images and
	// annotations were read.
	Progress func(images, annotations int64)
}

// image is an element of "images"; a value that is missing is nil.
type image struct {
	ID   *int64  `json:"id"`
	Name *string `json:"file_name"`
}

// annotation is what counts of an element of "annotations".
type annotation struct {
	Image    *int64 `json:"image_id"`
	Category *int64 `json:"category_id"`
	Crowd    flag   `json:"iscrowd"`
}

// category is an element of "categories".
type category struct {
	ID   *int64  `json:"id"`
	Name *string `json:"name"`
}

// flag is 0 or 1, or false or true.
type flag bool

// UnmarshalJSON implements json.Unmarshaler.
func (f *flag) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "0", "false", "null":
		*f = false
	case "1", "true":
		*f = true
	default:
		return fmt.Errorf("iscrowd is %s, want 0 or 1", data)
	}
	return nil
}

// Read reads a whole file. It holds no more of it than the names of images and
// the categories of each, so that the lists may come in any order. What is no
// such file is ErrInvalid, with the list and the place in it.
func Read(r io.Reader, o Options) (*Instances, error) {
	in := &budget{r: r}
	d := &reader{in: in, json: json.NewDecoder(withoutMark(in)), o: o, set: newInstances()}
	if err := d.file(); err != nil {
		return nil, err
	}
	return d.set, d.set.join()
}

// withoutMark leaves out a byte order mark.
func withoutMark(in *budget) io.Reader {
	const mark = "\xEF\xBB\xBF"
	in.left = maxElement
	text := bufio.NewReader(in)
	if head, _ := text.Peek(len(mark)); string(head) == mark { // an error comes again with Read
		_, _ = text.Discard(len(mark))
	}
	return text
}

// budget bounds what is read for one element.
type budget struct {
	r    io.Reader
	left int64
	err  error // how reading failed, io.EOF apart
}

var errElement = fmt.Errorf("an element of more than %d bytes", maxElement)

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errElement
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// reader reads one file.
type reader struct {
	in   *budget
	json *json.Decoder
	o    Options
	set  *Instances
}

// file reads the object that the file is, and nothing behind it.
func (d *reader) file() error {
	d.in.left = maxElement
	if err := d.delim('{'); err != nil {
		return err
	}
	have := map[string]bool{}
	for d.more() {
		key, err := d.token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		if have[name] && lists[name] != nil {
			return d.invalid(fmt.Errorf("%q comes twice", name))
		}
		have[name] = true
		if err := d.value(name); err != nil {
			return err
		}
	}
	if err := errors.Join(d.delim('}'), d.end()); err != nil {
		return err
	}
	for _, name := range []string{"images", "annotations", "categories"} {
		if !have[name] {
			return fmt.Errorf("%w: there is no list %q", ErrInvalid, name)
		}
	}
	return nil
}

// end checks that nothing follows.
func (d *reader) end() error {
	token, err := d.json.Token()
	switch {
	case d.in.err != nil:
		return d.in.err
	case err == io.EOF:
		return nil
	case err == nil:
		err = fmt.Errorf("%v follows the object", token)
	}
	return d.invalid(err)
}

// lists are the readers of one element of each list that counts.
var lists = map[string]func(d *reader) error{
	"images":      func(d *reader) error { return element(d, d.set.addImage) },
	"annotations": func(d *reader) error { return element(d, d.annotation) },
	"categories":  func(d *reader) error { return element(d, d.set.addCategory) },
}

// value reads what belongs to a key of the file.
func (d *reader) value(name string) error {
	read := lists[name]
	if read == nil {
		return d.skip()
	}
	if err := d.delim('['); err != nil {
		return fmt.Errorf("%w (%q)", err, name)
	}
	for i := 0; d.more(); i++ {
		if err := read(d); err != nil {
			return fmt.Errorf("%s[%d]: %w", name, i, err)
		}
	}
	return d.delim(']')
}

// element reads one element of a list.
func element[T any](d *reader, add func(T) error) error {
	var value T
	if err := d.json.Decode(&value); err != nil {
		return d.invalid(plainly(err))
	}
	d.in.left = maxElement
	if err := add(value); err != nil {
		return d.invalid(err)
	}
	return nil
}

// plainly words a value of another type without Go's names.
func plainly(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	want := "an object"
	switch wrong.Type.Kind() {
	case reflect.Int64:
		want = "a whole number"
	case reflect.String:
		want = "a string"
	}
	return fmt.Errorf("%s is a %s, want %s", cmp.Or(wrong.Field, "the element"), wrong.Value, want)
}

func (d *reader) annotation(a annotation) error {
	if a.Crowd {
		d.set.Crowds++
		if d.o.SkipCrowd {
			d.set.Annotations++
			return nil
		}
	}
	if err := d.set.addAnnotation(a); err != nil {
		return err
	}
	if d.o.Progress != nil && d.set.Annotations%(1<<14) == 0 {
		d.o.Progress(int64(len(d.set.images)), d.set.Annotations)
	}
	return nil
}

// skip passes over a value of any size.
func (d *reader) skip() error {
	err := jsonvalue.Skip(d.token)
	if errors.Is(err, jsonvalue.ErrDepth) {
		return d.invalid(err)
	}
	return err
}

func (d *reader) more() bool {
	d.in.left = maxElement
	return d.json.More()
}

func (d *reader) token() (json.Token, error) {
	d.in.left = maxElement
	token, err := d.json.Token()
	if err != nil {
		return nil, d.invalid(err)
	}
	return token, nil
}

func (d *reader) delim(want json.Delim) error {
	token, err := d.token()
	if err != nil {
		return err
	}
	if token != want {
		return d.invalid(fmt.Errorf("%v where %q is wanted", token, want))
	}
	return nil
}

// invalid says where the file is not as it should be; an error of reading it
// stays what it is.
func (d *reader) invalid(err error) error {
	switch {
	case d.in.err != nil:
		return d.in.err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: the file ends in the middle, after %d bytes", ErrInvalid, d.json.InputOffset())
	}
	return fmt.Errorf("%w: near byte %d: %w", ErrInvalid, d.json.InputOffset(), err)
}
