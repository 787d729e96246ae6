"""From a question to an `Answer`: rewriting, retrieval, a model, and the proof of every sentence; and the three edges
(command line, chat endpoint, web page). `answer.Answerer` is the way through; `types` is what comes out."""
