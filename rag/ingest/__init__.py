"""From a file to an article with its metadata, sentences and passages; copies and versions of one story."""
