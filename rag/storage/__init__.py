"""The SQLite database, which is the only truth, and the FAISS index, which is a cache of it."""
