"""A tiny random Llama as a GGUF file, by the standard library alone. Usage: model.py OUT"""
import random
import struct
import sys

EMBEDDING, LAYERS, FEED_FORWARD, HEADS, CONTEXT = 64, 2, 128, 8, 4096
UINT32, FLOAT32, STRING, ARRAY, INT32 = 4, 6, 8, 9, 5
SYLLABLES = "ka lo mi ne ru ta vo shi po da é 日本 ze qui an or el ist um ga".split()
WORDS = ["▁" + a + b + c for a in SYLLABLES for b in SYLLABLES for c in ("", "s", "n", "ra", "to")]
TOKENS = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + WORDS
UNKNOWN, CONTROL, BYTE, NORMAL = 2, 3, 6, 1
TYPES = [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL] * len(WORDS)
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def string(text):
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def value(kind, given):
    return string(given) if kind == STRING else struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f"}[kind], given)


def entry(key, kind, given):
    return string(key) + struct.pack("<I", kind) + value(kind, given)


def listing(key, kind, given):
    return string(key) + struct.pack("<IIQ", ARRAY, kind, len(given)) + b"".join(value(kind, one) for one in given)


METADATA = [
    entry("general.architecture", STRING, "llama"),
    entry("general.name", STRING, "tiny-random-llama"),
    entry("llama.context_length", UINT32, CONTEXT),
    entry("llama.embedding_length", UINT32, EMBEDDING),
    entry("llama.block_count", UINT32, LAYERS),
    entry("llama.feed_forward_length", UINT32, FEED_FORWARD),
    entry("llama.attention.head_count", UINT32, HEADS),
    entry("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
    entry("llama.rope.dimension_count", UINT32, EMBEDDING // HEADS),
    entry("llama.vocab_size", UINT32, len(TOKENS)),
    entry("tokenizer.ggml.model", STRING, "llama"),
    listing("tokenizer.ggml.tokens", STRING, TOKENS),
    listing("tokenizer.ggml.scores", FLOAT32, [0.0] * 259 + [-float(rank) for rank in range(len(WORDS))]),
    listing("tokenizer.ggml.token_type", INT32, TYPES),
    entry("tokenizer.ggml.bos_token_id", UINT32, 1),
    entry("tokenizer.ggml.eos_token_id", UINT32, 2),
    entry("tokenizer.ggml.unknown_token_id", UINT32, 0),
    entry("tokenizer.chat_template", STRING, TEMPLATE),
]

rng = random.Random(7)


def noise(count, spread):
    return [rng.gauss(0, spread) for _ in range(count)]


def tensors():
    """Name, shape (the innermost first) and values. Nothing of the output speaks for a special token: no answer ends early."""
    vocabulary = len(TOKENS)
    yield "token_embd.weight", (EMBEDDING, vocabulary), noise(EMBEDDING * vocabulary, 1)
    yield "output.weight", (EMBEDDING, vocabulary), [0.0] * (EMBEDDING * 259) + noise(EMBEDDING * len(WORDS), 0.6)
    yield "output_norm.weight", (EMBEDDING,), [1.0] * EMBEDDING
    for layer in range(LAYERS):
        for norm in ("attn_norm", "ffn_norm"):
            yield f"blk.{layer}.{norm}.weight", (EMBEDDING,), [1.0] * EMBEDDING
        for matrix in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{matrix}.weight", (EMBEDDING, EMBEDDING), noise(EMBEDDING * EMBEDDING, 0.05)
        for matrix in ("ffn_gate", "ffn_up"):
            yield f"blk.{layer}.{matrix}.weight", (EMBEDDING, FEED_FORWARD), noise(EMBEDDING * FEED_FORWARD, 0.05)
        yield f"blk.{layer}.ffn_down.weight", (FEED_FORWARD, EMBEDDING), noise(FEED_FORWARD * EMBEDDING, 0.05)


def padded(raw):
    return raw + bytes(-len(raw) % 32)


described, data, count = b"", b"", 0
for name, shape, values in tensors():
    # Vectors have to be 32 bits wide; of the matrices half of that is enough.
    kind, letter = (0, "f") if len(shape) == 1 else (1, "e")
    described += string(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
    described += struct.pack("<IQ", kind, len(data))
    data += padded(struct.pack(f"<{len(values)}{letter}", *values))
    count += 1

header = struct.pack("<4sIQQ", b"GGUF", 3, count, len(METADATA)) + b"".join(METADATA) + described
with open(sys.argv[1], "wb") as out:
    out.write(padded(header) + data)
