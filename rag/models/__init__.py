"""What runs weights or talks to servers: the reader, the verifier, language models, and what these are told."""
