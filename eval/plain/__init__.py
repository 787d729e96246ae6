"""The LangChain pipelines that tutorials build, to measure ours beside.

`pipeline` is retrieval: chunks, a vector store, the nearest chunk's first sentence. `chain` is a model: the passages in a prompt and
what the model says. They are two modules so that timing the first from a cold shell loads nothing of ours.
"""
