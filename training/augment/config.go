package augment

import (
	"errors"
	"fmt"
)

// MaxMagnitude is the strongest magnitude of RandAugment.
const MaxMagnitude = 30

// Config says what is done to an image. The zero value leaves images alone.
type Config struct {
	Flip      bool    // mirror left and right, every other image
	Cutout    float64 // side of the filled square in parts of the image's, 0..1; 0: none
	Ops       int     // RandAugment operations an image; 0: none
	Magnitude int     // of all operations, 0..MaxMagnitude
}

// Reference returns the settings of the method's own training: Cutout of half
// the side, then RandAugment with two operations of magnitude 9.
func Reference() Config { return Config{Cutout: 0.5, Ops: 2, Magnitude: 9} }

// Validate reports everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	if !(c.Cutout >= 0 && c.Cutout <= 1) {
		errs = append(errs, fmt.Errorf("cutout of %v of the side: want 0 to 1", c.Cutout))
	}
	if c.Ops < 0 || c.Ops > 16 {
		errs = append(errs, fmt.Errorf("%d operations an image: want 0 to 16", c.Ops))
	}
	if c.Magnitude < 0 || c.Magnitude > MaxMagnitude {
		errs = append(errs, fmt.Errorf("magnitude %d: want 0 to %d", c.Magnitude, MaxMagnitude))
	}
	return errors.Join(errs...)
}
