package model

import (
	"fmt"
	"time"

	"github.com/sdl-batch/sdl-batch/model/tresnet"
)

// Network returns the bundle's net with its head and input. A bundle of another
// kind of network, which cannot be trained, is ErrInvalid.
func (b *Bundle) Network() (tresnet.Architecture, tresnet.Input, error) {
	d := &b.Description
	if d.Architecture.Kind != KindTResNet {
		return tresnet.Architecture{}, tresnet.Input{}, fmt.Errorf("%w for training: bundle %s holds an encoder that another program made (%s), which labels and is evaluated but cannot be trained; training begins from a TResNet", ErrInvalid, b.Location(), d.Architecture)
	}
	if len(d.Architecture.Layers) != 4 {
		return tresnet.Architecture{}, tresnet.Input{}, fmt.Errorf("%w for training: bundle %s has %d stages, want 4", ErrInvalid, b.Location(), len(d.Architecture.Layers))
	}
	return tresnetOf(d.Architecture).With(d.Rows, d.Dim, d.Input.Size), d.graphInput(), nil
}

// Retrained makes a bundle, in memory, of the same network with other
// parameters: input, scoring and label space stay, a missing label space becomes
// that of the vocabulary.
func (b *Bundle) Retrained(params tresnet.Params, lineage Lineage, v *Vocabulary, program string) (*Bundle, error) {
	arch, _, err := b.Network()
	if err != nil {
		return nil, err
	}
	d := b.Description
	d.Lineage, d.Program, d.CreatedAt = lineage, program, time.Time{}
	if d.LabelSpace == nil {
		if err := d.adopt(v); err != nil {
			return nil, err
		}
	}
	return d.assemble(arch, params)
}
