"""A causal language model of `transformers` as the agents of the loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from harness import single_threaded
from harness_wireless_pvi import hub


class CausalWriter:
    """Continues prompts; models with a chat template get each prompt as a user's message.

    Parameters
    ----------
    model : folder, or id on the hub; remote code is never run.
    new_tokens : largest number of tokens that are written.
    temperature : 0 takes the likeliest token; above, tokens are drawn.
    threads : number of threads of torch.

    Raises as `hub.model`.
    """

    def __init__(
        self,
        model: str,
        *,
        revision: str = "main",
        new_tokens: int = 128,
        temperature: float = 0.0,
        device: str = "cpu",
        threads: int = 1,
        seed: int = 0,
    ) -> None:
        self.words = hub.tokenizer(model, revision)
        self.network = hub.model("AutoModelForCausalLM", model, revision)[0].to(device).eval()
        config = self.network.config
        self.room = int(getattr(config, "max_position_embeddings", 2**31)) - new_tokens
        self.new_tokens, self.device, self.threads = new_tokens, device, threads
        # Settings of sampling that come with a checkpoint would be read as warnings otherwise.
        self.how = (
            {"do_sample": True, "temperature": temperature}
            if temperature
            else {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        )
        self.rng = np.random.default_rng(seed)

    def __call__(self, prompts: Sequence[str]) -> list[str | None]:
        """What follows on each prompt; None where it has no room for ``new_tokens`` more."""
        with single_threaded(self.device, self.rng), torch.inference_mode():
            torch.set_num_threads(self.threads)
            return [self._continued(prompt) for prompt in prompts]

    def _continued(self, prompt: str) -> str | None:
        text, special = prompt, True
        if self.words.chat_template:
            message = [{"role": "user", "content": prompt}]
            text = self.words.apply_chat_template(
                message, tokenize=False, add_generation_prompt=True
            )
            special = False  # the template has them
        ids = self.words(text, add_special_tokens=special, verbose=False)["input_ids"]
        if special and len(ids) > 1 and ids[-1] == self.words.eos_token_id:
            ids = ids[:-1]
        if not 0 < len(ids) <= self.room:
            return None
        given = torch.tensor([ids], device=self.device)
        found = self.network.generate(
            given,
            attention_mask=torch.ones_like(given),
            max_new_tokens=self.new_tokens,
            pad_token_id=self.words.pad_token_id,
            **self.how,
        )
        written: str = self.words.decode(found[0, len(ids) :], skip_special_tokens=True)
        return written
