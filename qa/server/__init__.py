"""The chat endpoint: an `Answer` over HTTP, in the project's own API and in OpenAI's, and the web page.

In the order of a request: `serve` starts the workers, `observe` gives it an id and writes it down, `guard` lets it in,
`native` and `openai_api` understand it (`schemas`), `reload` gives it the open generation of the index (`library` its
articles), `work` runs the answerer in a thread within the limits, `errors` says what went wrong; `app` joins them.
Nothing here knows how an answer is found.
"""
