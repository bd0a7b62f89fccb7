package pickle

import (
	"errors"
	"fmt"
	"slices"
)

func (m *machine) emptyList() error { return m.pushNew(&List{}, objectCost) }

func (m *machine) emptyDict() error { return m.pushNew(&Dict{}, objectCost) }

func (m *machine) emptySet() error { return m.pushNew(&Set{}, 2*objectCost) }

func (m *machine) list() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.pushNew(&List{Items: slices.Clone(items)}, objectCost+itemCost*len(items))
}

func (m *machine) tuple() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.pushTuple(items)
}

func tuple(n int) func(*machine) error {
	return func(m *machine) error {
		if len(m.stack)-n < m.floor() {
			return errUnderflow
		}
		items := m.stack[len(m.stack)-n:]
		m.stack = m.stack[:len(m.stack)-n]
		return m.pushTuple(items)
	}
}

func (m *machine) pushTuple(items []Value) error {
	return m.pushNew(Tuple(slices.Clone(items)), objectCost+itemCost*len(items))
}

func (m *machine) dict() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	if err := m.charge(objectCost); err != nil {
		return err
	}
	d := &Dict{}
	if err := m.fill(d, items); err != nil {
		return err
	}
	return m.push(d)
}

func (m *machine) setItem() error {
	value, err := m.pop()
	if err != nil {
		return err
	}
	key, err := m.pop()
	if err != nil {
		return err
	}
	return m.fillTop([]Value{key, value})
}

func (m *machine) setItems() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.fillTop(items)
}

func (m *machine) fillTop(items []Value) error {
	target, err := m.top()
	if err != nil {
		return err
	}
	switch t := target.(type) {
	case *Opaque:
		return nil
	case *Dict:
		return m.fill(t, items)
	}
	return fmt.Errorf("a %s takes no entries", Kind(target))
}

// fill adds alternating keys and values.
func (m *machine) fill(d *Dict, items []Value) error {
	if len(items)%2 != 0 {
		return errors.New("a key has no value")
	}
	for i := 0; i < len(items); i += 2 {
		if err := m.insert(d, items[i], items[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) insert(d *Dict, key, value Value) error {
	if err := m.charge(keyCost(key)); err != nil {
		return err
	}
	if err := d.set(key, value); err != nil {
		return err
	}
	return m.checkItems(d.Len())
}

func (m *machine) appendOne() error {
	v, err := m.pop()
	if err != nil {
		return err
	}
	return m.extendTop([]Value{v})
}

func (m *machine) appendMarked() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	return m.extendTop(items)
}

func (m *machine) extendTop(items []Value) error {
	target, err := m.top()
	if err != nil {
		return err
	}
	switch t := target.(type) {
	case *Opaque:
		return nil
	case *List:
		return m.extend(t, items)
	}
	return fmt.Errorf("a %s takes no items", Kind(target))
}

func (m *machine) extend(l *List, items []Value) error {
	if err := m.charge(itemCost * len(items)); err != nil {
		return err
	}
	l.Items = append(l.Items, items...)
	return m.checkItems(len(l.Items))
}

func (m *machine) addItems() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	switch t := target.(type) {
	case *Opaque:
		return nil
	case *Set:
		return m.add(t, items)
	}
	return fmt.Errorf("a %s takes no members", Kind(target))
}

func (m *machine) frozenSet() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	s, err := m.newSet(items)
	if err != nil {
		return err
	}
	return m.push(s)
}

func (m *machine) newSet(items []Value) (*Set, error) {
	if err := m.charge(2 * objectCost); err != nil {
		return nil, err
	}
	s := &Set{}
	return s, m.add(s, items)
}

func (m *machine) add(s *Set, items []Value) error {
	for _, v := range items {
		if err := m.insert(&s.entries, v, nil); err != nil {
			return err
		}
	}
	return nil
}
