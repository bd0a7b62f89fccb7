package coco

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"unicode/utf8"
)

// Instances is what a file says.
type Instances struct {
	Annotations int64 // in the file
	Crowds      int64 // of them, of crowds
	// Strays counts annotations of images that the file does not list, by the
	// image's id. What they say is lost.
	Strays map[int64]int64

	images []*entry // in the order of the file
	byID   map[int64]*entry
	byName map[string]int64 // ids of images
	names  map[int64]string // of categories, by id
	tags   int64            // of all images together
}

// entry is an image; its name is empty while it was only annotated.
type entry struct {
	name        string
	categories  []int32 // ids, ascending
	annotations int64
}

func newInstances() *Instances {
	return &Instances{Strays: map[int64]int64{}, byID: map[int64]*entry{}, byName: map[string]int64{}, names: map[int64]string{}}
}

func (s *Instances) addImage(i image) error {
	switch {
	case i.ID == nil || i.Name == nil || *i.Name == "":
		return errors.New("an image needs id and file_name")
	case !utf8.ValidString(*i.Name):
		return fmt.Errorf("the file_name of image %d is no UTF-8", *i.ID)
	case len(s.images) == maxImages:
		return fmt.Errorf("more than %d images", maxImages)
	}
	e, err := s.entry(*i.ID)
	if err != nil {
		return err
	}
	if e.name != "" {
		return fmt.Errorf("image id %d comes twice", *i.ID)
	}
	if other, taken := s.byName[*i.Name]; taken {
		return fmt.Errorf("images %d and %d have one file_name, %s", other, *i.ID, *i.Name)
	}
	e.name, s.byName[*i.Name] = *i.Name, *i.ID
	s.images = append(s.images, e)
	return nil
}

// entry returns the image of an id, listed or not.
func (s *Instances) entry(id int64) (*entry, error) {
	e := s.byID[id]
	if e == nil {
		if len(s.byID) == maxImages {
			return nil, fmt.Errorf("more than %d images", maxImages)
		}
		e = &entry{}
		s.byID[id] = e
	}
	return e, nil
}

func (s *Instances) addCategory(c category) error {
	switch {
	case c.ID == nil || c.Name == nil || *c.Name == "":
		return errors.New("a category needs id and name")
	case *c.ID != int64(int32(*c.ID)):
		return fmt.Errorf("category id %d is no 32-bit number", *c.ID)
	case !utf8.ValidString(*c.Name):
		return fmt.Errorf("the name of category %d is no UTF-8", *c.ID)
	case len(s.names) == maxCategories:
		return fmt.Errorf("more than %d categories", maxCategories)
	}
	if _, taken := s.names[*c.ID]; taken {
		return fmt.Errorf("category id %d comes twice", *c.ID)
	}
	s.names[*c.ID] = *c.Name
	return nil
}

func (s *Instances) addAnnotation(a annotation) error {
	if a.Image == nil || a.Category == nil {
		return errors.New("an annotation needs image_id and category_id")
	}
	id := int32(*a.Category)
	if *a.Category != int64(id) {
		return fmt.Errorf("category id %d is no 32-bit number", *a.Category)
	}
	e, err := s.entry(*a.Image)
	if err != nil {
		return err
	}
	s.Annotations++
	e.annotations++
	at, has := slices.BinarySearch(e.categories, id)
	if has {
		return nil
	}
	if s.tags++; s.tags > maxTags {
		return fmt.Errorf("more than %d tags", maxTags)
	}
	e.categories = slices.Insert(e.categories, at, id)
	return nil
}

// join checks that every category that was used is there, and sorts out what
// belongs to no image.
func (s *Instances) join() error {
	for _, e := range s.images {
		for _, id := range e.categories {
			if _, known := s.names[int64(id)]; !known {
				return fmt.Errorf("%w: image %s has an annotation of category %d, which is not among the categories", ErrInvalid, e.name, id)
			}
		}
	}
	for id, e := range s.byID {
		if e.name == "" {
			s.Strays[id] = e.annotations
		}
	}
	s.byID, s.byName = nil, nil
	return nil
}

// Categories returns the names of all categories, sorted, each once: several ids
// may have one name.
func (s *Instances) Categories() []string {
	return slices.Compact(slices.Sorted(maps.Values(s.names)))
}

// Len is how many images the file lists.
func (s *Instances) Len() int { return len(s.images) }

// Images yields every image's file name with the names of its categories, sorted,
// in the order of the file. The list is valid during the step only.
func (s *Instances) Images() iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		var tags []string
		for _, e := range s.images {
			tags = tags[:0]
			for _, id := range e.categories {
				tags = append(tags, s.names[int64(id)])
			}
			slices.Sort(tags)
			if !yield(e.name, slices.Compact(tags)) {
				return
			}
		}
	}
}
