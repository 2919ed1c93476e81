"""Calls by a Python client, unmodified; see child.ts for what is read and written."""

import json
import sys


def cohere_v1(ask):
    import cohere

    client = cohere.Client(api_key=ask["token"], base_url=ask["url"])
    found = client.rerank(
        model="m",
        query=ask["query"],
        documents=ask["documents"],
        top_n=ask.get("topN"),
        return_documents=ask.get("echo", False),
    )
    return [
        {"index": r.index, "score": r.relevance_score, **({"document": r.document.text} if r.document else {})}
        for r in found.results
    ]


def cohere_v2(ask):
    import cohere

    client = cohere.ClientV2(api_key=ask["token"], base_url=ask["url"])
    found = client.rerank(model="m", query=ask["query"], documents=ask["documents"], top_n=ask.get("topN"))
    return [{"index": r.index, "score": r.relevance_score} for r in found.results]


def langchain_cohere(ask):
    from langchain_cohere import CohereRerank
    from langchain_core.documents import Document

    top_n = ask.get("topN") or len(ask["documents"])
    reranker = CohereRerank(model="m", cohere_api_key=ask["token"], base_url=ask["url"], top_n=top_n)
    documents = [Document(page_content=text, metadata={"place": at}) for at, text in enumerate(ask["documents"])]
    found = reranker.compress_documents(documents, ask["query"])
    return [{"index": d.metadata["place"], "score": d.metadata["relevance_score"]} for d in found]


def llama_index(postprocessor, ask):
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

    nodes = [NodeWithScore(node=TextNode(text=text, id_=str(at))) for at, text in enumerate(ask["documents"])]
    found = postprocessor.postprocess_nodes(nodes, QueryBundle(ask["query"]))
    return [{"index": int(n.node.node_id), "score": n.score} for n in found]


def llama_index_cohere(ask):
    from llama_index.postprocessor.cohere_rerank import CohereRerank

    top_n = ask.get("topN") or len(ask["documents"])
    return llama_index(CohereRerank(api_key=ask["token"], base_url=ask["url"], model="m", top_n=top_n), ask)


def llama_index_tei(ask):
    from llama_index.postprocessor.tei_rerank import TextEmbeddingInference

    top_n = ask.get("topN") or len(ask["documents"])
    token = f"Bearer {ask['token']}"
    return llama_index(TextEmbeddingInference(base_url=ask["url"], auth_token=token, top_n=top_n), ask)


def rerankers(provider, path):
    def call(ask):
        from rerankers.models.api_rankers import APIRanker

        url = ask["url"] + path
        ranker = APIRanker("m", api_key=ask["token"], api_provider=provider, verbose=0, url=url)
        found = ranker.rank(query=ask["query"], docs=ask["documents"])
        return [{"index": r.document.doc_id, "score": r.score} for r in found.results][: ask.get("topN")]

    return call


def voyageai(ask):
    import voyageai as voyage

    client = voyage.Client(api_key=ask["token"], base_url=ask["url"] + "/v1")
    found = client.rerank(ask["query"], ask["documents"], model="m", top_k=ask.get("topN"))
    for result in found.results:
        assert result.document == ask["documents"][result.index]
    return [{"index": r.index, "score": r.relevance_score} for r in found.results]


CLIENTS = {
    "cohere-v1": cohere_v1,
    "cohere-v2": cohere_v2,
    "langchain-cohere": langchain_cohere,
    "llama-index-cohere": llama_index_cohere,
    "llama-index-tei": llama_index_tei,
    "rerankers-cohere": rerankers("cohere", "/v1/rerank"),
    "rerankers-jina": rerankers("jina", "/v1/rerank"),
    "rerankers-mixedbread": rerankers("mixedbread.ai", "/v1/reranking"),
    "rerankers-tei": rerankers("text-embeddings-inference", "/rerank"),
    "voyageai": voyageai,
}

call = CLIENTS[sys.argv[1]]
for line in sys.stdin:
    try:
        outcome = {"answers": call(json.loads(line))}
    except Exception as error:
        outcome = {"error": f"{type(error).__name__}: {error}"}
    print("\n" + json.dumps(outcome), flush=True)
