"""One module a page: its address, what it reads, and its template."""
