package pickle

import (
	"errors"
	"fmt"
)

func (m *machine) textGlobal() error {
	g, err := m.globalLines()
	if err != nil {
		return err
	}
	return m.push(g)
}

func (m *machine) globalLines() (Global, error) {
	module, err := m.line(maxLineBytes)
	if err != nil {
		return Global{}, err
	}
	name, err := m.line(maxLineBytes)
	if err != nil {
		return Global{}, err
	}
	return Global{module, name}, m.charge(objectCost + len(module) + len(name))
}

func (m *machine) stackGlobal() error {
	name, err := m.pop()
	if err != nil {
		return err
	}
	module, err := m.pop()
	if err != nil {
		return err
	}
	moduleText, ok1 := module.(string)
	nameText, ok2 := name.(string)
	if !ok1 || !ok2 {
		return fmt.Errorf("a global named by %s and %s", Kind(module), Kind(name))
	}
	if len(moduleText) > maxLineBytes || len(nameText) > maxLineBytes {
		return fmt.Errorf("a global's name exceeds %d bytes", maxLineBytes)
	}
	return m.pushNew(Global{moduleText, nameText}, objectCost)
}

func extension(width int) func(*machine) error {
	return func(m *machine) error {
		code, err := m.uint(width)
		if err != nil {
			return err
		}
		return m.pushNew(&Opaque{fmt.Sprintf("extension %d", code)}, objectCost)
	}
}

// reduce stands for calling a function and for making an instance of a class:
// the globals that are read here need no distinction.
func (m *machine) reduce() error {
	args, err := m.pop()
	if err != nil {
		return err
	}
	callee, err := m.pop()
	if err != nil {
		return err
	}
	return m.pushCall(callee, args)
}

func (m *machine) newObjectEx() error {
	kwargs, err := m.pop()
	if err != nil {
		return err
	}
	if d, ok := kwargs.(*Dict); ok && d.Len() == 0 {
		return m.reduce()
	}
	if _, err := m.pop(); err != nil {
		return err
	}
	class, err := m.pop()
	if err != nil {
		return err
	}
	return m.pushNew(&Opaque{Kind(class)}, objectCost)
}

func (m *machine) instance() error {
	class, err := m.globalLines()
	if err != nil {
		return err
	}
	args, err := m.popMark()
	if err != nil {
		return err
	}
	return m.pushCallWith(class, args)
}

func (m *machine) object() error {
	items, err := m.popMark()
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return errUnderflow
	}
	return m.pushCallWith(items[0], items[1:])
}

// pushCallWith calls with arguments that still lie in the stack's memory.
func (m *machine) pushCallWith(callee Value, args []Value) error {
	if err := m.charge(objectCost + itemCost*len(args)); err != nil {
		return err
	}
	return m.pushCall(callee, append(Tuple(nil), args...))
}

func (m *machine) pushCall(callee, args Value) error {
	if err := m.charge(objectCost); err != nil {
		return err
	}
	v, err := m.call(callee, args)
	if err != nil {
		return err
	}
	return m.push(v)
}

func (m *machine) call(callee, args Value) (Value, error) {
	if o, ok := callee.(*Opaque); ok {
		return o, nil
	}
	g, ok := callee.(Global)
	if !ok {
		return nil, fmt.Errorf("a call of a %s", Kind(callee))
	}
	if o, ok := args.(*Opaque); ok {
		return o, nil
	}
	list, ok := args.(Tuple)
	if !ok {
		return nil, fmt.Errorf("a call of %s with a %s for arguments", g, Kind(args))
	}
	v, err := m.callGlobal(g, list)
	if err != nil {
		if o := firstOpaque(list); o != nil {
			return o, nil
		}
	}
	return v, err
}

func (m *machine) callGlobal(g Global, args Tuple) (Value, error) {
	if f, ok := builtins[g]; ok {
		return f(m, args)
	}
	if m.host.Call != nil {
		if err := m.charge(hostCallCost); err != nil {
			return nil, err
		}
		if v, known, err := m.host.Call(g, args); known {
			return v, err
		}
	}
	return &Opaque{g.String()}, nil
}

// maxArgs is more than any global that is read takes.
const maxArgs = 16

// firstOpaque returns the first opaque argument: a call that fails for want of
// it is opaque, too.
func firstOpaque(args Tuple) *Opaque {
	for _, a := range args[:min(len(args), maxArgs)] {
		if o, ok := a.(*Opaque); ok {
			return o
		}
	}
	return nil
}

// build gives the value on top its state. Attributes of containers are dropped.
func (m *machine) build() error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	switch t := target.(type) {
	case *Opaque, *List, *Dict, *Set:
		return nil
	case Builder:
		if err := m.charge(hostCallCost); err != nil {
			return err
		}
		return t.Build(state)
	}
	return fmt.Errorf("a %s takes no state", Kind(target))
}

func (m *machine) textPersistent() error {
	id, err := m.line(maxLineBytes)
	if err != nil {
		return err
	}
	return m.pushPersistent(id)
}

func (m *machine) persistent() error {
	id, err := m.pop()
	if err != nil {
		return err
	}
	return m.pushPersistent(id)
}

func (m *machine) pushPersistent(id Value) error {
	if err := m.charge(hostCallCost); err != nil {
		return err
	}
	if m.host.Persistent == nil {
		return m.push(&Opaque{"persistent id"})
	}
	v, err := m.host.Persistent(id)
	if err != nil {
		return err
	}
	return m.push(v)
}

func (m *machine) nextBuffer() error {
	return errors.New("the value lies in a buffer outside the pickle")
}

// readOnlyBuffer changes nothing: values here are never written to.
func (m *machine) readOnlyBuffer() error {
	_, err := m.top()
	return err
}
