#!/usr/bin/env python3
"""Writes quant_blocks.txt: blocks of GGUF's types and the values that llama.cpp reads out of them.

usage: quant_blocks.py path/to/libggml-base.so > quant_blocks.txt

A line: a type's name, a block as hexadecimal bytes, its values as C99 hexadecimal floats. For each
type a block that ggml's own quantiser made of made-up weights, where it needs no importance matrix,
and two of any bits with a sane scale.
"""
import ctypes
import random
import re
import sys

# name, number, values, bytes, where scales are (offset, "half" or "power"), whether it quantises
TYPES = [
    ("Q2_K", 10, 256, 84, [80, 82], True),
    ("Q3_K", 11, 256, 110, [108], True),
    ("IQ4_NL", 20, 32, 18, [0], True),
    ("IQ4_XS", 23, 256, 136, [0], True),
    ("MXFP4", 39, 32, 17, [], True),
    ("IQ2_XXS", 16, 256, 66, [0], False),
    ("IQ2_XS", 17, 256, 74, [0], False),
    ("IQ3_XXS", 18, 256, 98, [0], True),
    ("IQ3_S", 21, 256, 110, [0], True),
    ("IQ2_S", 22, 256, 82, [0], True),
]


def main():
    ggml = ctypes.CDLL(sys.argv[1])
    ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
    ggml.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + \
        [ctypes.c_int64] * 3 + [ctypes.c_void_p]
    only = sys.argv[2:]
    random.seed(19)
    for name, number, count, size, halves, quantises in TYPES:
        dequantise = getattr(ggml, "dequantize_row_" + name.lower().replace("_k", "_K"))
        blocks = []
        values = (ctypes.c_float * count)()
        block = ctypes.create_string_buffer(size)
        for i in range(count):
            values[i] = random.gauss(0, 0.03)
        if quantises:
            ggml.ggml_quantize_chunk(number, values, block, 0, 1, count, None)
            blocks.append(block.raw)
        for _ in range(2):
            raw = bytearray(random.randbytes(size))
            for at in halves:
                raw[at + 1] = random.choice([0x14, 0x1d, 0x24, 0x90, 0x9f])
            if not halves:
                raw[0] = random.choice([0, 1, 2, 118, 121, 252])
            blocks.append(bytes(raw))
        for raw in blocks:
            dequantise(ctypes.create_string_buffer(raw, size), values, ctypes.c_int64(count))
            if not only or name in only:
                print(name, raw.hex(), " ".join(re.sub(r"\.?0*p", "p", float(v).hex()) for v in values))


main()
