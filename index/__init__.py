"""From files to ranked passages.

The modules in the order in which the data passes through them: `files` finds and reads, `repair` mends damaged text and
keeps the way back to the file, `markup` turns the text into an article of blocks, `infobox` turns infoboxes into facts,
`sentences` and `chunk` cut passages, `embed` (in several processes: `fanout`), `vectors` and `lexical` index them, `publish` writes
generations to disk and `store` reads them; `stores` opens them from disk or from `milvus`. `build` runs the whole way, with
`ingest` and `embedding` as its steps; `earlier`, `reuse` and `checkpoint` spare it what was done before. `search` ranks passages
for a question. Nothing here knows of prompts, language models or HTTP.
"""
