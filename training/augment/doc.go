// Package augment varies training images: a mirror image, Cutout, then
// RandAugment. Images are RGB bytes [S,S,3], changed in place; everything that
// happens to one follows from the random numbers it is given.
//
// RandAugment (Cubuk et al., CVPR workshops 2020) applies operations drawn
// uniformly, with replacement, all at one magnitude of 0 to 30. A larger
// magnitude is a stronger change for every operation; of 30, m/30 = t gives
//
//	Identity, AutoContrast, Equalize, Invert   the same at every magnitude
//	Rotate                                     ±30·t degrees about the centre
//	ShearX, ShearY                             ±0.3·t, about the first pixel's corner
//	TranslateX, TranslateY                     ±S·150/331·t pixels, cut to whole ones
//	Color, Contrast, Brightness, Sharpness     factor 1 ± 0.9·t
//	Posterize                                  8 − round(4·t) bits kept
//	Solarize                                   inverts values from 256·(1−t) on
//	SolarizeAdd                                adds ⌊110·t⌋ to values below 128
//
// A sign is drawn where there is one. The ranges are those of AutoAugment
// (Cubuk et al., CVPR 2019, table 6), which the RandAugment paper takes over;
// their division into 30 steps that grow in strength is torchvision's. Invert
// and SolarizeAdd, absent there, are as in the authors' code
// (tensorflow/tpu, efficientnet/autoaugment.py), and so is the grey (128) of
// what moves into the picture.
//
// Each operation gives the bytes that Pillow 9.4 gives (ImageOps, ImageEnhance,
// Image.rotate and Image.transform with AFFINE, both to the nearest pixel).
package augment
