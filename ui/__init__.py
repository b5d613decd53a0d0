"""The web page: `app` builds and serves it, `view` turns an answer into HTML."""
