"""vocab_gemma-3.json and the gemma-3 rows of tokens.jsonl: python make_gemma_vocab.py GGUF TOKENIZE

GGUF: a Gemma 3 model. TOKENIZE: a program that is given texts on its input, each ended by a byte 0,
and writes a line of ids for each, as llama_tokenize of llama.cpp has them: without BOS, and without
special tokens in the text. The texts are those of the llama-spm rows and some of Gemma's own, but
for those with </s>: a tag of HTML here, which llama.cpp takes for an end of text.
"""

import json
import pathlib
import subprocess
import sys

from gguf import GGUFReader

HERE = pathlib.Path(__file__).parent
OWN = [
    "   leading",
    "trailing   ",
    " " * 50,
    "\n" * 45,
    "\t" * 40,
    "<start_of_turn>user\nHi<end_of_turn>\n",
    "<b>bold</b> <table> [multimodal]",
    "def f(x):\n    return x**2\n\n\n    # done\n",
    "\u2581x\u2581",
    "  \n  \t  mixed   ",
    "x\u00a0y\u3000z",
]

reader = GGUFReader(sys.argv[1])
field = lambda key: reader.fields["tokenizer.ggml." + key].contents()
pieces, types, scores = field("tokens"), field("token_type"), field("scores")

rows = [json.loads(line) for line in open(HERE / "tokens.jsonl", encoding="utf-8")]
rows = [row for row in rows if row["model"] != "gemma-3"]
texts = [row["text"] for row in rows if row["model"] == "llama-spm" and not row["parse_special"]]
texts = [text for text in texts if "\0" not in text and "</s>" not in text] + OWN
texts = texts[-60:]
out = subprocess.run([sys.argv[2], sys.argv[1], "tok"], check=True, capture_output=True,
                     input=b"".join(text.encode() + b"\0" for text in texts))
ids = [[int(i) for i in line.split()] for line in out.stdout.decode().splitlines()]
assert len(ids) == len(texts)
with open(HERE / "tokens.jsonl", "w", encoding="utf-8") as file:
    for row in rows:
        file.write(json.dumps(row, ensure_ascii=True) + "\n")
    for text, line in zip(texts, ids):
        row = {"model": "gemma-3", "parse_special": False, "text": text, "ids": line}
        file.write(json.dumps(row, ensure_ascii=True) + "\n")

marked = "\0".join(text.replace(" ", "\u2581") for text in texts) + "\0" + "\0".join(texts)
kept = [i for i, piece in enumerate(pieces)
        if types[i] == 6 or piece in marked or piece in ("<bos>", "<eos>", "<unk>", "<pad>")]
vocab = {"model": "llama", "pre": "default", "add_space_prefix": False,
         "tokens": [[i, pieces[i], types[i], scores[i]] for i in kept]}
with open(HERE / "vocab_gemma-3.json", "w", encoding="utf-8") as file:
    json.dump(vocab, file, ensure_ascii=False)
print(len(kept), "tokens,", len(texts), "texts")
