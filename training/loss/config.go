package loss

import "fmt"

// Config says which terms count.
type Config struct {
	Regulariser float64 // w, from 0 to below 1
	// Plain leaves the regulariser out, and with it the factor 2·(1−w).
	Plain bool
	// Uniform takes 1 for every image's diversity.
	Uniform bool
}

// Validate reports a weight outside its range.
func (c Config) Validate() error {
	if !(c.Regulariser >= 0 && c.Regulariser < 1) {
		return fmt.Errorf("loss: regulariser weight %g: want 0 to below 1", c.Regulariser)
	}
	return nil
}

// ranking is the factor of div·rank.
func (c Config) ranking() float64 {
	if c.Plain {
		return 1
	}
	return 2 * (1 - c.Regulariser)
}

// regulariser is the factor of reg.
func (c Config) regulariser() float64 {
	if c.Plain {
		return 0
	}
	return 2 * c.Regulariser
}
