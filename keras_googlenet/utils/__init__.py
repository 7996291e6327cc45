"""What is no subject of its own: files, downloads, optional packages, names, and the words of messages."""
