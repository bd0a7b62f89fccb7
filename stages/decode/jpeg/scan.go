package jpeg

import "fmt"

// scan is one pass over the blocks of some components.
type scan struct {
	components [maxComponents]*component
	n          int
	start, end int // spectral selection: zigzag indices, end included
	high, low  int // successive approximation: previous and present bit position
}

// coder decodes the scan's share of one block.
type coder func(d *Decoder, c *component, bx, by int) error

// readScan reads a scan header and the entropy-coded data behind it.
func (d *Decoder) readScan(check func() error) error {
	body, err := d.segment()
	if err != nil {
		return err
	}
	if len(body) < 1 || len(body) != 4+2*int(body[0]) || body[0] < 1 || body[0] > maxComponents {
		return fmt.Errorf("%w: scan header of %d bytes", ErrCorrupt, len(body))
	}
	s := &d.scan
	s.n = int(body[0])
	if err := d.selectComponents(body[1 : 1+2*s.n]); err != nil {
		return err
	}
	tail := body[1+2*s.n:]
	s.start, s.end = int(tail[0]), int(tail[1])
	s.high, s.low = int(tail[2]>>4), int(tail[2]&15)
	code, err := d.chooseCoder()
	if err != nil {
		return err
	}
	d.bits.reset(d.data, d.pos)
	d.restartState()
	err = d.readBlocks(code, check)
	d.pos = d.bits.pos
	return err
}

// selectComponents reads two bytes per component: its id and its tables.
func (d *Decoder) selectComponents(specs []byte) error {
	sampling := 0
	for i := range d.scan.n {
		id, tables := specs[2*i], specs[2*i+1]
		c := d.frame.byID(id)
		if c == nil || tables>>4 > 3 || tables&15 > 3 {
			return fmt.Errorf("%w: scan of component %d", ErrCorrupt, id)
		}
		for _, earlier := range d.scan.components[:i] {
			if earlier == c {
				return fmt.Errorf("%w: component %d twice in a scan", ErrCorrupt, id)
			}
		}
		c.dcTab, c.acTab = &d.tables[0][tables>>4], &d.tables[1][tables&15]
		if !c.scanned {
			table := &d.quant[c.quantTable]
			if !table.defined {
				return fmt.Errorf("%w: quantisation table %d missing", ErrCorrupt, c.quantTable)
			}
			c.scanned, c.quant = true, table.steps
		}
		d.scan.components[i] = c
		sampling += c.h * c.v
	}
	if d.scan.n > 1 && sampling > 10 {
		return fmt.Errorf("%w: %d blocks per unit", ErrCorrupt, sampling)
	}
	return nil
}

func (f *frame) byID(id byte) *component {
	for i := range f.components {
		if f.components[i].id == id {
			return &f.components[i]
		}
	}
	return nil
}

// chooseCoder checks the scan's parameters and its tables.
func (d *Decoder) chooseCoder() (coder, error) {
	s := &d.scan
	if !d.frame.progressive {
		s.start, s.end, s.high, s.low = 0, 63, 0, 0
		if d.needTables(true, true) != nil {
			if err := d.defineStandard(); err != nil {
				return nil, err
			}
		}
		return (*Decoder).sequential, d.needTables(true, true)
	}
	switch {
	case s.start > s.end || s.end > 63 || s.low > 13 || s.high != 0 && s.high != s.low+1,
		s.start == 0 && s.end != 0,
		s.start > 0 && s.n > 1:
		return nil, fmt.Errorf("%w: progression %d-%d, %d-%d", ErrCorrupt, s.start, s.end, s.high, s.low)
	case s.start == 0 && s.high == 0:
		return (*Decoder).firstDC, d.needTables(true, false)
	case s.start == 0:
		return (*Decoder).refineDC, nil
	case s.high == 0:
		return (*Decoder).firstAC, d.needTables(false, true)
	}
	return (*Decoder).refineAC, d.needTables(false, true)
}

func (d *Decoder) needTables(dc, ac bool) error {
	for _, c := range d.scan.components[:d.scan.n] {
		if dc && !c.dcTab.defined || ac && !c.acTab.defined {
			return fmt.Errorf("%w: huffman table missing", ErrCorrupt)
		}
	}
	return nil
}

// readBlocks visits the blocks of a scan in the order of the stream.
func (d *Decoder) readBlocks(code coder, check func() error) error {
	s := &d.scan
	across, down, unit := d.frame.mcusX, d.frame.mcusY, d.interleaved
	if s.n == 1 {
		across, down, unit = s.components[0].blocksX, s.components[0].blocksY, d.alone
	}
	left := d.restartInterval
	for y := range down {
		if err := check(); err != nil {
			return err
		}
		for x := range across {
			if d.restartInterval > 0 && left == 0 {
				if err := d.restart(); err != nil {
					return err
				}
				left = d.restartInterval
			}
			left--
			if err := unit(code, x, y); err != nil {
				return err
			}
		}
		if d.bits.overrun() {
			return d.shortScan()
		}
	}
	return nil
}

// alone decodes a unit of a scan of one component: a single block.
func (d *Decoder) alone(code coder, x, y int) error {
	return code(d, d.scan.components[0], x, y)
}

// interleaved decodes a unit of a scan of several components.
func (d *Decoder) interleaved(code coder, x, y int) error {
	for _, c := range d.scan.components[:d.scan.n] {
		for i := range c.v {
			for j := range c.h {
				if err := code(d, c, x*c.h+j, y*c.v+i); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// shortScan tells why the bits ran out: the file or only the scan ended.
func (d *Decoder) shortScan() error {
	at := d.bits.pos
	if at+1 >= len(d.data) || d.data[at+1] == markerEOI {
		return ErrTruncated
	}
	return fmt.Errorf("%w: marker %#x inside a scan", ErrCorrupt, d.data[at+1])
}

// badCode is the error for bits that no code matches. Where the bits had run
// out, that is the reason.
func (d *Decoder) badCode() error {
	if d.bits.overrun() {
		return d.shortScan()
	}
	return fmt.Errorf("%w: invalid huffman code", ErrCorrupt)
}

// restart reads the restart marker that must come now.
func (d *Decoder) restart() error {
	if d.bits.overrun() {
		return d.shortScan()
	}
	d.pos = d.bits.pos
	marker, err := d.nextMarker()
	if err != nil {
		return err
	}
	if marker == markerEOI {
		return ErrTruncated
	}
	if marker < markerRST0 || marker > markerRST7 {
		return fmt.Errorf("%w: marker %#x where a restart was due", ErrCorrupt, marker)
	}
	d.bits.reset(d.data, d.pos)
	d.restartState()
	return nil
}

func (d *Decoder) restartState() {
	d.eobRun = 0
	for i := range d.frame.components {
		d.frame.components[i].dc = 0
	}
}
