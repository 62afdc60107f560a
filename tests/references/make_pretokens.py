"""Writes vocab_lines.json and pretokens.jsonl: what pre-tokenizers make of hard texts.

    python3 make_pretokens.py      (in this folder; needs the package `tokenizers`)

The vocabulary is trained on the texts themselves without any pre-tokenizer, so that its tokens reach
over the borders of words: an id says where each border was. The ids are those of Hugging Face's
tokenizers with the expressions that the models publish.
"""

import json

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
REST = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
BEFORE = r"[^\r\n\p{L}\p{N}]?"
OTHERS = r"| ?[^\s\p{L}\p{N}]+"


def llama(digits):
    return CONTRACTIONS + "|" + BEFORE + r"\p{L}+|\p{N}" + digits + OTHERS + r"[\r\n]*" + REST


def cased(digits, contractions=""):
    return (BEFORE + UPPER + "*" + LOWER + "+" + contractions + "|" + BEFORE + UPPER + "+" + LOWER + "*"
            + contractions + r"|\p{N}" + digits + OTHERS + r"[\r\n/]*" + REST)


QWEN35 = (CONTRACTIONS + "|" + BEFORE + r"[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + REST)

# name: expression (None: single digits, then GPT-2's), ignore_merges, NFC
KINDS = {
    "smollm": (None, False, False),
    "refact": (None, False, False),
    "qwen2": (llama(""), False, True),
    "qwen35": (QWEN35, False, True),
    "llama-bpe": (llama("{1,3}"), True, False),
    "smaug-bpe": (llama("{1,3}"), False, False),
    "dbrx": (llama("{1,3}"), False, False),
    "tekken": (cased(""), True, False),
    "gpt-4o": (cased("{1,3}", CONTRACTIONS + "?"), False, False),
}

MORE = [
    "HTTPServer parseXMLFile iPhone McDonald camelCaseWord SCREAMING_CASE aB Ab AB ab",
    "it's IT'S It'Ss we'LL THEY'RE o'clock 'quoted' x'd'd '  's",
    "\u00c9TUDE \u00c9tude \u00e9t\u00c9 \u00d1andu \u0130stanbul \u0131\u015f\u0131k \u1e9e\u00df \u01c5ungla \u01c4\u01c5\u01c6",
    "\u041c\u043e\u0441\u043a\u0432\u0430 \u041c\u041e\u0421\u041a\u0412\u0410 \u043c\u043e\u0421\u043a\u0412\u0430 \u03a9\u03c9\u03a9 \u0391\u03b8\u03ae\u03bd\u03b1",
    "\u4e2dAA \u4e2dAa\u6587B a\u4e2dB\u6587c ABC\u4e2d\u6587DEF \u65e5\u672c\u8a9e\u3067\u3059",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0915\u0940 \u0915\u093e\u0930 \u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u05e9\u05b8\u05dc\u05d5\u05b9\u05dd \u0627\u0644\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u0629",
    "\u0301 \u0301\u0301 a\u0301 \u0301a .\u0301. A\u0301B \u0301 B\u0301\u0302c 1\u0301 2\u20e3 \u0301\n\u0301",
    "cafe\u0301 \u1112\u1161\u11ab\u1100\u1173\u11af \u304b\u3099 \u212bngstr\u00f6m",
    "https://example.org/a/b//c?d=/e /usr/bin/ ///\n//\r\n/ \n/x",
    "1234567 12 3.14159 \u0661\u0662\u0663\u0664 \u00bd\u00b2\u2167 x1y22z333 1,000,000",
    "a \n \n  b\n\n\n c\t\td \u00a0e\u3000f \u2003\u2003g\r\r\nh  \n",
    "\u02b0\u02b1x A\u02b0B \u02b0A \u16eea _\u02b0 \u0300A\u0300a$A$a #Tag @Name -Word --Word  Word",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea ok\U0001f44d\U0001f3fd! \u2764\ufe0f\ufe0fx \U00010400\U00010428",
    "if(x!=NULL){return(y+=1);}//END\n\t#define FOO_BAR 0x1F\n",
    "'S 'tA 'Re'VE X'M Y'll Z'D'd \u2019s don\u2019t",
]


def texts():
    rows = (json.loads(line) for line in open("tokens.jsonl"))
    return [row["text"] for row in rows if row["model"] == "llama-bpe" and len(row["text"]) < 300] + MORE


def make(kind, vocab, merges):
    expression, whole, nfc = KINDS[kind]
    tokenizer = Tokenizer(models.BPE(vocab, merges, ignore_merges=whole))
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    if expression is None:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True),
             pre_tokenizers.ByteLevel(add_prefix_space=False)])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(expression), "isolated"),
             pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    return tokenizer


def main():
    lines = texts()
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trained.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=256 + 900, min_frequency=2, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    # Pieces of lines too, so that pairs are many and tokens stay short.
    parts = lines + [line[i:i + 7] for line in lines for i in range(0, len(line), 2)]
    trained.train_from_iterator(parts, trainer)
    model = json.loads(trained.to_str())["model"]
    vocab, merges = model["vocab"], [tuple(m) for m in model["merges"]]
    with open("vocab_lines.json", "w") as file:
        file.write('{"model": "gpt2", "pre": "default",\n "tokens": [\n')
        by_id = sorted(vocab.items(), key=lambda item: item[1])
        file.write(",\n".join(json.dumps([i, piece, 1]) for piece, i in by_id))
        file.write('],\n "merges": [\n')
        file.write(",\n".join(json.dumps(" ".join(merge)) for merge in merges))
        file.write("]}\n")
    with open("pretokens.jsonl", "w") as file:
        for kind in KINDS:
            tokenizer = make(kind, vocab, merges)
            for line in lines:
                ids = tokenizer.encode(line, add_special_tokens=False).ids
                file.write(json.dumps({"pre": kind, "text": line, "ids": ids}) + "\n")


main()
