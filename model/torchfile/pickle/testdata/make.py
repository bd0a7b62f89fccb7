"""Writes values_pN.pickle: one value of many kinds in every protocol. CPython 3.11."""
import collections
import os
import pickle

VALUE = {
    "none": None,
    "bools": [True, False],
    "ints": [0, 255, 256, 65535, 65536, -1, 2**31 - 1, -2**31, 2**31, 2**63 - 1, -2**63],
    "long": [2**63, -2**63 - 1, 10**40, -(10**700)],
    "floats": [0.5, -1e300, float("inf"), 5e-324],
    "text": ["", "plain", "caf\u00e9", "\u2603 \U0001f600", "line\nquote'\"\\u0041", "x" * 300],
    "bytes": [b"", b"\x00\xff\n", b"y" * 300],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "dict": {1: "one", (1, "a"): "pair", None: "none", 2.5: "float", b"k": "bytes"},
    "set": {7},
    "frozenset": frozenset([8]),
    "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
    "default": collections.defaultdict(list, {"k": [1]}),
    "bytearray": bytearray(b"raw"),
}
folder = os.path.dirname(os.path.abspath(__file__))
for protocol in range(6):
    with open(os.path.join(folder, f"values_p{protocol}.pickle"), "wb") as f:
        pickle.dump(VALUE, f, protocol)
