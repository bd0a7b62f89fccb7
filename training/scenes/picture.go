package scenes

import (
	"errors"
	"image"
	"image/png"
	"os"
)

// WritePicture writes a PNG file; nothing stays of one that cannot be written whole.
func WritePicture(path string, picture image.Image) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(png.Encode(file, picture), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
