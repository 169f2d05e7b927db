"""Questions made from passages by a language model, and what is rejected of what it writes."""
