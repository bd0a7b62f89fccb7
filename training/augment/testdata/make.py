"""Writes cases.json and cases.bin: what Pillow makes of each operation. Run in this folder with Pillow 9.4.

cases.json: images (name, size) and cases (image, operation, parameter; sha256 of the result where its bytes are not kept).
cases.bin: the images, then the kept results in the order of the cases, raw RGB. The image "large" is drawn by large().
"""
import hashlib, json
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

GREY = (128, 128, 128)


def affine(im, *matrix):
    return im.transform(im.size, Image.AFFINE, matrix, Image.NEAREST, fillcolor=GREY)


def solarize_add(im, add):
    """tensorflow/tpu, efficientnet/autoaugment.py: added = clip(image + addition, 0, 255); where(image < 128, added, image)"""
    a = np.asarray(im).astype(np.int64)
    return Image.fromarray(np.where(a < 128, np.clip(a + int(add), 0, 255), a).astype(np.uint8))


OPERATIONS = {
    'Identity': (lambda im, _: im, [0]),
    'AutoContrast': (lambda im, _: ImageOps.autocontrast(im), [0]),
    'Equalize': (lambda im, _: ImageOps.equalize(im), [0]),
    'Invert': (lambda im, _: ImageOps.invert(im), [0]),
    'Rotate': (lambda im, v: im.rotate(v, Image.NEAREST, fillcolor=GREY), [0, 9, -9, 30, -30, 1, 12.75, -45]),
    'Posterize': (lambda im, v: ImageOps.posterize(im, int(v)), [8, 7, 4, 1]),
    'Solarize': (lambda im, v: ImageOps.solarize(im, v), [0, 256, 179.2, 128]),
    'SolarizeAdd': (solarize_add, [0, 33, 110]),
    'Color': (lambda im, v: ImageEnhance.Color(im).enhance(v), [0.1, 0.73, 1, 1.27, 1.9]),
    'Contrast': (lambda im, v: ImageEnhance.Contrast(im).enhance(v), [0.1, 0.73, 1, 1.27, 1.9]),
    'Brightness': (lambda im, v: ImageEnhance.Brightness(im).enhance(v), [0, 0.1, 0.73, 1.27, 1.9]),
    'Sharpness': (lambda im, v: ImageEnhance.Sharpness(im).enhance(v), [0, 0.1, 0.73, 1.27, 1.9]),
    'ShearX': (lambda im, v: affine(im, 1, v, 0, 0, 1, 0), [0.09, -0.09, 0.3, -0.3]),
    'ShearY': (lambda im, v: affine(im, 1, 0, 0, v, 1, 0), [0.09, -0.09, 0.3, -0.3]),
    'TranslateX': (lambda im, v: affine(im, 1, 0, v, 0, 1, 0), [0, 4, -4, 14, -400]),
    'TranslateY': (lambda im, v: affine(im, 1, 0, 0, 0, 1, v), [0, 4, -4, 14, -400]),
}


def large(size=224):
    """value[y, x, c] = (7x² + 13y + 91c xor xy) mod 256, computed without a random generator so that others can"""
    y, x, c = np.mgrid[:size, :size, :3]
    return ((7 * x * x + 13 * y + 91 * c) ^ (x * y)) % 256


def images():
    rng = np.random.RandomState(5)
    y, x, c = np.mgrid[:33, :33, :3]
    yield 'soft', np.clip(40 + 3 * x + 2 * y + 15 * c + rng.randint(-12, 13, (33, 33, 3)), 0, 255)
    yield 'noise', rng.randint(0, 256, (32, 32, 3))
    yield 'dim', rng.randint(90, 97, (20, 20, 3))
    yield 'few', np.array([0, 255, 17])[rng.choice(3, (21, 21, 3), p=[.7, .2, .1])]
    yield 'flat', np.broadcast_to(np.array([200, 30, 127]), (9, 9, 3))
    yield 'black', np.zeros((5, 5, 3))
    yield 'white', np.full((4, 4, 3), 255)
    for size in 1, 2, 3:
        yield f'tiny{size}', rng.randint(0, 256, (size, size, 3))
    yield 'large', large()


described, cases, kept, results = [], [], [], []
for name, pixels in images():
    pixels = np.ascontiguousarray(pixels.astype(np.uint8))
    described.append({'name': name, 'size': len(pixels)})
    im = Image.fromarray(pixels)
    if name != 'large':
        kept.append(pixels.tobytes())
    for operation, (run, parameters) in OPERATIONS.items():
        for parameter in parameters:
            out = run(im, parameter).tobytes()
            case = {'image': name, 'operation': operation, 'parameter': parameter}
            if name == 'soft' or len(pixels) <= 9:
                results.append(out)
            else:
                case['sha256'] = hashlib.sha256(out).hexdigest()
            cases.append(case)
with open('cases.json', 'w') as f:
    rows = ',\n'.join(json.dumps(c) for c in cases)
    f.write('{"images": %s,\n"cases": [\n%s\n]}\n' % (json.dumps(described), rows))
with open('cases.bin', 'wb') as f:
    f.write(b''.join(kept + results))
