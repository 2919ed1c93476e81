# METADATA
# scope: package
# title: Access list per document
# description: |
#   Candidates that the caller may not see are dropped before they are scored. Who may see what stands in the policy's own
#   data, by document id: what a document says about itself is the caller's word. Documents without an entry are dropped unless
#   `unlisted` is `keep`.
# schemas:
#   - input: schema.input
package rankguard.library.document_acl

drop contains {"index": document.index, "reason": "NOT_AUTHORISED"} if {
	some document in input.request.documents
	not visible(document)
}

visible(document) if {
	some group in data.access[document.id]
	group in input.identity.groups
}

visible(document) if {
	data.unlisted == "keep"
	not listed(document)
}

listed(document) if data.access[document.id]
